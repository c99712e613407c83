"""All input edges of one actor: bounded, fair, and the place where markers are aligned."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping

from conduix.engine.api import Barrier, Batch, End, Flush, Item


class Mailbox:
    """One bounded queue an edge.

    `get` returns a batch from any open edge; a `Barrier` once every edge has delivered it (edges that delivered it
    are not read meanwhile); a `Flush` once it came on every edge that its source reaches (nothing is held back
    meanwhile); `End` once every edge has ended.
    """

    def __init__(self, edges: int, capacity: int, reached_by: Mapping[str, frozenset[int]]) -> None:
        self._queues: list[deque[Item]] = [deque() for _ in range(edges)]
        self._senders: list[deque[asyncio.Future[None]]] = [deque() for _ in range(edges)]
        self._capacity = capacity
        self._reached_by = reached_by
        self._aligned: set[int] = set()
        self._ended: set[int] = set()
        self._flushes: dict[tuple[str, int], set[int]] = {}
        self._turn = 0
        self._reader: asyncio.Future[None] | None = None

    @property
    def depth(self) -> int:
        """Items waiting, over all edges."""
        return sum(len(queue) for queue in self._queues)

    async def put(self, edge: int, item: Item) -> None:
        """Add to an edge; suspends while it is full: that is the backpressure."""
        queue = self._queues[edge]
        while len(queue) >= self._capacity:
            turn = asyncio.get_running_loop().create_future()
            self._senders[edge].append(turn)
            await turn
        queue.append(item)
        self._wake_reader()

    async def get(self, patience: float | None = None) -> Item | None:
        """The next item, markers aligned; None after `patience` seconds without one. Loses nothing."""
        deadline = None if patience is None else asyncio.get_running_loop().time() + patience
        while True:
            item = self._take()
            if item is not None:
                return item
            if not await self._wait(deadline):
                return None

    def _take(self) -> Item | None:
        """One item from the edges in turn, if any edge has one that completes something."""
        edges = len(self._queues)
        for edge in [*range(self._turn, edges), *range(self._turn)]:
            while self._queues[edge] and edge not in self._aligned:
                item: Item = self._queues[edge].popleft()
                self._wake_sender(edge)
                self._turn = (edge + 1) % edges
                if isinstance(item, Batch) or self._completes(edge, item):
                    return item
        return None

    def _completes(self, edge: int, marker: Barrier | Flush | End) -> bool:
        """Note a marker on an edge; is it now complete over all edges that it must come on?"""
        if isinstance(marker, Flush):
            return self._flush_completes(edge, marker)
        if isinstance(marker, End):
            if self._aligned:
                raise AssertionError("End inside an alignment: the final barrier comes first on every edge")
            self._ended.add(edge)
            return len(self._ended) == len(self._queues)
        self._aligned.add(edge)
        if len(self._aligned | self._ended) < len(self._queues):
            return False
        self._aligned.clear()
        # an edge keeps its order: a flush that is not complete now was deferred before it came here on all edges
        self._flushes.clear()
        return True

    def _flush_completes(self, edge: int, flush: Flush) -> bool:
        seen: set[int] = self._flushes.setdefault((flush.source, flush.k), set())
        seen.add(edge)
        if self._reached_by[flush.source] - seen - self._ended:
            return False
        del self._flushes[flush.source, flush.k]
        return True

    async def _wait(self, deadline: float | None) -> bool:
        """Until something was put; False when the deadline came first."""
        loop = asyncio.get_running_loop()
        if deadline is not None and loop.time() >= deadline:
            return False
        self._reader = loop.create_future()
        timer = None if deadline is None else loop.call_at(deadline, self._wake_reader)
        try:
            await self._reader
        finally:
            self._reader = None
            if timer is not None:
                timer.cancel()
        return True

    def _wake_reader(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def _wake_sender(self, edge: int) -> None:
        senders = self._senders[edge]
        while senders:
            turn = senders.popleft()
            if not turn.done():
                turn.set_result(None)
                return
