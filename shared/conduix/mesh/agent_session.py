"""The agent's end of the session: one object for the life of the process, over all its connections.

Call `start` once, `connected` for each new connection, `receive` for each message, `tick` about four times a second,
`lost` when the connection ended; carry out the effects of each call in order before the next call.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, auto

from google.protobuf.duration_pb2 import Duration

from conduix.mesh.commands import Commands
from conduix.mesh.desired import Desired
from conduix.mesh.effects import AgentEffect, Close, Move, Now, SaveIdentity, ToServer
from conduix.mesh.envelope import VERSION, VERSION_MIN, Envelopes, Seen
from conduix.mesh.lanes import Credits, Lane
from conduix.mesh.reports import Reports
from conduix.v1 import agent_service_pb2 as pb_agent
from conduix.v1 import mesh_service_pb2 as pb

WELCOME_WITHIN = 10.0
SILENCE = 30.0
"""Seconds without a word from the server after which the connection is given up."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this process is."""

    agent_id: str
    incarnation: str
    """New for each process start."""
    predecessor: str = ""
    """From the last SaveIdentity in the state directory, whichever process wrote it."""
    session_seen: int = 0


class Phase(Enum):
    """How far a connection is."""

    DOWN = auto()
    GREETING = auto()
    OPEN = auto()


