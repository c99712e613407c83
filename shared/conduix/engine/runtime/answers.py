"""What sources are told: flushes that are durable or dropped, checkpoints that are complete."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence

from conduix.engine.api import Flush, Position, Source
from conduix.engine.runtime.attempt import Writes
from conduix.engine.runtime.failure import ActorFailed, failure_of, told

_log = logging.getLogger(__name__)


class Answers:
    """Tells the sources of a region; they answer requests or acknowledge messages with it."""

    def __init__(self, sources: Mapping[str, Source], writes: Writes) -> None:
        self._sources = sources
        self._writes = writes
        self._owed: tuple[int, Mapping[str, Mapping[str, Position]]] | None = None

    async def flushed(self, flushes: Sequence[Flush], *, durable: bool) -> None:
        """These flushes are done. Raises ActorFailed."""
        for flush in flushes:
            with failure_of(flush.source):
                await self._writes.run(self._sources[flush.source].flushed(flush.k, durable=durable))

    async def refuse(self, flushes: Sequence[Flush], patience: float) -> None:
        """What these flushes are about was dropped; a source that cannot say so in time is only logged."""
        try:
            async with asyncio.timeout(patience):
                await self.flushed(flushes, durable=False)
        except (ActorFailed, TimeoutError) as error:
            _log.warning("a source could not refuse what it was asked: %s", told(error))

    def owe(self, n: int, positions: Mapping[str, Mapping[str, Position]]) -> None:
        """Checkpoint n is about to become complete; by source what it covers."""
        self._owed = n, positions

    async def committed(self, n: int) -> None:
        """Tell every source that n is complete, if that is still owed. Raises ActorFailed."""
        if self._owed is None or self._owed[0] != n:
            return
        for node, source in self._sources.items():
            with failure_of(node):
                await self._writes.run(source.committed(n, self._owed[1][node]))
        self._owed = None
