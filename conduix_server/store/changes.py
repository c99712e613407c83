"""Numbered changes, in the order of commits: what Watch streams follow and resume from."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, func, select, update

from conduix.errors import InvalidArgument, ResumeTokenExpired
from conduix_server.store.tables import Change, Counter
from conduix_server.store.transaction import Transaction

KEPT: Final = timedelta(minutes=10)
MOST_KEPT: Final = 100_000
COMPACTED = "changes_compacted"


async def newest(tx: Transaction) -> int:
    """The number of the last change. Read it before the snapshot that a Watch begins with, not after."""
    return await _counter(tx, "changes")


async def after(tx: Transaction, number: int, *, kinds: Collection[str] = (), limit: int = 1000) -> Sequence[Change]:
    """Changes after `number`, in order.

    Raises ResumeTokenExpired where some of them are gone or `number` was never reached (a restored database).
    """
    if not await _counter(tx, COMPACTED) <= number <= await newest(tx):
        raise ResumeTokenExpired("the resume token is older than what is kept", remedy="begin with a new snapshot")
    query = select(Change).where(Change.number > number).order_by(Change.number).limit(limit)
    return await tx.all(query.where(Change.kind.in_(sorted(kinds))) if kinds else query)


async def compact(tx: Transaction, *, most: int = MOST_KEPT) -> int:
    """Drops what is older than ten minutes, and the oldest beyond `most`; how many were dropped."""
    old = await tx.first(select(func.max(Change.number)).where(Change.at < tx.now - KEPT)) or 0
    edge = max(old, await newest(tx) - most)
    if edge <= await _counter(tx, COMPACTED):
        return 0
    await tx.add_if_absent(Counter, name=COMPACTED, scope="", value=0)
    await tx.write(update(Counter).where(Counter.name == COMPACTED, Counter.value < edge).values(value=edge))
    return await tx.write(delete(Change).where(Change.number <= edge))


def to_token(number: int) -> str:
    """The resume token that stands for everything up to `number`."""
    return f"c{number:x}"


def from_token(token: str) -> int:
    """The number of a resume token. Raises InvalidArgument for one that is none of ours."""
    try:
        if token[:1] == "c" and token.isalnum() and token.isascii():
            return int(token[1:], 16)
    except ValueError:
        pass
    raise InvalidArgument.of_field("resume_token", "not one of ours: give back the last one that the stream carried")


async def _counter(tx: Transaction, name: str) -> int:
    return await tx.first(select(Counter.value).where(Counter.name == name, Counter.scope == "")) or 0
