"""How old the barrier in flight is; one that is older than `checkpoint.timeout` is told of, never aborted."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from conduix.telemetry.meter import Meter

_log = logging.getLogger(__name__)


class BarrierClock:
    """Times one barrier after the other; `changed` is called when one is overdue. `limit` is in seconds."""

    def __init__(self, limit: float, meter: Meter, changed: Callable[[], object]) -> None:
        self._limit = limit
        self._meter = meter
        self._changed = changed
        self._since: float | None = None

    @property
    def age(self) -> float:
        """Seconds since the barrier that is in flight was sent; 0: none is."""
        return 0.0 if self._since is None else time.monotonic() - self._since

    @contextmanager
    def timed(self, n: int) -> Iterator[None]:
        """Barrier n is in flight inside."""
        self._since = time.monotonic()
        overdue = asyncio.get_running_loop().call_later(self._limit, self._tell, n)
        try:
            yield
        finally:
            overdue.cancel()
            self._since = None

    def _tell(self, n: int) -> None:
        self._meter.overdue += 1
        what = {"n": n, "limit": self._limit}
        _log.warning("barrier %d is older than %g s; it goes on", n, self._limit, extra={"data": what})
        self._changed()
