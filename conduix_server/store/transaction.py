"""One transaction: statements that cancellation cannot cut in two, rows as plain values, numbered changes."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import datetime
from typing import Any, TypeVar, TypeVarTuple, cast

from sqlalchemy import CursorResult, Executable, Select, case, insert, inspect, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from conduix.errors import NotFound, Resource
from conduix_server.store.tables import Base, Change, Counter

T = TypeVar("T")
Row = TypeVar("Row", bound=Base)
Ts = TypeVarTuple("Ts")


async def unbroken(work: Coroutine[Any, Any, T]) -> T:
    """Awaits `work` to its end even when the caller is cancelled meanwhile, and passes the cancellation on then.

    A connection whose answer was not read would give it to the next caller. The drivers' read timeout bounds the wait.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError:
                continue
        if not task.cancelled():
            task.exception()
        raise


class Transaction:
    """What the repositories work on. `now` is the one moment of all that happens in it."""

    def __init__(self, session: AsyncSession, now: datetime) -> None:
        self.now = now
        self._session = session
        self._changes: dict[tuple[str, str], str] = {}

    async def all(self, query: Select[T]) -> Sequence[T]:
        """The first column of every row: whole table rows come as values that belong to nobody."""
        found = (await unbroken(self._session.scalars(query))).all()
        self._session.expunge_all()
        return found

    async def rows(self, query: Select[*Ts]) -> Sequence[tuple[*Ts]]:
        """Every row, as a tuple of its columns."""
        found = (await unbroken(self._session.execute(query))).all()
        self._session.expunge_all()
        return cast("Sequence[tuple[*Ts]]", found)

    async def first(self, query: Select[T]) -> T | None:
        """The first column of the first row, None without rows."""
        return next(iter(await self.all(query.limit(1))), None)

    async def get(self, kind: type[Row], *key: str | int, name: Resource, lock: bool = False) -> Row:
        """The row with this primary key. `lock` keeps others from changing it. Raises NotFound of kind `name`."""
        columns = inspect(kind).primary_key
        query = select(kind).where(*(column == value for column, value in zip(columns, key, strict=True)))
        row = await self.first(query.with_for_update() if lock else query)
        if row is None:
            raise NotFound(name, "/".join(map(str, key)))
        return row

    async def write(self, statement: Executable) -> int:
        """How many rows an UPDATE or DELETE met (matched, changed or not)."""
        result = await unbroken(self._session.execute(statement, execution_options={"synchronize_session": False}))
        return cast("CursorResult[Any]", result).rowcount

    async def add(self, *rows: Base) -> None:
        """Inserts. Raises KeyTaken (from the transaction) where a unique key is."""
        self._session.add_all(rows)
        await unbroken(self._session.flush())
        self._session.expunge_all()

    async def add_if_absent(self, kind: type[Base], **values: Any) -> bool:
        """Inserts unless a unique key is taken; waits for another transaction that is about to take it."""
        statement = insert(kind).values(**values)
        ignoring = statement.prefix_with("OR IGNORE", dialect="sqlite").prefix_with("IGNORE", dialect="mysql")
        return await self.write(ignoring) == 1

    async def next_number(self, name: str, scope: str = "", *, seen: int = 0, count: int = 1) -> int:
        """One more than the highest of this counter and of `seen`: never handed out before, even after a restore.

        With `count` so many at once: the last of them.
        """
        same = (Counter.name == name) & (Counter.scope == scope)
        higher = case((Counter.value < seen, seen), else_=Counter.value) + count
        while not await self.write(update(Counter).where(same).values(value=higher)):
            await self.add_if_absent(Counter, name=name, scope=scope, value=0)
        return cast("int", await self.first(select(Counter.value).where(same)))

    def changed(self, kind: str, resource_id: str, action: str) -> None:
        """Watchers learn of it when the transaction has committed; what was made and then changed is made."""
        if (self._changes.get((kind, resource_id)), action) != ("CREATED", "UPDATED"):
            self._changes[kind, resource_id] = action

    @property
    def has_changes(self) -> bool:
        """Somebody may be waiting for what happened here."""
        return bool(self._changes)

    async def number_changes(self) -> None:
        """The last thing before the commit: the counter's row lock makes the order of numbers that of commits."""
        if not self._changes:
            return
        last = await self.next_number("changes", count=len(self._changes))
        numbers = range(last - len(self._changes) + 1, last + 1)
        named = zip(numbers, self._changes.items(), strict=True)
        await self.add(
            *(
                Change(number=number, kind=kind, resource_id=resource_id, action=action, at=self.now)
                for number, ((kind, resource_id), action) in named
            )
        )
