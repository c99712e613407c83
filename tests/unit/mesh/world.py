"""Agents, servers, a database and a network in one process, by a clock that only the test moves.

The network loses, repeats, reorders and delays within a connection, and cuts it. An agent that dies keeps its disk; a
server that dies keeps the database. What the invariants are about is counted here, outside of what is tested.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from conduix.mesh import effects as fx
from conduix.mesh.admission import AgentRow
from conduix.mesh.agent_session import AgentSession, Identity, Phase
from conduix.mesh.commands import Commands, JournalEntry
from conduix.mesh.desired import Desired
from conduix.mesh.dispatch import Outstanding, overdue
from conduix.mesh.reports import Reports
from conduix.mesh.server_session import ServerSession, Terms
from conduix.mesh.spool import Spool
from conduix.v1 import mesh_service_pb2 as pb
from conduix.v1 import pipeline_service_pb2 as pipeline_pb
from tests.unit.mesh.memory import MemoryStorage

AGENT = "agent-1"
START = 1_700_000_000.0
HEADER = 26
"""Bytes of a frame before its report."""


@dataclass
class Disk:
    """An agent's state directory."""

    name: str = "first"
    incarnation: str = ""
    session_seen: int = 0
    desired: pb.DesiredStateUpdate = field(default_factory=pb.DesiredStateUpdate)
    journal: dict[str, tuple[float, pb.CommandResult | None]] = field(default_factory=dict)
    stored: set[str] = field(default_factory=set)
    """Commands of the journal whose results the server has."""
    spool: MemoryStorage = field(default_factory=MemoryStorage)

    def copy(self) -> Disk:
        stored = set(self.stored)
        return replace(self, name="copy", journal=dict(self.journal), stored=stored, spool=self.spool.after_death())


@dataclass
class Database:
    """What servers share. `write` is the WHERE session = :s of every statement."""

    row: AgentRow = field(default_factory=lambda: AgentRow(AGENT))
    desired: pb.DesiredStateUpdate = field(default_factory=pb.DesiredStateUpdate)
    outbox: dict[str, Outstanding] = field(default_factory=dict)
    answers: dict[str, list[pb.CommandResult]] = field(default_factory=dict)
    reports: list[pb.Report] = field(default_factory=list)
    observed: dict[tuple[str, int], pipeline_pb.ReplicaStatus] = field(default_factory=dict)
    sessions: list[int] = field(default_factory=list)
    alerts: Counter[str] = field(default_factory=Counter)
    writers: list[int] = field(default_factory=list)
    """The session of each write, in their order."""

    def find(self) -> AgentRow:
        waiting = tuple(o for command, o in self.outbox.items() if not self.answers.get(command))
        return replace(self.row, desired=self.desired, commands=waiting)

    def claim(self, claim: fx.Claim) -> AgentRow | None:
        if self.row.session != claim.expected:
            return None
        accepted = self.row.accepted
        if (self.row.incarnation, *accepted)[-1] != claim.incarnation:
            accepted = (*accepted, claim.incarnation)
        self.row = replace(self.row, session=claim.session, accepted=accepted, adopting=False)
        self.sessions.append(claim.session)
        if claim.desired_version > self.desired.version:
            self.desired = pb.DesiredStateUpdate(version=claim.desired_version, assignments=self.desired.assignments)
        return self.find()

    def write(self, effect: fx.ServerEffect) -> bool:
        assert not isinstance(effect, fx.ToAgent | fx.Close | fx.Find | fx.Probe | fx.Answered | fx.Claim | fx.Alert)
        if not self.holds(effect.session):
            return False
        self.writers.append(effect.session)
        if isinstance(effect, fx.StoreReport):
            self._report(effect.report)
        elif isinstance(effect, fx.Confirm):
            self.row = replace(self.row, incarnation=effect.incarnation, accepted=())
        elif isinstance(effect, fx.StoreReceived):
            self.outbox[effect.command_id] = replace(self.outbox[effect.command_id], received=True)
        elif isinstance(effect, fx.StoreResult):
            self.answer(effect.result)
        return True

    def holds(self, session: int) -> bool:
        return session == self.row.session

    def answer(self, result: pb.CommandResult) -> None:
        """WHERE result IS NULL."""
        if not self.answers.get(result.command_id):
            self.answers.setdefault(result.command_id, []).append(result)

    def _report(self, report: pb.Report) -> None:
        self.row = replace(self.row, report_acked=report.number)
        self.reports.append(report)
        if report.HasField("full"):
            self.observed = {(r.pipeline_id, r.replica): r for r in report.full.replicas}
        elif report.HasField("replica"):
            self.observed[report.replica.pipeline_id, report.replica.replica] = report.replica


