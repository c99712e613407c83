"""A user of a server, for tests: all services of the contract behind one token, and waiting for what was asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import grpc
from google.protobuf.duration_pb2 import Duration

from conduix.rpc.channel import CLIENT_OPTIONS
from conduix.v1 import agent_service_pb2 as pb_agent
from conduix.v1 import auth_service_pb2 as pb_auth
from conduix.v1 import operation_service_pb2 as pb_operation
from conduix.v1 import pipeline_service_pb2 as pb_pipeline
from conduix.v1.agent_service_pb2_grpc import AgentServiceStub
from conduix.v1.auth_service_pb2_grpc import AuthServiceStub
from conduix.v1.operation_service_pb2_grpc import OperationServiceStub
from conduix.v1.pipeline_service_pb2_grpc import PipelineServiceStub
from conduix.v1.run_service_pb2_grpc import RunServiceStub
from conduix.v1.system_service_pb2_grpc import SystemServiceStub
from conduix.v1.user_service_pb2_grpc import UserServiceStub
from tests.eventually import TIMEOUT, eventually
from tests.programs import ADMIN, PASSWORD

if TYPE_CHECKING:  # only the types of the generated code know them
    from conduix.v1.agent_service_pb2_grpc import AgentServiceAsyncStub
    from conduix.v1.auth_service_pb2_grpc import AuthServiceAsyncStub
    from conduix.v1.operation_service_pb2_grpc import OperationServiceAsyncStub
    from conduix.v1.pipeline_service_pb2_grpc import PipelineServiceAsyncStub
    from conduix.v1.run_service_pb2_grpc import RunServiceAsyncStub
    from conduix.v1.system_service_pb2_grpc import SystemServiceAsyncStub
    from conduix.v1.user_service_pb2_grpc import UserServiceAsyncStub

T = TypeVar("T")

UNDER_WAY = {pb_operation.OPERATION_STATE_QUEUED, pb_operation.OPERATION_STATE_RUNNING}


class _Unary(grpc.aio.UnaryUnaryClientInterceptor):
    """Names the caller in calls with one answer."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def intercept_unary_unary(
        self, continuation: Callable[..., Awaitable[Any]], client_call_details: grpc.aio.ClientCallDetails, request: Any
    ) -> Any:
        return await continuation(_named(client_call_details, self._token), request)


