"""A server of the mesh over real gRPC, with a database in memory and every rule of sessions: for tests of the agent.

It can do what the real one does only in a day, or only by accident: identities of a second, a drain, a refusal.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NoReturn

import grpc

from conduix.errors import (
    ConduixError,
    JoinTokenUsed,
    NotFound,
    Resource,
    TokenExpired,
    TokenInvalid,
    TokenRevoked,
    Unauthenticated,
)
from conduix.mesh import effects as fx
from conduix.mesh.admission import AgentRow
from conduix.mesh.dispatch import Outstanding
from conduix.mesh.server_session import ServerSession, Terms
from conduix.rpc.channel import Listener
from conduix.rpc.interceptors import Call, Context, Principal, current_call
from conduix.rpc.serving import RpcServer, Service
from conduix.v1 import mesh_service_pb2 as pb
from conduix.v1 import mesh_service_pb2_grpc as rpc
from tests.unit.mesh.world import Database

GOOD = "a good join token"


@dataclass(frozen=True)
class Caller:
    agent_id: str

    @property
    def name(self) -> str:
        return f"agent:{self.agent_id}"


@dataclass
class Fleet:
    """What the servers of a test share."""

    db: Database = field(default_factory=lambda: Database(AgentRow("")))
    join_tokens: dict[str, int | ConduixError] = field(default_factory=lambda: {GOOD: 100})
    """Uses that are left, or what is said of it."""
    enrolled: dict[str, str] = field(default_factory=dict)
    """Request id and token → agent."""
    identities: dict[str, tuple[str, float]] = field(default_factory=dict)
    """Agent token → agent, Unix seconds of its end."""
    life: float = 3600.0
    revoked: set[str] = field(default_factory=set)
    revisions: dict[tuple[str, int], pb.FetchRevisionResponse] = field(default_factory=dict)
    fetched: int = 0
    checkpoints: list[pb.SaveCheckpointRequest] = field(default_factory=list)
    save_fails: ConduixError | None = None
    telemetry: list[pb.StreamTelemetryRequest] = field(default_factory=list)
    hellos: list[pb.Hello] = field(default_factory=list)
    heartbeats: list[pb.Heartbeat] = field(default_factory=list)
    acks: list[pb.DesiredAck] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    renewed: int = 0

    def identity(self, agent_id: str) -> pb.Identity:
        token = f"{agent_id} {uuid.uuid4()}"
        ends = time.time() + self.life
        self.identities[token] = (agent_id, ends)
        identity = pb.Identity(agent_id=agent_id, token=token)
        identity.expires_at.FromNanoseconds(int(ends * 1e9))
        return identity

    def enrol(self, request: pb.EnrollRequest) -> pb.Identity:
        uses = self.join_tokens.get(request.join_token, TokenInvalid("this join token is not known here"))
        if isinstance(uses, ConduixError):
            raise uses
        key = request.request_id + request.join_token
        if key not in self.enrolled:
            if uses == 0:
                raise JoinTokenUsed("this join token has enrolled as many agents as it may")
            self.join_tokens[request.join_token] = uses - 1
            self.enrolled[key] = str(uuid.uuid4())
            self.db.row = AgentRow(self.enrolled[key])
        return self.identity(self.enrolled[key])

    async def authorise(self, call: Call) -> Principal | None:
        if call.method.endswith("/Enroll"):
            return None
        agent_id, ends = self.identities.get(call.metadata.get("authorization", "").removeprefix("Bearer "), ("", 0.0))
        if not agent_id:
            raise Unauthenticated("nobody is signed in")
        if time.time() > ends:
            raise TokenExpired("that token has ended")
        if agent_id in self.revoked:
            raise TokenRevoked("this agent was removed")
        return Caller(agent_id)

    @property
    def events(self) -> list[str]:
        """Of the agent, as they are stored."""
        return [report.event.message for report in self.db.reports if report.HasField("event")]

    def want(self, *assignments: pb.Assignment) -> int:
        """Another desired state; its version."""
        version = self.db.desired.version + 1
        self.db.desired = pb.DesiredStateUpdate(version=version, assignments=assignments)
        return version

    def command(self, command: pb.Command, within: float = 60.0) -> str:
        """Into the outbox; its id."""
        command.command_id = str(uuid.uuid4())
        command.deadline.FromNanoseconds(int((time.time() + within) * 1e9))
        self.db.outbox[command.command_id] = Outstanding(command)
        return command.command_id


class MeshServer:
    """One server, `address` once it is started; it can be ended and started again on the same port."""

    def __init__(self, fleet: Fleet, name: str = "s1") -> None:
        self.fleet = fleet
        self.terms = Terms(name, heartbeat_interval=1.0)
        self.port = 0
        self.sessions: list[Session] = []
        self._server: RpcServer | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        def add(server: grpc.aio.Server) -> None:
            rpc.add_MeshServiceServicer_to_server(Servicer(self), server)

        services = [Service("conduix.v1.MeshService", add)]
        listener = Listener(f"127.0.0.1:{self.port}")
        self._server = RpcServer(services, [listener], authorise=self.fleet.authorise)
        self.port = self._server.ports[0]
        await self._server.start()

    async def kill(self) -> None:
        """Gone, without a word to anybody."""
        if self._server is not None:
            server, self._server = self._server, None
            self.sessions.clear()
            await server.stop(grace=0)

    def drain(self, delay: float, *alternatives: str) -> None:
        for session in list(self.sessions):
            session.serve(session.protocol.drain(delay, alternatives))


class Session:
    """One connection: the server's end of the session, and what waits to be written."""

    def __init__(self, server: MeshServer, agent_id: str) -> None:
        self.server, self.fleet = server, server.fleet
        self.protocol = ServerSession(server.terms, agent_id, str(uuid.uuid4()), now())
        self.out: asyncio.Queue[pb.ServerMessage | None] = asyncio.Queue()

    async def read(self, messages: AsyncIterator[pb.AgentMessage]) -> None:
        async for message in messages:
            if message.HasField("hello"):
                self.fleet.hellos.append(message.hello)
            self.serve(self.protocol.receive(message, now()))
        self.out.put_nowait(None)

    async def tick(self) -> None:
        while True:
            db = self.fleet.db
            self.serve(self.protocol.desired(db.desired, now()))
            for command_id, outstanding in list(db.outbox.items()):
                if not db.answers.get(command_id) and not outstanding.received:
                    self.serve(self.protocol.submit(outstanding.command, now()))
            self.serve(self.protocol.tick(now()))
            await asyncio.sleep(0.05)

    def serve(self, todo: Iterable[fx.ServerEffect]) -> None:
        db, protocol = self.fleet.db, self.protocol
        for effect in todo:
            if isinstance(effect, fx.ToAgent):
                self.out.put_nowait(effect.message)
            elif isinstance(effect, fx.Find):
                self.serve(protocol.found(db.find(), now()))
            elif isinstance(effect, fx.Claim):
                self.serve(protocol.claimed(db.claim(effect), now()))
            elif isinstance(effect, fx.Probe):
                self.serve(protocol.probed(False, now()))
            elif isinstance(effect, fx.Alert):
                db.alerts[effect.code] += 1
            elif isinstance(effect, fx.Close):
                self.out.put_nowait(None)
            elif isinstance(effect, fx.Answered):
                continue
            elif db.write(effect):
                self._note(effect)
            else:
                self.serve(protocol.superseded())
                return

    def _note(self, effect: fx.ServerEffect) -> None:
        if isinstance(effect, fx.Alive):
            self.fleet.heartbeats.append(effect.heartbeat)
        elif isinstance(effect, fx.StoreDesiredAck):
            self.fleet.acks.append(effect.ack)
        elif isinstance(effect, fx.Left):
            self.fleet.left.append(effect.reason)


