"""A server on loopback that answers by a script: what each call is told is in a list, what was asked is kept."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from conduix.errors import ConduixError, TokenExpired, Unauthenticated
from conduix.rpc.channel import Listener, ServerTls
from conduix.rpc.interceptors import Call, Context, Principal
from conduix.rpc.serving import RpcServer, Service
from conduix.v1 import auth_service_pb2 as auth_pb
from conduix.v1 import auth_service_pb2_grpc, pipeline_service_pb2_grpc
from conduix.v1 import pipeline_service_pb2 as pb

PUBLIC = frozenset({"Login", "Refresh"})


@dataclass(frozen=True)
class Somebody:
    name: str


@dataclass
class Script:
    """Answers in the order of the calls; an exception is raised, a callable is called with the request."""

    good_tokens: set[str] = field(default_factory=lambda: {"good"})
    expired_tokens: set[str] = field(default_factory=set)
    answers: dict[str, deque[Any]] = field(default_factory=dict)
    asked: list[Any] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    def on(self, method: str, *answers: Any) -> None:
        self.answers[method] = deque(answers)

    def take(self, method: str, request: Any) -> Any:
        self.asked.append(request)
        answer = self.answers[method].popleft()
        if isinstance(answer, ConduixError):
            raise answer
        return answer(request) if isinstance(answer, Callable) else answer  # type: ignore[arg-type]

    async def authorise(self, call: Call) -> Principal | None:
        token = call.metadata.get("authorization", "").removeprefix("Bearer ")
        self.tokens.append(token)
        if call.method.rpartition("/")[2] in PUBLIC:
            return None
        if token in self.expired_tokens:
            raise TokenExpired("that token was good once")
        if token not in self.good_tokens:
            raise Unauthenticated("who are you?", remedy="sign in")
        return Somebody("user:ada")


class Auth(auth_service_pb2_grpc.AuthServiceServicer):
    def __init__(self, script: Script) -> None:
        self._script = script

    async def GetMe(self, request: auth_pb.GetMeRequest, context: Context) -> auth_pb.GetMeResponse:
        return auth_pb.GetMeResponse(username="ada")

    async def Refresh(self, request: auth_pb.RefreshRequest, context: Context) -> auth_pb.RefreshResponse:
        answer: auth_pb.RefreshResponse = self._script.take("Refresh", request)
        return answer


class Pipelines(pipeline_service_pb2_grpc.PipelineServiceServicer):
    def __init__(self, script: Script) -> None:
        self._script = script

    async def GetPipeline(self, request: pb.GetPipelineRequest, context: Context) -> pb.GetPipelineResponse:
        answer: pb.GetPipelineResponse = self._script.take("GetPipeline", request)
        return answer

    async def ListPipelines(self, request: pb.ListPipelinesRequest, context: Context) -> pb.ListPipelinesResponse:
        copy = pb.ListPipelinesRequest()
        copy.CopyFrom(request)
        answer: pb.ListPipelinesResponse = self._script.take("ListPipelines", copy)
        return answer

    async def StopPipeline(self, request: pb.StopPipelineRequest, context: Context) -> pb.StopPipelineResponse:
        answer: pb.StopPipelineResponse = self._script.take("StopPipeline", request)
        return answer

    async def WatchPipelines(
        self, request: pb.WatchPipelinesRequest, context: Context
    ) -> AsyncIterator[pb.WatchPipelinesResponse]:
        for message in self._script.take("WatchPipelines", request):
            if isinstance(message, ConduixError):
                raise message
            yield message


@asynccontextmanager
async def served(script: Script, tls: ServerTls | None = None) -> AsyncIterator[str]:
    """The server's address."""
    auth = Auth(script)  # type: ignore[abstract]  # the rest is not called here
    pipelines = Pipelines(script)  # type: ignore[abstract]  # likewise
    services = [
        Service(
            "conduix.v1.AuthService",
            lambda server: auth_service_pb2_grpc.add_AuthServiceServicer_to_server(auth, server),
        ),
        Service(
            "conduix.v1.PipelineService",
            lambda server: pipeline_service_pb2_grpc.add_PipelineServiceServicer_to_server(pipelines, server),
        ),
    ]
    server = RpcServer(services, [Listener("127.0.0.1:0", tls)], authorise=script.authorise)
    await server.start()
    try:
        yield f"127.0.0.1:{server.ports[0]}"
    finally:
        await server.stop(0)
