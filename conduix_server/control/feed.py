"""The feed: one task of a server follows the table of changes and tells everybody in this process who waits for some.

Changes of other servers come with the next look at the table (every second), those of this one at once.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final, Self

from conduix.errors import ConduixError, ResumeTokenExpired, Unavailable
from conduix_server.store import changes
from conduix_server.store.store import Store
from conduix_server.store.tables import Change as Row

POLL: Final = 1.0
"""Seconds between two looks at the table when nothing happens here."""

MOST_PENDING: Final = 10_000
PAGE: Final = 1000

_log = logging.getLogger(__name__)


class Overrun(Exception):
    """Changes were lost to this reader, because it is too slow or they are no longer kept: take a new snapshot."""


@dataclass(frozen=True, slots=True)
class Change:
    """Resource `resource_id` changed; `action` is CREATED, UPDATED or DELETED."""

    number: int
    kind: str
    resource_id: str
    action: str


class Subscription:
    """The changes after `position` in order of their numbers; of several of one resource only the last.

    A snapshot that is read after subscribing misses nothing; what it shows already may come once more.
    """

    def __init__(self, kinds: Collection[str], ids: Collection[str], position: int, most: int) -> None:
        self.position = position
        """Everything up to it was taken: what a resume token says."""
        self._offered = position
        self._kinds, self._ids, self._most = frozenset(kinds), frozenset(ids), most
        self._pending: dict[tuple[str, str], Change] = {}
        self._woken = asyncio.Event()
        self._lost = False
        self._closed = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Change:
        """The next change. Raises Overrun, and Unavailable when the server leaves."""
        await self._some()
        return self._take_one()

    @property
    def pending(self) -> bool:
        """Is there something to take at once?"""
        return bool(self._pending)

    async def batch(self) -> list[Change]:
        """All that there is, at least one. Raises as iteration does."""
        await self._some()
        return [self._take_one() for _ in range(len(self._pending))]

    async def _some(self) -> None:
        while not self._pending or self._lost:
            if self._lost:
                self._pending.clear()
                raise Overrun
            if self._closed:
                raise Unavailable("the server is leaving", remedy="call again, with the resume token", retry_after=1)
            self._woken.clear()
            await self._woken.wait()

    def _take_one(self) -> Change:
        change = self._pending.pop(next(iter(self._pending)))
        self.position = change.number
        return change

    def skip(self, number: int) -> None:
        """Changes up to `number` are known already: a snapshot shows them."""
        self._pending = {key: change for key, change in self._pending.items() if change.number > number}
        self.position = max(self.position, number)
        self._offered = max(self._offered, number)

    def offer(self, change: Change) -> None:
        """From the feed, in order."""
        if change.number <= self._offered or self._lost:
            return
        self._offered = change.number
        if change.kind not in self._kinds or (self._ids and change.resource_id not in self._ids):
            return
        key = (change.kind, change.resource_id)
        # at the end: whoever resumes after any change taken before meets this one
        self._pending.pop(key, None)
        self._pending[key] = change
        if len(self._pending) > self._most:
            self.lose()
        self._woken.set()

    def lose(self) -> None:
        """Nobody can say any more what has changed."""
        self._lost = True
        self._woken.set()

    def close(self) -> None:
        """What is pending may still be taken."""
        self._closed = True
        self._woken.set()


class Feed:
    """`async with Feed(store) as feed`: follows from the newest change on, until it is left."""

    def __init__(self, store: Store, *, poll: float = POLL, most_pending: int = MOST_PENDING) -> None:
        self._store = store
        self._poll = poll
        self._most = most_pending
        self._position = 0
        self._readers: set[Subscription] = set()
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Raises DatabaseUnavailable: a feed that does not know where it begins could miss something."""
        self._position = await self._newest()
        self._store.on_commit(self._woken.set)
        self._task = asyncio.create_task(self._follow(), name="feed")
        self._task.add_done_callback(self._ended)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends every subscription, each after what is pending in it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    @asynccontextmanager
    async def subscribe(
        self, kinds: Collection[str], *, ids: Collection[str] = (), after: int | None = None
    ) -> AsyncIterator[Subscription]:
        """Changes of these kinds (and, if given, of these resources) from now on, or those after number `after`.

        Raises ResumeTokenExpired where some of the latter are no longer kept, DatabaseUnavailable.
        """
        reader = Subscription(kinds, ids, self._position if after is None else after, self._most)
        if after is not None:
            await self._catch_up(reader, after)
        self._readers.add(reader)
        if self._task is None or self._task.done():
            reader.close()
        try:
            yield reader
        finally:
            self._readers.discard(reader)

    async def _catch_up(self, reader: Subscription, after: int) -> None:
        """Until the feed itself is reached: then the reader can be added, nothing slips through."""
        while True:
            async with self._store.reading() as tx:
                rows = await changes.after(tx, after, limit=PAGE)
            _offer([reader], rows)
            after = rows[-1].number if rows else after
            if len(rows) < PAGE and after >= self._position:
                return

    async def _follow(self) -> None:
        away = False
        while True:
            try:
                more = await self._advance()
                away = False
            except ConduixError as error:
                if not away:
                    _log.warning("changes cannot be read, watching goes on when they can: %s", error)
                more, away = False, True
            if not more:
                await self._pause()

    async def _advance(self) -> bool:
        """Hands out the next changes; whether there may be more at once."""
        try:
            async with self._store.reading() as tx:
                rows = await changes.after(tx, self._position, limit=PAGE)
        except ResumeTokenExpired:
            self._position = await self._newest()
            for reader in self._readers:
                reader.lose()
            return True
        _offer(self._readers, rows)
        if rows:
            self._position = rows[-1].number
        return len(rows) == PAGE

    async def _pause(self) -> None:
        # servers that were started together shall not look together
        wait = self._poll * random.uniform(0.75, 1.25)  # noqa: S311 - nobody can gain from guessing it
        with suppress(TimeoutError):
            # not wait_for: before Python 3.12 it can lose a cancellation
            async with asyncio.timeout(wait):
                await self._woken.wait()
        self._woken.clear()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.critical("the feed has broken, nothing can be watched any more", exc_info=error)
        for reader in self._readers:
            reader.close()

    async def _newest(self) -> int:
        async with self._store.reading() as tx:
            return await changes.newest(tx)


def _offer(readers: Iterable[Subscription], rows: Iterable[Row]) -> None:
    for row in rows:
        change = Change(row.number, row.kind, row.resource_id, row.action)
        for reader in readers:
            reader.offer(change)
