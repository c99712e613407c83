"""What a worker says and hears: the same words in this process (`conduix run`) and over a pipe (an agent)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

import msgspec

from conduix.engine.api import Counts, Reason

State = Literal["STARTING", "RUNNING", "REWINDING", "PAUSED", "DRAINING", "COMPLETED", "STOPPED", "FAILED"]
ENDS: frozenset[State] = frozenset({"COMPLETED", "STOPPED", "FAILED"})
"""Nothing follows them."""
Verb = Literal["stop", "pause", "resume", "checkpoint"]


class ActorStatus(msgspec.Struct, frozen=True):
    """One actor of the live tree."""

    id: str
    kind: Literal["source", "stretch", "stage", "sink"]
    nodes: tuple[str, ...]
    """The document's nodes that this actor runs; a fused stretch has several."""
    state: str
    restarts: int
    mailbox: int
    """Items waiting, over all input edges."""


class Status(msgspec.Struct, frozen=True):
    """What a replica reports: at every change of state, and about four times a second while it runs."""

    state: State
    at: float
    """Unix time, seconds."""
    reason: Reason | None = None
    detail: str = ""
    """One sentence: the cause of a pause or failure."""
    remedy: str = ""
    code: str = ""
    """Of that cause, stable (docs/reference/errors.md); empty: there is none, or it is a fault of Conduix."""
    n: int = 0
    """The newest complete checkpoint."""
    checkpoint_at: float = 0.0
    attempt: int = 1
    restarts: int = 0
    ledger: Mapping[str, Counts] = msgspec.field(default_factory=dict)
    """Node id → records since the run began. For a source `passed` is what was read; for a sink what was written."""
    progress: float | None = None
    """Share of the sources' bytes that was read, 0 to 1; None: unknown."""
    actors: tuple[ActorStatus, ...] = ()
    outputs: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Sink node → where its records are, for people."""
    barrier_age: float = 0.0
    """Seconds since the barrier that is in flight was sent; 0: none is. Older than `checkpoint.timeout`: look why."""


class Link(Protocol):
    """A worker's line to whoever started it."""

    def report(self, status: Status) -> None:
        """Must not block; only the newest status counts."""

    async def command(self) -> Verb:
        """The next command; waits for one."""