class AgentSession:
    """See the module."""

    def __init__(self, identity: Identity, desired: Desired, commands: Commands, reports: Reports) -> None:
        self._identity = identity
        self._desired = desired
        self._commands = commands
        self._reports = reports
        self.phase = Phase.DOWN
        self.session = identity.session_seen
        """The highest session number that this agent ever had."""
        self.rtt: float | None = None
        """Seconds between the last heartbeat and its answer."""
        self.lease_until = -math.inf
        """On the monotonic clock; before it nobody else may own what this agent runs."""
        self._epochs_seen: dict[str, int] = {}
        self._see_epochs(desired.in_force)
        self._envelopes: Envelopes[pb.AgentMessage] = Envelopes("")
        self._seen = Seen()
        self._heard_at = 0.0
        self._interval = 10.0
        self._lease = 0.0
        self._host: pb_agent.HostFacts | None = None
        self._beats: dict[int, float] = {}
        self._beat = 0
        self._beat_due = 0.0

    @property
    def settled(self) -> bool:
        """A server has every report and every result: the agent may leave without leaving work for the next session."""
        return self.phase is Phase.OPEN and self._reports.settled and self._commands.settled

    def start(self) -> list[AgentEffect]:
        """Before anything else: answers for the commands that the last process left unfinished."""
        return self._commands.recover()

    def connected(self, facts: pb.Hello, connection: str, now: Now) -> list[AgentEffect]:
        """A connection stands. `facts`: version, labels, capabilities, host; `connection`: an id never used before."""
        hello = pb.Hello()
        hello.CopyFrom(facts)
        hello.version_min, hello.version_max = VERSION_MIN, VERSION
        hello.agent_id, hello.incarnation = self._identity.agent_id, self._identity.incarnation
        hello.predecessor = self._identity.predecessor
        hello.desired_version = self._desired.in_force.version
        hello.report_acked, hello.session_seen = self._reports.acked, self.session
        hello.epochs_seen.update(self._epochs_seen)
        del hello.replicas[:]
        hello.replicas.extend(self._reports.replicas)
        self.phase = Phase.GREETING
        self._envelopes, self._seen = Envelopes(connection), Seen()
        self._heard_at = now.mono
        self._beats, self._beat = {0: now.mono}, 0
        return self._stamp([ToServer(pb.AgentMessage(hello=hello))])

    def lost(self) -> list[AgentEffect]:
        """The connection ended, whoever ended it. Everything that was not acknowledged is kept."""
        self.phase = Phase.DOWN
        self._reports.closed()
        return []

    def leave(self, reason: str) -> list[AgentEffect]:
        """The only clean leave."""
        effects: list[AgentEffect] = [Close("LEFT", reason)]
        if self.phase is Phase.OPEN:
            effects.insert(0, ToServer(pb.AgentMessage(goodbye=pb.Goodbye(reason=reason))))
        stamped = self._stamp(effects)
        self.lost()
        return stamped

    def receive(self, message: pb.ServerMessage, now: Now) -> list[AgentEffect]:
        """A message came, perhaps twice, perhaps late. Before the welcome nothing else counts: it all comes again."""
        kind = message.WhichOneof("kind")
        if self.phase is Phase.DOWN or (self.phase is Phase.GREETING and kind not in {"welcome", "refused"}):
            return []
        self._heard_at = now.mono
        if self._seen.again(message.id):
            return []
        if kind is None:
            text = (
                f"this agent speaks version {VERSION} of the protocol and does not know what message {message.id} says"
            )
            effects: list[AgentEffect] = [ToServer(pb.AgentMessage(nack=pb.Nack(code="UNKNOWN_KIND", message=text)))]
        else:
            effects = self._handlers()[kind](message, now)
        return self._stamp([*effects, *self._outgoing(now)], message.id)

    def tick(self, now: Now) -> list[AgentEffect]:
        """Time went by."""
        if self.phase is Phase.GREETING and now.mono - self._heard_at >= WELCOME_WITHIN:
            return self._close("NO_WELCOME", f"the server did not answer within {WELCOME_WITHIN:.0f} s")
        if self.phase is Phase.OPEN and now.mono - self._heard_at >= SILENCE:
            return self._close("SERVER_SILENT", f"nothing was heard of the server for {SILENCE:.0f} s")
        effects = self._commands.tick(now, self.phase is Phase.OPEN)
        if self.phase is Phase.OPEN and now.mono >= self._beat_due:
            effects.append(self._heartbeat(now))
        return self._stamp([*effects, *self._outgoing(now)])

    def applied(self, version: int, now: Now) -> list[AgentEffect]:
        """A desired state was made so."""
        return self._said([*self._desired.applied(version), *self._outgoing(now)])

    def rejected(self, version: int, code: str, message: str, now: Now) -> list[AgentEffect]:
        """A desired state cannot be made so; the one before stays in force."""
        return self._said([*self._desired.rejected(version, code, message), *self._outgoing(now)])

    def finished(self, result: pb.CommandResult, now: Now) -> list[AgentEffect]:
        """A command ended."""
        return self._said(self._commands.finished(result, now))

    def reported(self, now: Now) -> list[AgentEffect]:
        """After `Reports.record` or `observe`: send what there is."""
        return self._stamp(self._outgoing(now))

    def host(self, facts: pb_agent.HostFacts) -> None:
        """What the next heartbeat tells of this host."""
        self._host = facts

    # one a kind of message

    def _handlers(self) -> dict[str, Callable[[pb.ServerMessage, Now], list[AgentEffect]]]:
        return {
            "welcome": self._welcome,
            "refused": lambda message, _: self._refused(message.refused),
            "heartbeat_ack": lambda message, now: self._heartbeat_ack(message.heartbeat_ack, now),
            "desired_state": lambda message, _: self._desired_state(message.desired_state),
            "command": lambda message, now: self._commands.receive(message.command, now),
            "report_ack": self._report_ack,
            "result_ack": self._result_ack,
            "credit": self._credit,
            "nack": lambda _message, _now: [],
            "go_away": lambda message, _: [Move(_seconds(message.go_away.delay), tuple(message.go_away.alternatives))],
        }

    def _welcome(self, message: pb.ServerMessage, now: Now) -> list[AgentEffect]:
        welcome = message.welcome
        if self.phase is Phase.OPEN:
            return []
        if not VERSION_MIN <= welcome.version <= VERSION:
            return self._close(
                "VERSION", f"the server chose version {welcome.version}, which this agent does not speak"
            )
        self.phase = Phase.OPEN
        self.session = max(self.session, welcome.session)
        self._interval = _seconds(welcome.heartbeat_interval) or self._interval
        self._lease = _seconds(welcome.lease)
        self.lease_until = self._beats[0] + self._lease
        self._beat_due = now.mono
        self._commands.opened()
        self._reports.opened(welcome.report_acked, Credits(welcome.credits), now.mono)
        saved = SaveIdentity(self._identity.incarnation, self.session)
        self._see_epochs(welcome.desired_state)
        return [saved, *self._desired.welcomed(welcome.desired_state)]

    def _refused(self, refused: pb.Refused) -> list[AgentEffect]:
        self.lost()
        retry_after = _seconds(refused.retry_after) if refused.HasField("retry_after") else math.inf
        return [Close(refused.code, refused.message, retry_after)]

    def _desired_state(self, update: pb.DesiredStateUpdate) -> list[AgentEffect]:
        self._see_epochs(update)
        return self._desired.receive(update)

    def _heartbeat_ack(self, ack: pb.HeartbeatAck, now: Now) -> list[AgentEffect]:
        sent_at = self._beats.get(ack.number)
        if sent_at is not None:
            self.rtt = now.mono - sent_at
            self.lease_until = max(self.lease_until, sent_at + self._lease)
            self._beats = {number: at for number, at in self._beats.items() if number > ack.number}
        return []

    def _report_ack(self, message: pb.ServerMessage, now: Now) -> list[AgentEffect]:
        self._reports.acknowledge(message.report_ack, now.mono)
        return []

    def _result_ack(self, message: pb.ServerMessage, _now: Now) -> list[AgentEffect]:
        return self._commands.stored(message.result_ack)

    def _credit(self, message: pb.ServerMessage, _now: Now) -> list[AgentEffect]:
        self._reports.grant(message.credit)
        return []

    # what is said

    def _heartbeat(self, now: Now) -> AgentEffect:
        self._beat += 1
        self._beats[self._beat] = now.mono
        self._beat_due = now.mono + self._interval
        host, self._host = self._host, None
        return ToServer(pb.AgentMessage(heartbeat=pb.Heartbeat(number=self._beat, host=host)))

    def _outgoing(self, now: Now) -> list[AgentEffect]:
        if self.phase is not Phase.OPEN:
            return []
        return [ToServer(pb.AgentMessage(report=report), Lane.DATA) for report in self._reports.outgoing(now.mono)]

    def _close(self, code: str, message: str) -> list[AgentEffect]:
        self.lost()
        return [Close(code, message)]

    def _said(self, effects: list[AgentEffect]) -> list[AgentEffect]:
        """Without a session what is durable is done all the same, and nothing is sent."""
        if self.phase is Phase.OPEN:
            return self._stamp(effects)
        return [effect for effect in effects if not isinstance(effect, ToServer)]

    def _stamp(self, effects: Iterable[AgentEffect], in_reply_to: str = "") -> list[AgentEffect]:
        stamped = list(effects)
        for effect in stamped:
            if isinstance(effect, ToServer):
                self._envelopes.wrap(effect.message, in_reply_to)
        return stamped

    def _see_epochs(self, update: pb.DesiredStateUpdate) -> None:
        for assignment in update.assignments:
            seen = self._epochs_seen.get(assignment.pipeline_id, 0)
            self._epochs_seen[assignment.pipeline_id] = max(seen, assignment.epoch)


def _seconds(duration: Duration) -> float:
    return float(duration.seconds) + duration.nanos / 1e9
