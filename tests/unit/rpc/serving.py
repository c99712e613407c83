"""A real server on loopback with a small servicer, and what calls it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import grpc

from conduix.rpc.channel import Listener, open_channel
from conduix.rpc.interceptors import Authorise, Call, Context, Principal
from conduix.rpc.serving import RpcServer, Service
from conduix.v1 import (
    mesh_service_pb2,
    mesh_service_pb2_grpc,
    pipeline_service_pb2,
    pipeline_service_pb2_grpc,
    system_service_pb2,
    system_service_pb2_grpc,
)
from conduix.v1.common_pb2 import CHANGE_KIND_SYNCED

SERVICES = ("SystemService", "PipelineService", "MeshService")


@dataclass(frozen=True)
class Somebody:
    name: str


async def anybody(_call: Call) -> Principal | None:
    return None


@dataclass
class Served:
    """The servicer's scripts: what a call does before it answers."""

    server: RpcServer
    channel: grpc.aio.Channel
    system: system_service_pb2_grpc.SystemServiceAsyncStub
    pipelines: pipeline_service_pb2_grpc.PipelineServiceAsyncStub
    mesh: mesh_service_pb2_grpc.MeshServiceAsyncStub
    script: Script

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server.ports[0]}"


async def nothing() -> None:
    return None


@dataclass
class Script:
    before: Callable[[], Awaitable[None]] = nothing
    version: str = "1"
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)


class System(system_service_pb2_grpc.SystemServiceServicer):
    def __init__(self, script: Script) -> None:
        self._script = script

    async def GetInfo(
        self, request: system_service_pb2.GetInfoRequest, context: Context
    ) -> system_service_pb2.GetInfoResponse:
        self._script.entered.set()
        await self._script.before()
        return system_service_pb2.GetInfoResponse(version=self._script.version)

    async def GetClusterStatus(
        self, request: system_service_pb2.GetClusterStatusRequest, context: Context
    ) -> system_service_pb2.GetClusterStatusResponse:
        return system_service_pb2.GetClusterStatusResponse()

    async def GetStageCatalog(
        self, request: system_service_pb2.GetStageCatalogRequest, context: Context
    ) -> system_service_pb2.GetStageCatalogResponse:
        return system_service_pb2.GetStageCatalogResponse()


class Pipelines(pipeline_service_pb2_grpc.PipelineServiceServicer):
    def __init__(self, script: Script) -> None:
        self._script = script

    async def ListPipelines(
        self, request: pipeline_service_pb2.ListPipelinesRequest, context: Context
    ) -> pipeline_service_pb2.ListPipelinesResponse:
        return pipeline_service_pb2.ListPipelinesResponse()

    async def UpdatePipeline(
        self, request: pipeline_service_pb2.UpdatePipelineRequest, context: Context
    ) -> pipeline_service_pb2.UpdatePipelineResponse:
        return pipeline_service_pb2.UpdatePipelineResponse()

    async def WatchPipelines(
        self, request: pipeline_service_pb2.WatchPipelinesRequest, context: Context
    ) -> AsyncIterator[pipeline_service_pb2.WatchPipelinesResponse]:
        """One message, then what the script says; then it waits to be ended."""
        self._script.entered.set()
        try:
            yield pipeline_service_pb2.WatchPipelinesResponse(kind=CHANGE_KIND_SYNCED)
            await self._script.before()
            await asyncio.Event().wait()
        finally:
            self._script.left.set()


class Mesh(mesh_service_pb2_grpc.MeshServiceServicer):
    async def Connect(
        self, requests: AsyncIterator[mesh_service_pb2.AgentMessage], context: Context
    ) -> AsyncIterator[mesh_service_pb2.ServerMessage]:
        async for message in requests:
            yield mesh_service_pb2.ServerMessage(in_reply_to=message.id)

    async def StreamTelemetry(
        self, requests: AsyncIterator[mesh_service_pb2.StreamTelemetryRequest], context: Context
    ) -> mesh_service_pb2.StreamTelemetryResponse:
        async for _ in requests:
            pass
        return mesh_service_pb2.StreamTelemetryResponse()


def services(script: Script) -> list[Service]:
    def system(server: grpc.aio.Server) -> None:
        system_service_pb2_grpc.add_SystemServiceServicer_to_server(System(script), server)  # type: ignore[abstract]

    def pipelines(server: grpc.aio.Server) -> None:
        pipeline_service_pb2_grpc.add_PipelineServiceServicer_to_server(Pipelines(script), server)  # type: ignore[abstract]

    def mesh(server: grpc.aio.Server) -> None:
        mesh_service_pb2_grpc.add_MeshServiceServicer_to_server(Mesh(), server)  # type: ignore[abstract]

    added = dict(zip(SERVICES, (system, pipelines, mesh), strict=True))
    return [Service(f"conduix.v1.{name}", add) for name, add in added.items()]


@asynccontextmanager
async def serving(authorise: Authorise = anybody) -> AsyncIterator[Served]:
    script = Script()
    server = RpcServer(services(script), [Listener("127.0.0.1:0")], authorise=authorise)
    await server.start()
    try:
        async with open_channel(f"127.0.0.1:{server.ports[0]}", tls=None) as channel:
            yield Served(
                server,
                channel,
                system_service_pb2_grpc.SystemServiceStub(channel),
                pipeline_service_pb2_grpc.PipelineServiceStub(channel),
                mesh_service_pb2_grpc.MeshServiceStub(channel),
                script,
            )
    finally:
        await server.stop(grace=0)


async def send_bytes(channel: grpc.aio.Channel, method: str, request: bytes) -> bytes:
    """A call past all that stubs and clients check."""
    call = channel.unary_unary(method, request_serializer=bytes, response_deserializer=bytes)
    return await call(request)
