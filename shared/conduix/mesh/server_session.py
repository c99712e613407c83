"""The server's end of the session: one object a connection. Every write names the session number that it was given.

Call `receive` for each message, `tick` about once a second, `found`, `claimed` and `probed` when the effects that ask
for them are done, `superseded` when a write found no row. Carry out the effects of a call in order, before the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, auto

from google.protobuf.duration_pb2 import Duration

from conduix.mesh import admission
from conduix.mesh.admission import AgentRow, Verdict
from conduix.mesh.dispatch import Dispatch
from conduix.mesh.effects import (
    Alert,
    Alive,
    Answered,
    Claim,
    Close,
    Confirm,
    Find,
    Left,
    Now,
    Probe,
    ServerEffect,
    StoreDesiredAck,
    StoreReport,
    ToAgent,
)
from conduix.mesh.envelope import VERSION, VERSION_MIN, Envelopes, Seen, negotiate
from conduix.mesh.intake import Intake, Place
from conduix.mesh.lanes import Allowance
from conduix.v1 import mesh_service_pb2 as pb

HELLO_WITHIN = 10.0
PROBE_FOR = 2.0
SILENCE = 30.0
PUSH_AGAIN_AFTER = 5.0
ASK_AGAIN_AFTER = 2.0
"""Seconds between two requests for the same missing report."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What this server offers to every agent."""

    server_id: str
    heartbeat_interval: float = 10.0
    """Seconds."""
    lease: float = 25.0
    """Seconds."""
    credits_messages: int = 256
    credits_bytes: int = 8 << 20
    retry_duplicate: float = 30.0
    """Seconds until an agent may ask again that was refused because another one answers, or none knows it."""
    retry_error: float = 300.0
    """The same after an error of version or identity."""


class Phase(Enum):
    """How far a connection is."""

    AWAIT_HELLO = auto()
    FINDING = auto()
    PROBING = auto()
    CLAIMING = auto()
    OPEN = auto()
    CLOSED = auto()


