"""Watch streams: a snapshot (or what was missed), SYNCED, then what changes, each with the token to go on from."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from conduix.errors import ResumeTokenExpired
from conduix.v1.common_pb2 import (
    CHANGE_KIND_ADDED,
    CHANGE_KIND_REMOVED,
    CHANGE_KIND_SNAPSHOT,
    CHANGE_KIND_SYNCED,
    CHANGE_KIND_UPDATED,
    ChangeKind,
)
from conduix_server.control.feed import Change, Feed, Overrun, Subscription
from conduix_server.store import changes
from conduix_server.store.store import Store
from conduix_server.store.transaction import Transaction


class _Identified(Protocol):
    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=_Identified)


@dataclass(frozen=True, slots=True)
class Seen(Generic[T]):
    """One message of a watch. `item` is None for SYNCED, and has only its id where it was removed."""

    kind: ChangeKind
    item: T | None
    token: str = ""


@dataclass(frozen=True, slots=True)
class Watched(Generic[T]):
    """A list that can be watched."""

    kinds: Collection[str]
    """Changes of these touch it."""
    own: str
    """The one whose resource ids are the items' ids."""
    read: Callable[[Transaction, Collection[Change] | None], Awaitable[Sequence[T]]]
    """The items that belong to the list: all (None), or those that these changes touch."""
    gone: Callable[[str], T]
    """What stands for an item that is no longer in the list."""


async def watch(store: Store, feed: Feed, watched: Watched[T], resume_token: str) -> AsyncGenerator[Seen[T], None]:
    """Until the caller or the server leaves. Raises ResumeTokenExpired where changes were lost on the way."""
    after = changes.from_token(resume_token) if resume_token else None
    async with feed.subscribe(watched.kinds, after=after) as subscription:
        known: set[str] | None = None
        synced = after is None
        if after is None:
            async with store.reading() as tx:
                # first the number: what is committed between the two is read, and told once more
                subscription.skip(await changes.newest(tx))
                items = await watched.read(tx, None)
            known = {item.id for item in items}
            for item in items:
                yield Seen(CHANGE_KIND_SNAPSHOT, item)
            yield Seen(CHANGE_KIND_SYNCED, None, changes.to_token(subscription.position))
        while True:
            if not synced and not subscription.pending:  # else a quiet stream and none at all would look the same
                yield Seen(CHANGE_KIND_SYNCED, None, changes.to_token(subscription.position))
                synced = True
            batch = await _batch(subscription)
            async with store.reading() as tx:
                found = await watched.read(tx, batch)
            for seen in _told(watched, batch, found, known):
                yield seen


async def _batch(subscription: Subscription) -> list[Change]:
    try:
        return await subscription.batch()
    except Overrun:
        raise ResumeTokenExpired("more has changed than was read", remedy="watch from a new snapshot") from None


def _told(watched: Watched[T], batch: Sequence[Change], found: Sequence[T], known: set[str] | None) -> list[Seen[T]]:
    """`known`: what the caller was told of; None: nobody knows, it goes on from an earlier watch.

    One token for all: who goes on after a part of a batch gets the rest of it once more, and nothing less.
    """
    before, token = changes.to_token(batch[0].number - 1), changes.to_token(batch[-1].number)
    own = {change.resource_id: change.action for change in batch if change.kind == watched.own}
    seen: list[Seen[T]] = []
    for item in found:
        is_told = own.get(item.id) != "CREATED" if known is None else item.id in known
        seen.append(Seen(CHANGE_KIND_UPDATED if is_told else CHANGE_KIND_ADDED, item, before))
    there = {item.id for item in found}
    left = [key for key in own if key not in there and (known is None or key in known)]
    seen += [Seen(CHANGE_KIND_REMOVED, watched.gone(key), before) for key in left]
    if known is not None:
        known |= there
        known -= own.keys() - there
    if seen:
        seen[-1] = Seen(seen[-1].kind, seen[-1].item, token)
    return seen