@dataclass
class Connection:
    """One stream: two heaps of messages that are under way, in the order in which they were sent."""

    name: str
    server: ServerSession
    up: list[pb.AgentMessage] = field(default_factory=list)
    down: list[pb.ServerMessage] = field(default_factory=list)
    agent_end: bool = True
    server_end: bool = True


class Agent:
    """A process of an agent on its disk."""

    def __init__(self, world: World, disk: Disk, incarnation: str, spool_bytes: int) -> None:
        self.world, self.disk, self.incarnation = world, disk, incarnation
        self.connection: Connection | None = None
        self.running: dict[str, float] = {}
        self.applying: list[int] = []
        self.retry_at = 0.0
        self.reports = Reports(Spool(disk.spool, spool_bytes))
        identity = Identity(AGENT, incarnation, disk.incarnation, disk.session_seen)
        journal = [JournalEntry(id_, *entry, stored=id_ in disk.stored) for id_, entry in disk.journal.items()]
        self.session = AgentSession(identity, Desired(disk.desired), Commands(journal), self.reports)
        self.do(self.session.start())

    def do(self, todo: Iterable[fx.AgentEffect]) -> None:
        for effect in todo:
            self._do(effect)

    def _do(self, effect: fx.AgentEffect) -> None:
        disk = self.disk
        if isinstance(effect, fx.ToServer):
            if self.connection is not None:
                self.connection.up.append(effect.message)
        elif isinstance(effect, fx.SaveIdentity):
            disk.incarnation, disk.session_seen = effect.incarnation, effect.session_seen
        elif isinstance(effect, fx.SaveDesired):
            assert effect.update.version > disk.desired.version, "desired state went back"
            disk.desired = effect.update
        elif isinstance(effect, fx.JournalStarted):
            disk.journal[effect.command_id] = (effect.deadline, None)
        elif isinstance(effect, fx.JournalResult):
            disk.journal[effect.result.command_id] = (effect.deadline, effect.result)
        elif isinstance(effect, fx.JournalStored):
            disk.stored.add(effect.command_id)
        elif isinstance(effect, fx.JournalForget):
            del disk.journal[effect.command_id]
        elif isinstance(effect, fx.Execute):
            self.world.executed[disk.name, effect.command.command_id] += 1
            self.running[effect.command.command_id] = self.world.now.mono
            self.world.crash_point(self)
        elif isinstance(effect, fx.Apply):
            self.applying.append(effect.update.version)
        elif isinstance(effect, fx.Close):
            self.retry_at = self.world.now.mono + (effect.retry_after or 0.1)
            self.hang_up()

    def hang_up(self) -> None:
        if self.connection is not None:
            self.connection.agent_end = False
            self.connection.up.clear()
            self.connection = None
        self.session.lost()


class Crashed(Exception):
    """The agent's process ends here, in the middle of its effects."""