class _Streamed(grpc.aio.UnaryStreamClientInterceptor):
    """The same for calls with many: gRPC files an interceptor under one kind of call only."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def intercept_unary_stream(
        self, continuation: Callable[..., Awaitable[Any]], client_call_details: grpc.aio.ClientCallDetails, request: Any
    ) -> Any:
        return await continuation(_named(client_call_details, self._token), request)


def _named(details: grpc.aio.ClientCallDetails, token: str) -> grpc.aio.ClientCallDetails:
    metadata = grpc.aio.Metadata(*(details.metadata or ()), ("authorization", f"Bearer {token}"))
    return grpc.aio.ClientCallDetails(
        details.method, details.timeout, metadata, details.credentials, details.wait_for_ready
    )


class Client:
    """All services. `token`: empty is nobody; `authority`: PEM of who signed the server, None: no TLS."""

    def __init__(self, address: str, token: str = "", *, authority: Path | None = None) -> None:
        self.token = token
        named = [_Unary(token), _Streamed(token)] if token else None
        if authority is not None:
            credentials = grpc.ssl_channel_credentials(authority.read_bytes())
            self.channel = grpc.aio.secure_channel(address, credentials, options=CLIENT_OPTIONS, interceptors=named)
        else:
            self.channel = grpc.aio.insecure_channel(address, options=CLIENT_OPTIONS, interceptors=named)
        self.auth: AuthServiceAsyncStub = AuthServiceStub(self.channel)
        self.agents: AgentServiceAsyncStub = AgentServiceStub(self.channel)
        self.operations: OperationServiceAsyncStub = OperationServiceStub(self.channel)
        self.pipelines: PipelineServiceAsyncStub = PipelineServiceStub(self.channel)
        self.runs: RunServiceAsyncStub = RunServiceStub(self.channel)
        self.system: SystemServiceAsyncStub = SystemServiceStub(self.channel)
        self.users: UserServiceAsyncStub = UserServiceStub(self.channel)

    async def join_token(self, *, uses: int = 1, labels: Mapping[str, str] | None = None) -> str:
        """One for `uses` agents, valid for an hour."""
        lifetime = Duration()
        lifetime.FromTimedelta(timedelta(hours=1))
        request = pb_agent.CreateJoinTokenRequest(name="test", lifetime=lifetime, max_uses=uses, labels=labels)
        return (await self.agents.CreateJoinToken(request)).token

    async def apply(self, *documents: str) -> Sequence[pb_pipeline.Applied]:
        """Create or update pipelines."""
        asked = [pb_pipeline.ApplyDocument(document=document) for document in documents]
        return (await self.pipelines.ApplyPipelines(pb_pipeline.ApplyPipelinesRequest(documents=asked))).applied

    async def status(self, name: str) -> pb_pipeline.GetPipelineStatusResponse:
        """What agents say of a pipeline."""
        return await self.pipelines.GetPipelineStatus(pb_pipeline.GetPipelineStatusRequest(pipeline=ref(name)))

    async def start(self, name: str, *, fresh: bool = False) -> pb_operation.Operation:
        """Start, and wait for the end of the operation."""
        request = pb_pipeline.StartPipelineRequest(pipeline=ref(name), fresh=fresh)
        return await self.done((await self.pipelines.StartPipeline(request)).operation)

    async def stop(self, name: str) -> pb_operation.Operation:
        """Stop, and wait for the end of the operation."""
        request = pb_pipeline.StopPipelineRequest(pipeline=ref(name))
        return await self.done((await self.pipelines.StopPipeline(request)).operation)

    async def done(self, operation: pb_operation.Operation, timeout: float = TIMEOUT) -> pb_operation.Operation:  # noqa: ASYNC109 - handed to `eventually`
        """An operation at its end, however that was."""

        async def ended() -> pb_operation.Operation | None:
            request = pb_operation.GetOperationRequest(id=operation.id)
            answer = await _unless_away(lambda: self.operations.GetOperation(request))
            return None if answer.operation.state in UNDER_WAY else answer.operation

        found = await eventually(ended, timeout)
        assert found is not None
        return found

    async def reaches(self, name: str, *states: pb_pipeline.PipelineState, timeout: float = TIMEOUT) -> None:  # noqa: ASYNC109 - handed to `eventually`
        """Wait until a pipeline is in one of these states."""
        names = [pb_pipeline.PipelineState.Name(state) for state in states]

        async def check() -> bool:
            found = (await _unless_away(lambda: self.status(name))).pipeline
            seen = pb_pipeline.PipelineState.Name(found.state)
            assert found.state in states, f"{name} is {seen} ({found.detail}), not {names}"
            return True

        await eventually(check, timeout)


def ref(name: str) -> pb_pipeline.PipelineRef:
    """A pipeline by its name."""
    return pb_pipeline.PipelineRef(name=name)


async def answered(call: Callable[[], Awaitable[T]], timeout: float = TIMEOUT) -> T:  # noqa: ASYNC109 - handed to `eventually`
    """A call that is made again while no server is there to answer. A change needs a request id: it may come twice."""
    return await eventually(lambda: _unless_away(call), timeout)


async def _unless_away(call: Callable[[], Awaitable[T]]) -> T:
    try:
        return await call()
    except grpc.aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.UNAVAILABLE:
            raise AssertionError(f"no server: {error.details()}") from error
        raise


@asynccontextmanager
async def signed_in(address: str, token: str = "", *, authority: Path | None = None) -> AsyncIterator[Client]:
    """The admin of a `tests.programs.Server`: with a token that outlives every test, or with the one given."""
    client = Client(address, token or await _api_token(address, authority), authority=authority)
    async with client.channel:
        yield client


async def _api_token(address: str, authority: Path | None) -> str:
    anybody = Client(address, authority=authority)
    async with anybody.channel:
        login = await anybody.auth.Login(pb_auth.LoginRequest(username=ADMIN, password=PASSWORD))
    session = Client(address, login.credentials.access_token, authority=authority)
    async with session.channel:
        return (await session.auth.CreateApiToken(pb_auth.CreateApiTokenRequest(name="test"))).token
