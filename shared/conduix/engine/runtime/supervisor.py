"""What happens when an actor fails: a decision from the cause and the history, without I/O or clock of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import msgspec

from conduix.engine.api import Reason
from conduix.engine.runtime.failure import told
from conduix.errors import ConduixError, ConnectorError, DiskError, RecordError, SystemicError, TransientError
from conduix.spec.model import SupervisionSpec


class Restart(msgspec.Struct, frozen=True):
    """Rewind the region after `delay` seconds; `actors` are rebuilt and counted."""

    actors: frozenset[str]
    delay: float


class Pause(msgspec.Struct, frozen=True):
    """Stop reading until a probe of the failing actor succeeds."""

    reason: Reason
    system: str


class Escalate(msgspec.Struct, frozen=True):
    """The pipeline is FAILED."""

    cause: str


Decision = Restart | Pause | Escalate


class Supervisor:
    """`one_for_one` with intensity and backoff (Erlang/OTP semantics).

    Exactly `max_restarts` restarts within the sliding window survive; the next failure does not: the cause decides
    whether the pipeline is then paused (an outside system) or failed (everything else). `jitter` returns a number
    in [0, 1).
    """

    def __init__(self, spec: SupervisionSpec, jitter: Callable[[], float]) -> None:
        self._spec = spec
        self._jitter = jitter
        self._restarts: deque[float] = deque()
        self.restarts: dict[str, int] = {}
        """actor id → restarts counted since the start."""

    def failed(self, actor: str, cause: BaseException, now: float) -> Decision:
        """Decide about the failure of `actor` at `now` (monotonic seconds)."""
        if isinstance(cause, DiskError):
            return Pause("DISK", cause.system)
        if isinstance(cause, SystemicError):
            return Pause("OUTSIDE", cause.system)
        if isinstance(cause, RecordError) or (
            isinstance(cause, ConduixError) and not isinstance(cause, ConnectorError)
        ):
            return Escalate(f"{actor}: {told(cause)}")  # the same records or the same state would fail again
        while self._restarts and self._restarts[0] <= now - self._spec.within_seconds:
            self._restarts.popleft()
        if len(self._restarts) >= self._spec.max_restarts:
            return self._past_intensity(actor, cause)
        self._restarts.append(now)
        self.restarts[actor] = self.restarts.get(actor, 0) + 1
        return Restart(frozenset({actor}), self._delay(len(self._restarts)))

    def _past_intensity(self, actor: str, cause: BaseException) -> Decision:
        if isinstance(cause, TransientError):
            return Pause("OUTSIDE", cause.system)
        within = f"{self._spec.max_restarts} restarts in {self._spec.within_seconds:g} s"
        return Escalate(f"{actor} failed again after {within}: {told(cause)}")

    def _delay(self, count: int) -> float:
        """Doubled with every restart in the window, at most `max`, less up to a half by jitter."""
        backoff = self._spec.backoff
        full = min(backoff.max, backoff.initial * 2.0 ** (count - 1))
        return full * (1.0 - self._jitter() / 2.0)