class World:
    """See the module. `spool_bytes` bounds each agent's spool."""

    def __init__(self, spool_bytes: int = 1 << 20) -> None:
        self.now = fx.Now(1000.0, START)
        self.db = Database()
        self.connections: list[Connection] = []
        self.executed: Counter[tuple[str, str]] = Counter()
        """By (disk, command): a copied journal cannot know what the other one did meanwhile."""
        self.recorded: set[str] = set()
        self.submitted: dict[str, pb.Command] = {}
        self.crash_at_execute = False
        self.cloned = False
        self._names = 0
        self._spool_bytes = spool_bytes
        self.agents = [self._process(Disk())]

    def name(self, kind: str) -> str:
        self._names += 1
        return f"{kind}{self._names}"

    def _process(self, disk: Disk) -> Agent:
        return Agent(self, disk, self.name("i"), self._spool_bytes)

    # what people do

    def submit(self, lifetime: float) -> None:
        command = pb.Command(command_id=self.name("c"), checkpoint=pb.CheckpointCommand(pipeline_id="p"))
        command.deadline.FromNanoseconds(int((self.now.unix + lifetime) * 1e9))
        self.submitted[command.command_id] = command
        self.db.outbox[command.command_id] = Outstanding(command)
        for connection in self.connections:
            self.serve(connection, connection.server.submit(command, self.now))

    def want(self) -> None:
        self.db.desired = pb.DesiredStateUpdate(version=self.db.desired.version + 1)
        for connection in self.connections:
            self.serve(connection, connection.server.desired(self.db.desired, self.now))

    def record(self, agent: Agent, traffic: pb.TrafficClass) -> None:
        text = self.name("r")
        agent.reports.record(traffic, pb.Report(event=pb.AgentEvent(kind="test", message=text)))
        self.recorded.add(text)

    def observe(self, agent: Agent, replica: int) -> None:
        status = pipeline_pb.ReplicaStatus(pipeline_id="p", replica=replica, detail=self.name("s"))
        agent.reports.observe(status)

    # what happens

    def advance(self, seconds: float) -> None:
        self.now = fx.Now(self.now.mono + seconds, self.now.unix + seconds)
        for agent in self.agents:
            self._guarded(agent, lambda a: a.do(a.session.tick(self.now)))
        for connection in list(self.connections):
            if not connection.server_end:
                self.connections.remove(connection)
            else:
                self.serve(connection, connection.server.tick(self.now))
        self.sweep(self.now.unix)

    def sweep(self, unix: float) -> None:
        """What some server does with the outbox now and then."""
        for outstanding in self.db.outbox.values():
            answer = overdue(outstanding, unix)
            if answer is not None:
                self.db.answer(answer)

    def connect(self, agent: Agent) -> None:
        if agent.connection is not None or self.now.mono < agent.retry_at:
            return
        server = ServerSession(Terms("s", credits_messages=4), AGENT, self.name("k"), self.now)
        agent.connection = Connection(self.name("x"), server)
        self.connections.append(agent.connection)
        agent.do(agent.session.connected(pb.Hello(), agent.connection.name, self.now))

    def work(self, agent: Agent) -> None:
        """Whatever the host had to do is done."""
        for command_id in list(agent.running):
            del agent.running[command_id]
            done = pb.CommandResult(command_id=command_id, outcome=pb.COMMAND_OUTCOME_SUCCEEDED)
            agent.do(agent.session.finished(done, self.now))
        while agent.applying:
            agent.do(agent.session.applied(agent.applying.pop(0), self.now))

    def deliver_up(self, connection: Connection, at: int, *, keep: bool = False) -> None:
        message = connection.up[at] if keep else connection.up.pop(at)
        if connection.server_end:
            self.serve(connection, connection.server.receive(message, self.now))

    def deliver_down(self, connection: Connection, at: int, *, keep: bool = False) -> None:
        message = connection.down[at] if keep else connection.down.pop(at)
        for agent in list(self.agents):
            if agent.connection is connection:
                self._guarded(agent, lambda a: a.do(a.session.receive(message, self.now)))

    def serve(self, connection: Connection, todo: Iterable[fx.ServerEffect]) -> None:
        server = connection.server
        for effect in todo:
            if isinstance(effect, fx.ToAgent):
                connection.down.append(effect.message)
            elif isinstance(effect, fx.Find):
                self.serve(connection, server.found(self.db.find(), self.now))
            elif isinstance(effect, fx.Claim):
                self.serve(connection, server.claimed(self.db.claim(effect), self.now))
            elif isinstance(effect, fx.Probe):
                self._probe(connection, effect.session)
            elif isinstance(effect, fx.Answered):
                for other in list(self.connections):
                    self.serve(other, other.server.probed(True, self.now))
            elif isinstance(effect, fx.Alert):
                self.db.alerts[effect.code] += 1
            elif isinstance(effect, fx.Close):
                connection.server_end = False
            elif not self.db.write(effect):
                self.serve(connection, server.superseded())
                return

    def _probe(self, asking: Connection, session: int) -> None:
        held = [c for c in self.connections if c.server_end and c.server.session == session]
        if not held:
            self.serve(asking, asking.server.probed(False, self.now))
        for connection in held:
            self.serve(connection, connection.server.probe(self.now))

    def cut(self, connection: Connection) -> None:
        for agent in self.agents:
            if agent.connection is connection:
                agent.hang_up()
        connection.up.clear()
        connection.server_end = False

    def crash_point(self, agent: Agent) -> None:
        if self.crash_at_execute:
            self.crash_at_execute = False
            raise Crashed(agent)

    def _guarded(self, agent: Agent, step: Callable[[Agent], None]) -> None:
        try:
            step(agent)
        except Crashed:
            self.crash(agent)

    def crash(self, agent: Agent, *, power: bool = False) -> None:
        """The process ends and a new one starts on its disk; nothing tells the server."""
        disk = agent.disk
        disk.spool = disk.spool.after_power_cut() if power else disk.spool.after_death()
        if agent.connection is not None:
            agent.connection.agent_end = False
        if power:  # what was recorded and never made durable was never promised either
            kept = {pb.Report.FromString(f[HEADER:]).event.message for _, f in disk.spool.frames() if f[:1] == b"R"}
            stored = {report.event.message for report in self.db.reports}
            self.recorded &= kept | stored
        self.agents[self.agents.index(agent)] = self._process(disk)

    def crash_server(self) -> None:
        for connection in self.connections:
            self.cut(connection)
        self.connections.clear()

    def clone(self) -> None:
        """Somebody copies the state directory and starts a second agent on it."""
        self.cloned = True
        self.agents.append(self._process(self.agents[0].disk.copy()))

    def adopt(self) -> None:
        """A person says that the next one is the one."""
        self.db.row = replace(self.db.row, adopting=True)
        for agent in self.agents:
            agent.retry_at = 0.0

    def finish(self) -> None:
        """No faults any more. A person who sees two processes stops one and adopts the other."""
        self.crash_at_execute = False
        if self.cloned:
            self.settle(60.0)
            for agent in self.agents[1:]:
                agent.hang_up()
            del self.agents[1:]
            self.adopt()
        self.settle()
        self.check_settled(cloned=self.cloned)

    # what must come of it

    def settle(self, seconds: float = 150.0) -> None:
        """No faults any more; time goes on until there is nothing left to do."""
        end = self.now.mono + seconds
        while self.now.mono < end:
            for agent in list(self.agents):
                self.connect(agent)
                self.work(agent)
            for connection in list(self.connections):
                for _ in range(200):
                    if not connection.up and not connection.down:
                        break
                    while connection.up:
                        self.deliver_up(connection, 0)
                    while connection.down:
                        self.deliver_down(connection, 0)
                if not connection.server_end and connection.agent_end:
                    self.cut(connection)
            for agent in list(self.agents):
                self.work(agent)
            self.advance(2.0)

    def accepted(self) -> list[Agent]:
        """Processes whose session the database takes writes from."""
        return [
            agent
            for agent in self.agents
            if agent.session.phase is Phase.OPEN and agent.session.session == self.db.row.session
        ]

    def check_always(self) -> None:
        assert max(self.executed.values(), default=0) <= 1, "a command ran twice"
        assert self.db.sessions == sorted(set(self.db.sessions)), "session numbers only grow"
        assert all(len(answers) == 1 for answers in self.db.answers.values()), "answered once"
        assert self.db.writers == sorted(self.db.writers), "a superseded session wrote"
        assert len(self.accepted()) <= 1, "two processes with one identity"
        self._check_numbers()
        for agent in self.agents:
            assert agent.disk.desired.version <= self.db.desired.version

    def _check_numbers(self) -> None:
        """What is stored leaves no number out, and none comes twice."""
        at = 0
        for report in self.db.reports:
            first = report.gap.first if report.HasField("gap") else report.number
            assert first <= at + 1 <= report.number, f"stored {report.number} after {at}"
            at = report.number

    def check_settled(self, *, cloned: bool = False) -> None:
        """`cloned`: another process used the same numbers for a while, so that reports of one may hide the other's."""
        self.check_always()
        (agent,) = self.accepted()
        if cloned:  # what a process received that was then stopped for good is answered after a day
            self.sweep(self.now.unix + 2 * 24 * 3600)
        assert set(self.submitted) == set(self.db.answers), "every command is answered"
        assert agent.disk.desired.version == self.db.desired.version, "the highest desired version is in force"
        assert agent.reports.acked == self.db.row.report_acked
        observed = {(r.pipeline_id, r.replica): r for r in agent.reports.replicas}
        assert self.db.observed == observed, "the server sees what is"
        if not cloned:
            self._check_reports()

    def _check_reports(self) -> None:
        stored = Counter(report.event.message for report in self.db.reports if report.HasField("event"))
        assert max(stored.values(), default=0) <= 1, "a report was stored twice"
        dropped = sum(report.gap.count for report in self.db.reports)
        lost = self.recorded - set(stored)
        assert len(lost) <= dropped, f"{len(lost)} reports are lost, {dropped} named in gaps"
        if dropped == 0:
            assert not lost
