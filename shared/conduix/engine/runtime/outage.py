"""Waiting until an outside system or the disk is back: probes with growing pauses, and an end to patience."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping

from conduix.engine.api import Sink, Source
from conduix.engine.runtime.checkpoint import CheckpointStore
from conduix.engine.runtime.failure import told
from conduix.engine.runtime.setup import Setup
from conduix.errors import PipelineFailed

PROBE_FIRST, PROBE_MAX = 1.0, 10.0
BATCH_GIVES_UP = 600.0


class Outage:
    """From the first error to the next complete checkpoint. `clock` gives monotonic seconds."""

    def __init__(self, setup: Setup, clock: Callable[[], float] = time.monotonic) -> None:
        self._setup = setup
        self._clock = clock
        self._since: float | None = None
        spec = setup.plan.spec
        self._limit = spec.retry.max_elapsed or (BATCH_GIVES_UP if spec.mode == "batch" else None)

    def failed(self) -> float:
        """Something failed; returns now."""
        now = self._clock()
        if self._since is None:
            self._since = now
        return now

    def over(self) -> None:
        """A checkpoint is complete."""
        self._since = None

    def give_up(self, detail: str, remedy: str, cause: BaseException) -> None:
        """Raises PipelineFailed once `retry.max_elapsed` has passed since the first error."""
        if self._left() <= 0:
            text = f"{detail}; given up after {self._limit:g} s (retry.max_elapsed)"
            raise PipelineFailed(text, remedy=remedy) from cause

    def _left(self) -> float:
        if self._limit is None or self._since is None:
            return float("inf")
        return max(0.0, self._since + self._limit - self._clock())

    async def wait(self, actor: str, sleep: Callable[[float], Awaitable[bool]], still: Callable[[str], None]) -> bool:
        """Until a probe of `actor` succeeds (True), time is up, or `sleep` says that something else is wanted (False).

        `still` is told the newest cause after every probe that failed.
        """
        delay = PROBE_FIRST
        while await sleep(min(delay, self._left())) and self._left() > 0:
            try:
                await self._probe(actor)
            except Exception as error:  # noqa: BLE001 - whatever a probe raises, the system is not back
                still(f"{actor}: {told(error)}")
                delay = min(PROBE_MAX, delay * 2)
            else:
                return True
        return False

    async def _probe(self, actor: str) -> None:
        nodes: Mapping[str, Source | Sink | CheckpointStore] = {**self._setup.nodes.sources, **self._setup.nodes.sinks}
        await nodes.get(actor, self._setup.store).probe()
