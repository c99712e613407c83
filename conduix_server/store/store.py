"""The store: transactions on one database, tried again where the database asks for it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Self, TypeVar

import uuid_utils
from sqlalchemy.ext.asyncio import AsyncSession

from conduix.errors import DatabaseContended, KeyTaken
from conduix_server.store.engine import WRITES, ServerLock, create_engine, parse_url
from conduix_server.store.errors import translated
from conduix_server.store.transaction import Transaction, unbroken

T = TypeVar("T")
ATTEMPTS = 8
FIRST_PAUSE = 0.01


def new_id() -> str:
    """A UUIDv7: ids sort by the time they were made."""
    return str(uuid_utils.uuid7())


class Store:
    """A database, opened. SQLite is held by a lock file: a second server gets StateBusy, with the pid of the first."""

    def __init__(self, url: str, clock: Callable[[], datetime]) -> None:
        self.url = parse_url(url)
        self._clock = clock
        self._lock = ServerLock(Path(str(self.url.database))) if self.is_sqlite else None
        # SQLite has one writer; waiting here is fair and free, waiting in its busy handler is neither
        self._writer: AbstractAsyncContextManager[object] = asyncio.Lock() if self.is_sqlite else nullcontext()
        self._on_commit: list[Callable[[], None]] = []
        self.engine = create_engine(self.url)

    @property
    def is_sqlite(self) -> bool:
        """Then this process is the only server."""
        return self.url.get_backend_name() == "sqlite"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes every connection and lets the next server in."""
        await unbroken(self.engine.dispose())
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def on_commit(self, told: Callable[[], None]) -> None:
        """From now on `told` is called after every transaction of this store that changed what others may watch."""
        self._on_commit.append(told)

    async def ping(self) -> None:
        """Returns when the database answers; raises DatabaseUnavailable."""
        async with self.reading():
            pass

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Commits at the end of the block, rolls back at any exception; one attempt.

        Raises DatabaseContended where another went first (`run` tries again), DatabaseUnavailable where it is away.
        After that nobody knows whether a commit under way was done: repeat with the same request_id.
        """
        async with self._writer, self._session(writes=True) as session:
            tx = Transaction(session, self._clock())
            yield tx
            await tx.number_changes()
            try:
                await unbroken(session.commit())
            finally:
                # nobody knows whether a commit that failed was done: whoever looks finds out
                self._tell(tx)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        """The same for queries only: waits for no writer, and what it would write is rolled back."""
        async with self._session(writes=False) as session:
            yield Transaction(session, self._clock())

    async def run(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """`work` in a transaction, again from its beginning after DatabaseContended, at most eight times.

        So it may touch nothing but its transaction. After KeyTaken it is tried once more: it sees then who was faster.
        """
        attempt, was_taken = 1, False
        while True:
            try:
                return await self._once(work)
            except DatabaseContended:
                if attempt == ATTEMPTS:
                    raise
            except KeyTaken:
                if was_taken or attempt == ATTEMPTS:
                    raise
                was_taken = True
            # two that met once shall not meet again; nobody can gain from guessing it
            await asyncio.sleep(random.uniform(0.5, 1) * FIRST_PAUSE * 2**attempt)  # noqa: S311
            attempt += 1

    def _tell(self, tx: Transaction) -> None:
        if tx.has_changes:
            for told in self._on_commit:
                told()

    async def _once(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        async with self.transaction() as tx:
            return await work(tx)

    @asynccontextmanager
    async def _session(self, *, writes: bool) -> AsyncIterator[AsyncSession]:
        with translated():
            session = AsyncSession(self.engine, expire_on_commit=False, autoflush=False)
            try:
                await unbroken(session.connection(execution_options={WRITES: writes}))
                yield session
            finally:
                await unbroken(session.close())
