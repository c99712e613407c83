"""The server's end of the mesh, whole, on loopback: store, feed, streams, services; without sign-in of people."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import uuid_utils
from prometheus_client import CollectorRegistry

from conduix.mesh.server_session import Terms
from conduix.rpc.channel import ClientTls, Listener, ServerTls, open_channel
from conduix.rpc.interceptors import Authorise, Call, Principal
from conduix.rpc.serving import RpcServer
from conduix.v1 import agent_service_pb2 as pb_agents
from conduix.v1 import mesh_service_pb2 as pb
from conduix.v1.agent_service_pb2_grpc import AgentServiceStub
from conduix.v1.mesh_service_pb2_grpc import MeshServiceStub
from conduix_server.control.authority import Authority
from conduix_server.control.callers import Callers
from conduix_server.control.enrolment import Enrolment
from conduix_server.control.feed import Feed
from conduix_server.control.tokens import Tokens
from conduix_server.mesh.hub import Hub
from conduix_server.mesh.mesh import Mesh
from conduix_server.mesh.metrics import MeshMetrics
from conduix_server.policy import Role, UserPrincipal
from conduix_server.services.agents import AgentServicer
from conduix_server.services.mesh import MeshServicer
from conduix_server.store import servers
from conduix_server.store.store import Store, new_id
from conduix_server.store.tables import Server
from tests.integration.mesh.agent import Agent, Disk

if TYPE_CHECKING:  # only the stubs of these modules know the asynchronous ones
    from conduix.v1.agent_service_pb2_grpc import AgentServiceAsyncStub
    from conduix.v1.mesh_service_pb2_grpc import MeshServiceAsyncStub

ADMIN = UserPrincipal("0" * 36, "ann", Role.ADMIN)


def clock() -> datetime:
    return datetime.now(UTC)


@dataclass
class Certificates:
    """Of a server with TLS; `authority` is who signs agents."""

    server: ServerTls
    trust: Path
    authority: Authority


@dataclass
class Served:
    """One server. `channel` leads to the users' listener."""

    store: Store
    feed: Feed
    mesh: Mesh
    hub: Hub
    metrics: CollectorRegistry
    rpc: RpcServer
    channel: grpc.aio.Channel
    server_id: str
    certificates: Certificates | None = None
    channels: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def agents(self) -> AgentServiceAsyncStub:
        return AgentServiceStub(self.channel)

    @property
    def service(self) -> MeshServiceAsyncStub:
        return MeshServiceStub(self.channel)

    def count(self, name: str, **labels: str) -> float:
        return self.metrics.get_sample_value(f"conduix_server_mesh_{name}", labels) or 0.0

    async def join_token(self, *, uses: int = 1000, **labels: str) -> str:
        request = pb_agents.CreateJoinTokenRequest(name="rack", max_uses=uses, labels=labels)
        return (await self.agents.CreateJoinToken(request)).token

    async def enrolled(self, name: str = "a1", token: str = "", csr: bytes = b"") -> pb.Identity:
        request = pb.EnrollRequest(
            join_token=token or await self.join_token(), name=name, request_id=str(uuid_utils.uuid7()), csr=csr
        )
        return (await self.service.Enroll(request)).identity

    async def agent(self, name: str = "a1") -> Agent:
        return Agent(Disk(await self.enrolled(name)), self.channel)

    async def shown(self, id_or_name: str) -> pb_agents.Agent:
        return (await self.agents.GetAgent(pb_agents.GetAgentRequest(id=id_or_name))).agent


@asynccontextmanager
async def serving(
    store: Store, *, certificates: Certificates | None = None, admitted: float = 300.0
) -> AsyncIterator[Served]:
    """Until it is left; the store stays."""
    registry, server_id, hub = CollectorRegistry(), new_id(), Hub()
    tokens = Tokens("s" * 40, clock)
    callers = Callers(store, tokens, token_mode=certificates is None, clock=clock)
    async with AsyncExitStack() as stack:
        feed = await stack.enter_async_context(Feed(store))
        metrics = MeshMetrics(registry)
        mesh = Mesh(store, feed, Terms(server_id), metrics, admitted=admitted)
        stack.push_async_callback(_cancelled, asyncio.create_task(mesh.run()))
        enrolment = Enrolment(store, tokens, certificates.authority if certificates else None)
        agents = MeshServicer(store, mesh, hub, enrolment, mesh_port=lambda: rpc.ports[1] if certificates else 0)
        services = [agents.service(), AgentServicer(store, feed).service()]
        rpc = RpcServer(services, _listeners(certificates), authorise=_authorise(callers))
        stack.push_async_callback(_cancelled, asyncio.create_task(callers.follow(feed, rpc.streams)))
        await rpc.start()
        stack.push_async_callback(rpc.stop, 0)
        await store.run(lambda tx: servers.register(tx, _row(server_id, rpc.ports[0])))
        tls = ClientTls(certificates.trust) if certificates else None
        channel = await stack.enter_async_context(open_channel(f"localhost:{rpc.ports[0]}", tls=tls))
        yield Served(store, feed, mesh, hub, registry, rpc, channel, server_id, certificates)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled(), task.exception()


def _authorise(callers: Callers) -> Authorise:
    async def authorise(call: Call) -> Principal | None:
        return ADMIN if "AgentService" in call.method else await callers.authorise(call)

    return authorise


def _listeners(certificates: Certificates | None) -> list[Listener]:
    if certificates is None:
        return [Listener("localhost:0")]
    mutual = ServerTls(
        certificates.server.certificate, certificates.server.key, certificates.authority.certificate_file
    )
    return [Listener("localhost:0", certificates.server), Listener("localhost:0", mutual)]


def _row(server_id: str, port: int) -> Server:
    at = clock()
    return Server(id=server_id, address=f"localhost:{port}", release="1", started_at=at, seen_at=at)