class Servicer(rpc.MeshServiceServicer):
    def __init__(self, server: MeshServer) -> None:
        self._server, self._fleet = server, server.fleet

    async def Enroll(self, request: pb.EnrollRequest, context: Context) -> pb.EnrollResponse:
        return pb.EnrollResponse(identity=self._fleet.enrol(request))

    async def RenewIdentity(self, request: pb.RenewIdentityRequest, context: Context) -> pb.RenewIdentityResponse:
        self._fleet.renewed += 1
        return pb.RenewIdentityResponse(identity=self._fleet.identity(caller()))

    async def Connect(  # type: ignore[override, unused-ignore]  # generated for synchronous servers
        self, request_iterator: AsyncIterator[pb.AgentMessage], context: Context
    ) -> AsyncIterator[pb.ServerMessage]:
        session = Session(self._server, caller())
        self._server.sessions.append(session)
        tasks = [asyncio.create_task(session.read(request_iterator)), asyncio.create_task(session.tick())]
        try:
            while (message := await session.out.get()) is not None:
                yield message
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            with suppress(ValueError):  # the server was killed
                self._server.sessions.remove(session)

    async def StreamTelemetry(  # type: ignore[override, unused-ignore]  # generated for synchronous servers
        self, request_iterator: AsyncIterator[pb.StreamTelemetryRequest], context: Context
    ) -> pb.StreamTelemetryResponse:
        async for item in request_iterator:
            self._fleet.telemetry.append(item)
        return pb.StreamTelemetryResponse()

    async def SaveCheckpoint(self, request: pb.SaveCheckpointRequest, context: Context) -> pb.SaveCheckpointResponse:
        if self._fleet.save_fails is not None:
            raise self._fleet.save_fails
        self._fleet.checkpoints.append(request)
        return pb.SaveCheckpointResponse()

    async def LoadCheckpoint(self, request: pb.LoadCheckpointRequest, context: Context) -> NoReturn:
        raise NotImplementedError

    async def FetchRevision(self, request: pb.FetchRevisionRequest, context: Context) -> pb.FetchRevisionResponse:
        found = self._fleet.revisions.get((request.pipeline_id, request.number))
        if found is None:
            raise NotFound(Resource.REVISION, str(request.number))
        self._fleet.fetched += 1
        return found


def caller() -> str:
    principal = current_call().principal
    assert isinstance(principal, Caller)
    return principal.agent_id


def now() -> fx.Now:
    return fx.Now(time.monotonic(), time.time())
