"""What a session wants done. Effects are carried out in order; the next one only when the one before is done.

That order is the protocol: what is persisted before it is sent, and what is stored before it is acknowledged. A store
that is refused (no row with this session number) ends the list: the rest is dropped and `superseded()` is called.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from conduix.mesh.lanes import Lane
from conduix.v1 import mesh_service_pb2 as pb


@dataclass(frozen=True, slots=True)
class Now:
    """The moment of a call, by both clocks."""

    mono: float
    """Seconds of a clock that never jumps: timers."""
    unix: float
    """Seconds since 1970: compared with deadlines that came from another machine, and with nothing else."""


@dataclass(frozen=True, slots=True)
class ToServer:
    """Send it to the server that this connection leads to."""

    message: pb.AgentMessage
    lane: Lane = Lane.CONTROL


@dataclass(frozen=True, slots=True)
class ToAgent:
    """Send it to the agent of this session."""

    message: pb.ServerMessage
    lane: Lane = Lane.CONTROL


@dataclass(frozen=True, slots=True)
class Close:
    """Write what was sent before, then end the connection."""

    code: str
    message: str
    retry_after: float | None = None
    """Agent: seconds until the next try, as the server asked; None: by its own backoff."""


# an agent's own


@dataclass(frozen=True, slots=True)
class SaveIdentity:
    """Durable in the state directory before the next effect: what the next process names as its predecessor."""

    incarnation: str
    session_seen: int


@dataclass(frozen=True, slots=True)
class SaveDesired:
    """Durable before the next effect: what this agent starts from when no server answers."""

    update: pb.DesiredStateUpdate


@dataclass(frozen=True, slots=True)
class Apply:
    """Make it so, then call `applied` or `rejected`. A newer one may come meanwhile; it counts, this one need not."""

    update: pb.DesiredStateUpdate


@dataclass(frozen=True, slots=True)
class JournalStarted:
    """Durable before the next effect, which runs the command."""

    command_id: str
    deadline: float
    """Unix seconds."""


@dataclass(frozen=True, slots=True)
class JournalResult:
    """Durable before the next effect, which tells the server."""

    result: pb.CommandResult
    deadline: float


@dataclass(frozen=True, slots=True)
class JournalStored:
    """The server has the result: the next process need not tell it; need not be durable."""

    command_id: str


@dataclass(frozen=True, slots=True)
class JournalForget:
    """Nothing needs this entry any more; need not be durable."""

    command_id: str


@dataclass(frozen=True, slots=True)
class Execute:
    """Start the command and go on; call `finished` when it ended, however it ended."""

    command: pb.Command


@dataclass(frozen=True, slots=True)
class Move:
    """The server leaves: connect elsewhere first, then end this connection."""

    delay: float
    alternatives: tuple[str, ...]


Write: TypeAlias = SaveIdentity | SaveDesired | JournalStarted | JournalResult | JournalStored | JournalForget
"""What is for the disk of the agent."""

AgentEffect: TypeAlias = ToServer | Close | Apply | Execute | Move | Write


# a server's own


@dataclass(frozen=True, slots=True)
class Find:
    """Read the agent's row, then call `found`."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class Probe:
    """Have whichever server holds that session call its `probe`; call `probed` with what came of it.

    `probed(False)` at once when nobody holds it. Silence is decided by this session itself.
    """

    agent_id: str
    session: int


@dataclass(frozen=True, slots=True)
class Answered:
    """The agent of this session answered the probe: tell the session that asked, by its `probed(True)`."""

    session: int


@dataclass(frozen=True, slots=True)
class Claim:
    """One UPDATE ... WHERE session = `expected`; then call `claimed` with the row as it is after it, or None.

    Appends the incarnation to the row's `accepted` unless it is the last already, and ends `adopting`.
    """

    agent_id: str
    expected: int
    session: int
    incarnation: str
    desired_version: int
    """The desired state has at least this version afterwards; above the stored one if the database was restored."""
    epochs: dict[str, int] = field(default_factory=dict)
    """Pipeline → the highest epoch that the agent ever saw: the next one handed out is above it."""


@dataclass(frozen=True, slots=True)
class Confirm:
    """The process was heard after its welcome: the row's `incarnation`, and nothing is `accepted` besides it.

    WHERE session = `session`.
    """

    session: int
    incarnation: str


@dataclass(frozen=True, slots=True)
class Alert:
    """Tell a person."""

    code: str
    agent_id: str
    message: str


@dataclass(frozen=True, slots=True)
class Alive:
    """The agent was heard. Written in batches, WHERE session = `session`: a row that is missing ends that session."""

    session: int
    heartbeat: pb.Heartbeat


@dataclass(frozen=True, slots=True)
class StoreReport:
    """Store it and set the acknowledged number to its number, in one transaction, WHERE session = `session`."""

    session: int
    report: pb.Report


@dataclass(frozen=True, slots=True)
class StoreDesiredAck:
    """What the agent said about a version, WHERE session = `session`. The Operation is done by reports, not by this."""

    session: int
    ack: pb.DesiredAck


@dataclass(frozen=True, slots=True)
class StoreReceived:
    """The agent has the command in its journal, WHERE session = `session`."""

    session: int
    command_id: str


@dataclass(frozen=True, slots=True)
class StoreProgress:
    """For the caller that watches; lost without harm."""

    session: int
    progress: pb.CommandProgress


@dataclass(frozen=True, slots=True)
class StoreResult:
    """The answer to the caller, WHERE session = `session` and only where none is stored yet."""

    session: int
    result: pb.CommandResult


@dataclass(frozen=True, slots=True)
class Left:
    """A clean leave, WHERE session = `session`."""

    session: int
    reason: str


ServerEffect: TypeAlias = (
    ToAgent
    | Close
    | Find
    | Probe
    | Answered
    | Claim
    | Confirm
    | Alert
    | Alive
    | StoreReport
    | StoreDesiredAck
    | StoreReceived
    | StoreProgress
    | StoreResult
    | Left
)
