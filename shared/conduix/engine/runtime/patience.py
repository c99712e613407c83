"""How long what is under way may still take once a stop or pause was asked for (`drain_timeout`)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


class Undrained(Exception):
    """What was under way did not end in time: it is dropped, the last complete checkpoint stands."""


class Patience:
    """Bounds what is awaited, from the first stop or pause on; it may begin and end while something is awaited."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until: float | None = None
        self._timeout: asyncio.Timeout | None = None

    def begin(self) -> None:
        """Somebody waits for a stop or pause from now on; has no effect if somebody did already."""
        if self._until is None:
            self._reach(asyncio.get_running_loop().time() + self._seconds)

    def end(self) -> None:
        """Nobody waits any longer."""
        self._reach(None)

    def _reach(self, until: float | None) -> None:
        self._until = until
        if self._timeout is not None and not self._timeout.expired():
            self._timeout.reschedule(until)

    @property
    def left(self) -> float:
        """Seconds that are left; all of them while nobody waits."""
        if self._until is None:
            return self._seconds
        return max(0.0, self._until - asyncio.get_running_loop().time())

    async def bound(self, work: Awaitable[T]) -> T:
        """Await `work`; raises Undrained, having cancelled it, when patience is at its end."""
        timeout = asyncio.timeout_at(self._until)
        try:
            async with timeout:
                self._timeout = timeout
                return await work
        except TimeoutError:
            if not timeout.expired():
                raise
            raise Undrained from None
        finally:
            self._timeout = None