class ServerSession:
    """See the module. `agent_id` is the identity that the transport proved; `connection` an id never used before."""

    def __init__(self, terms: Terms, agent_id: str, connection: str, now: Now) -> None:
        self._terms = terms
        self._agent_id = agent_id
        self._connection = connection
        self.phase = Phase.AWAIT_HELLO
        self.session = 0
        """This session's number; 0: not accepted yet."""
        self._since = now.mono
        self._heard_at = now.mono
        self._hello = pb.Hello()
        self._version = 0
        self._unconfirmed = False
        self._followed = AgentRow(agent_id)
        """The row of the session that is probed."""
        self._envelopes: Envelopes[pb.ServerMessage] = Envelopes(connection)
        self._seen = Seen()
        self._dispatch = Dispatch(0, ())
        self._intake = Intake(0)
        self._asked: tuple[int, float] = (0, 0.0)
        self._allowance = Allowance(terms.credits_messages, terms.credits_bytes)
        self._desired = pb.DesiredStateUpdate()
        self._pushed_at: float | None = None
        """When the desired state was last sent; None: it is acknowledged."""
        self._probe_id = ""

    # who comes

    def receive(self, message: pb.AgentMessage, now: Now) -> list[ServerEffect]:
        """A message came, perhaps twice, perhaps late. Before the session is open only Hello counts."""
        kind = message.WhichOneof("kind")
        if self.phase is Phase.CLOSED:
            return []
        self._heard_at = now.mono
        if self._seen.again(message.id):
            return []
        if self.phase is Phase.AWAIT_HELLO and kind == "hello":
            return self._stamp(self._greeted(message.hello, now), message.id)
        if self.phase is not Phase.OPEN:
            return []
        answered: list[ServerEffect] = []
        if self._unconfirmed:
            self._unconfirmed = False
            answered.append(Confirm(self.session, self._hello.incarnation))
        if self._probe_id and message.in_reply_to == self._probe_id:
            self._probe_id = ""
            answered.append(Answered(self.session))
        if kind is None:
            text = (
                f"this server speaks version {VERSION} of the protocol and does not know what message {message.id} says"
            )
            return self._stamp([*answered, _nack("UNKNOWN_KIND", text)], message.id)
        return self._stamp([*answered, *self._handlers()[kind](message, now)], message.id)

    def _greeted(self, hello: pb.Hello, now: Now) -> list[ServerEffect]:
        self._hello = hello
        version = negotiate(hello.version_min, hello.version_max)
        if version is None:
            text = f"the agent speaks versions {hello.version_min} to {hello.version_max} of the protocol, this server "
            return self._refuse(
                "VERSION", f"{text}{VERSION_MIN} to {VERSION}: update the older one", self._terms.retry_error
            )
        if hello.agent_id != self._agent_id or not hello.incarnation:
            text = f"the identity is that of agent {self._agent_id}, the greeting that of {hello.agent_id or 'nobody'}"
            return self._refuse("IDENTITY_MISMATCH", text, self._terms.retry_error)
        self._version = version
        self.phase, self._since = Phase.FINDING, now.mono
        return [Find(self._agent_id)]

    def found(self, row: AgentRow | None, now: Now) -> list[ServerEffect]:
        """What the database has of the agent; None: nothing."""
        if row is None or row.revoked:
            return self._stamp(self._removed())
        verdict = admission.judge(row, self._hello)
        if verdict is Verdict.ACCEPT:
            return self._claim(row, now)
        if verdict is Verdict.PROBE:
            self.phase, self._since, self._followed = Phase.PROBING, now.mono, row
            return [Probe(self._agent_id, row.session)]
        text = (
            f"this agent does not follow the one that was here last; if it is meant to take its place: "
            f"conduix agents adopt {self._agent_id}"
        )
        alert = Alert("ADOPTION_NEEDED", self._agent_id, text)
        return self._stamp([alert, *self._refuse(alert.code, text, self._terms.retry_duplicate)])

    def probed(self, answering: bool, now: Now) -> list[ServerEffect]:
        """Whether the session that there was answers; silence is noticed by itself."""
        if self.phase is not Phase.PROBING:
            return []
        if not answering:
            return self._claim(self._followed, now)
        text = "another process with this identity is connected and answers; stop one of the two"
        alert = Alert("DUPLICATE_AGENT", self._agent_id, text)
        return self._stamp([alert, *self._refuse(alert.code, text, self._terms.retry_duplicate)])

    def _claim(self, row: AgentRow, now: Now) -> list[ServerEffect]:
        self.phase, self._since = Phase.CLAIMING, now.mono
        hello = self._hello
        self.session = max(row.session, hello.session_seen) + 1
        behind = hello.desired_version > row.desired.version
        version = hello.desired_version + 1 if behind else row.desired.version
        claim = Claim(self._agent_id, row.session, self.session, hello.incarnation, version)
        claim.epochs.update(hello.epochs_seen)
        return [claim]

    def claimed(self, row: AgentRow | None, now: Now) -> list[ServerEffect]:
        """The row as it is after the claim; None: another connection of this agent was quicker.

        Not the row that was found: the session before went on to write until the claim.
        """
        if row is None:
            return self._stamp(self._refuse("BUSY", "another connection of this agent was accepted meanwhile", 1.0))
        self.phase = Phase.OPEN
        hello = self._hello
        self._desired.CopyFrom(row.desired)
        self._desired.nonce = f"{self.session}.{self._desired.version}"
        self._pushed_at = None if hello.desired_version == self._desired.version else now.mono
        self._unconfirmed = (row.incarnation, *row.accepted) != (hello.incarnation,)
        self._intake = Intake(row.report_acked)
        self._dispatch = Dispatch(self.session, row.commands)
        return self._stamp([ToAgent(pb.ServerMessage(welcome=self._welcome())), *self._dispatch.tick(now)])

    def _welcome(self) -> pb.Welcome:
        return pb.Welcome(
            session_id=self._connection,
            session=self.session,
            version=self._version,
            heartbeat_interval=_duration(self._terms.heartbeat_interval),
            lease=_duration(self._terms.lease),
            credits=self._allowance.granted(),
            desired_state=self._desired,
            report_acked=self._intake.stored,
            server_id=self._terms.server_id,
        )

    # an open session

    def tick(self, now: Now) -> list[ServerEffect]:
        """Time went by."""
        if self.phase is Phase.AWAIT_HELLO and now.mono - self._since >= HELLO_WITHIN:
            self.phase = Phase.CLOSED
            return [Close("NO_HELLO", f"the agent did not greet within {HELLO_WITHIN:.0f} s")]
        if self.phase is Phase.PROBING and now.mono - self._since >= PROBE_FOR:
            return self.probed(False, now)
        if self.phase is not Phase.OPEN:
            return []
        if now.mono - self._heard_at >= SILENCE:
            self.phase = Phase.CLOSED
            return [Close("AGENT_SILENT", f"nothing was heard of the agent for {SILENCE:.0f} s")]
        effects = self._dispatch.tick(now)
        if self._pushed_at is not None and now.mono - self._pushed_at >= PUSH_AGAIN_AFTER:
            effects.append(self._push(now))
        return self._stamp(effects)

    def desired(self, update: pb.DesiredStateUpdate, now: Now) -> list[ServerEffect]:
        """The database has this desired state now. Pushed until it is answered; only a higher version counts."""
        if self.phase is not Phase.OPEN or update.version <= self._desired.version:
            return []
        self._desired.CopyFrom(update)
        self._desired.nonce = f"{self.session}.{update.version}"
        return self._stamp([self._push(now)])

    def submit(self, command: pb.Command, now: Now) -> list[ServerEffect]:
        """The outbox has this command."""
        return self._stamp(self._dispatch.submit(command, now)) if self.phase is Phase.OPEN else []

    def probe(self, now: Now) -> list[ServerEffect]:
        """Another process says that it follows this agent: does ours still answer? Shown by `Answered`.

        The desired state is sent once more: the one message that is always answered, whatever it changes.
        """
        if self.phase is not Phase.OPEN:
            return []
        pushed_at = self._pushed_at
        ask = self._push(now)
        self._pushed_at = pushed_at
        stamped = self._stamp([ask])
        self._probe_id = ask.message.id
        return stamped

    def drain(self, delay: float, alternatives: Iterable[str]) -> list[ServerEffect]:
        """This server leaves in `delay` seconds."""
        go_away = pb.GoAway(delay=_duration(delay), alternatives=alternatives)
        return self._stamp([ToAgent(pb.ServerMessage(go_away=go_away))]) if self.phase is Phase.OPEN else []

    def superseded(self) -> list[ServerEffect]:
        """A write found no row: the agent has a newer session, here or elsewhere."""
        text = f"session {self.session} of this agent was followed by a newer one"
        return self._stamp(self._refuse("SUPERSEDED", text, 1.0))

    def revoked(self) -> list[ServerEffect]:
        """The agent was removed."""
        return self._stamp(self._removed())

    # one a kind of message

    def _handlers(self) -> dict[str, Callable[[pb.AgentMessage, Now], list[ServerEffect]]]:
        return {
            "hello": lambda _message, _now: [],
            "heartbeat": lambda message, _: self._heartbeat(message.heartbeat),
            "desired_ack": lambda message, _: self._desired_ack(message.desired_ack),
            "command_received": lambda message, _: self._dispatch.received(message.command_received.command_id),
            "command_progress": lambda message, _: self._dispatch.progress(message.command_progress),
            "command_result": lambda message, _: self._dispatch.result(message.command_result),
            "report": lambda message, now: self._report(message.report, now),
            "nack": lambda _message, _now: [],
            "goodbye": lambda message, _: self._goodbye(message.goodbye),
            "credit": lambda _message, _now: [],
        }

    def _heartbeat(self, heartbeat: pb.Heartbeat) -> list[ServerEffect]:
        alive = Alive(self.session, heartbeat)
        if heartbeat.number == 0:  # only says that the agent lives
            return [alive]
        return [alive, ToAgent(pb.ServerMessage(heartbeat_ack=pb.HeartbeatAck(number=heartbeat.number)))]

    def _desired_ack(self, ack: pb.DesiredAck) -> list[ServerEffect]:
        if ack.nonce != self._desired.nonce or self._pushed_at is None:
            return []
        self._pushed_at = None
        return [StoreDesiredAck(self.session, ack)]

    def _report(self, report: pb.Report, now: Now) -> list[ServerEffect]:
        place = self._intake.place(report)
        effects: list[ServerEffect] = [StoreReport(self.session, report)] if place is Place.NEXT else []
        if place is not Place.AHEAD:
            effects.append(ToAgent(pb.ServerMessage(report_ack=pb.ReportAck(number=self._intake.stored))))
        elif self._asked[0] != self._intake.stored or now.mono - self._asked[1] >= ASK_AGAIN_AFTER:
            self._asked = (self._intake.stored, now.mono)
            again = pb.ReportAck(number=self._intake.stored, resend_full=True)
            effects.append(ToAgent(pb.ServerMessage(report_ack=again)))
        granted = self._allowance.consumed(report)
        if granted is not None:
            effects.append(ToAgent(pb.ServerMessage(credit=granted)))
        return effects

    def _goodbye(self, goodbye: pb.Goodbye) -> list[ServerEffect]:
        self.phase = Phase.CLOSED
        return [Left(self.session, goodbye.reason), Close("LEFT", goodbye.reason)]

    # what is said

    def _push(self, now: Now) -> ToAgent:
        self._pushed_at = now.mono
        return ToAgent(pb.ServerMessage(desired_state=self._desired))

    def _removed(self) -> list[ServerEffect]:
        text = "this agent was removed; enrol it again with a new join token"
        return self._refuse("AGENT_REVOKED", text, self._terms.retry_error)

    def _refuse(self, code: str, message: str, retry_after: float) -> list[ServerEffect]:
        self.phase = Phase.CLOSED
        refused = pb.Refused(code=code, message=message, retry_after=_duration(retry_after))
        return [ToAgent(pb.ServerMessage(refused=refused)), Close(code, message)]

    def _stamp(self, effects: Iterable[ServerEffect], in_reply_to: str = "") -> list[ServerEffect]:
        stamped = list(effects)
        for effect in stamped:
            if isinstance(effect, ToAgent):
                self._envelopes.wrap(effect.message, in_reply_to)
        return stamped


def _duration(seconds: float) -> Duration:
    return Duration(seconds=int(seconds), nanos=round(seconds % 1 * 1e9))


def _nack(code: str, message: str) -> ToAgent:
    return ToAgent(pb.ServerMessage(nack=pb.Nack(code=code, message=message)))
