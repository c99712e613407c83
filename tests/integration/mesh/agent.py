"""An agent's end of the session for tests: the real session, a disk in memory, one stream at a time."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

import grpc
import uuid_utils

from conduix.mesh import effects as fx
from conduix.mesh.agent_session import AgentSession, Identity, Phase
from conduix.mesh.commands import Commands, JournalEntry
from conduix.mesh.desired import Desired
from conduix.mesh.reports import Reports
from conduix.mesh.spool import Spool
from conduix.v1 import mesh_service_pb2 as pb
from conduix.v1 import pipeline_service_pb2 as pb_pipeline
from conduix.v1.mesh_service_pb2_grpc import MeshServiceStub
from tests.unit.mesh.memory import MemoryStorage

Call = grpc.aio.StreamStreamCall[pb.AgentMessage, pb.ServerMessage]
TICK = 0.1
_NAMES = itertools.count()


@dataclass
class Disk:
    """A state directory."""

    identity: pb.Identity
    incarnation: str = ""
    session_seen: int = 0
    desired: pb.DesiredStateUpdate = field(default_factory=pb.DesiredStateUpdate)
    journal: dict[str, tuple[float, pb.CommandResult | None]] = field(default_factory=dict)
    spool: MemoryStorage = field(default_factory=MemoryStorage)


class Agent:
    """One process of an agent. `applied` and `executed` are what it was told; commands succeed at once."""

    def __init__(self, disk: Disk, channel: grpc.aio.Channel, *, answers: bool = True) -> None:
        self.disk = disk
        self.executed: Counter[str] = Counter()
        self.applied: list[pb.DesiredStateUpdate] = []
        self.closed: list[fx.Close] = []
        self.moves: list[fx.Move] = []
        self.error: grpc.aio.AioRpcError | None = None
        self.reports = Reports(Spool(disk.spool, 1 << 20))
        self.answers = answers
        """False: it holds its streams and says nothing more."""
        identity = Identity(disk.identity.agent_id, str(uuid_utils.uuid7()), disk.incarnation, disk.session_seen)
        journal = [JournalEntry(command, *entry) for command, entry in disk.journal.items()]
        self.session = AgentSession(identity, Desired(disk.desired), Commands(journal), self.reports)
        self._stub = MeshServiceStub(channel)
        self.call: Call | None = None
        self._out: asyncio.Queue[pb.AgentMessage | None] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._do(self.session.start())

    @property
    def metadata(self) -> tuple[tuple[str, str | bytes], ...]:
        token = self.disk.identity.token
        return (("authorization", f"Bearer {token}"),) if token else ()

    @property
    def open(self) -> bool:
        return self.session.phase is Phase.OPEN

    @property
    def ended(self) -> bool:
        return self.call is not None and self.call.done()

    @property
    def codes(self) -> list[str]:
        return [close.code for close in self.closed]

    async def connect(self, facts: pb.Hello | None = None) -> None:
        """Opens a stream and greets; what comes of it shows later."""
        self.error = None
        call = self.call = self._stub.Connect(metadata=self.metadata)
        out = self._out = asyncio.Queue()
        self._do(self.session.connected(facts or pb.Hello(hostname="box"), f"k{next(_NAMES)}", now()))
        self._tasks += [asyncio.create_task(work) for work in (self._read(call), _write(call, out), self._tick(call))]

    async def hang_up(self) -> None:
        """The process dies: nothing is said."""
        self.session.lost()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        if self.call is not None:
            self.call.cancel()

    async def leave(self) -> None:
        self._do(self.session.leave("the test is over"))

    def again(self, channel: grpc.aio.Channel) -> Agent:
        """The next process on the same disk."""
        self.disk.spool = self.disk.spool.after_death()
        return Agent(self.disk, channel)

    def observe(self, status: pb_pipeline.ReplicaStatus) -> None:
        self.reports.observe(status)
        self._do(self.session.reported(now()))

    def record(self, event: pb.AgentEvent) -> None:
        self.reports.record(pb.TRAFFIC_CLASS_EVENT, pb.Report(event=event))
        self._do(self.session.reported(now()))

    def say(self, message: pb.AgentMessage) -> None:
        """Past the session."""
        self._out.put_nowait(message)

    async def _read(self, call: Call) -> None:
        try:
            async for message in call:
                if self.answers and call is self.call:
                    self._do(self.session.receive(message, now()))
        except grpc.aio.AioRpcError as error:
            self.error = error
        if call is self.call:
            self.session.lost()
            self._out.put_nowait(None)

    async def _tick(self, call: Call) -> None:
        while call is self.call:
            await asyncio.sleep(TICK)
            if self.answers:
                self._do(self.session.tick(now()))

    def _do(self, effects: Iterable[fx.AgentEffect]) -> None:
        for effect in effects:
            self._carry_out(effect)

    def _carry_out(self, effect: fx.AgentEffect) -> None:
        disk = self.disk
        match effect:
            case fx.ToServer():
                self._out.put_nowait(effect.message)
            case fx.SaveIdentity():
                disk.incarnation, disk.session_seen = effect.incarnation, effect.session_seen
            case fx.SaveDesired():
                disk.desired = effect.update
            case fx.JournalStarted():
                disk.journal[effect.command_id] = (effect.deadline, None)
            case fx.JournalResult():
                disk.journal[effect.result.command_id] = (effect.deadline, effect.result)
            case fx.JournalForget():
                del disk.journal[effect.command_id]
            case fx.Execute():
                self._execute(effect.command)
            case fx.Apply():
                self.applied.append(effect.update)
                self._do(self.session.applied(effect.update.version, now()))
            case fx.Close():
                self.closed.append(effect)
                self._out.put_nowait(None)
            case fx.Move():
                self.moves.append(effect)

    def _execute(self, command: pb.Command) -> None:
        self.executed[command.command_id] += 1
        done = pb.CommandResult(command_id=command.command_id, outcome=pb.COMMAND_OUTCOME_SUCCEEDED, result="7")
        self._do(self.session.finished(done, now()))


async def _write(call: Call, out: asyncio.Queue[pb.AgentMessage | None]) -> None:
    with suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
        while (message := await out.get()) is not None:
            await call.write(message)
        await call.done_writing()


def now() -> fx.Now:
    return fx.Now(time.monotonic(), time.time())
