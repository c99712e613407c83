"""The feed: nothing is missed, wherever and whenever it was changed; who is too slow is told so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import URL

from conduix.errors import ResumeTokenExpired, Unavailable
from conduix_server.control.feed import Change, Feed, Overrun, Subscription
from conduix_server.store import changes
from conduix_server.store.store import Store
from conduix_server.store.transaction import Transaction
from tests.integration.store.conftest import address
from tests.integration.store.world import Clock


@pytest.fixture
async def feed(store: Store) -> AsyncIterator[Feed]:
    # so rarely that only what is told at the commit can be in time
    async with Feed(store, poll=60) as following:
        yield following


async def change(store: Store, *ids: str, kind: str = "pipeline", action: str = "UPDATED") -> None:
    async def work(tx: Transaction) -> None:
        for key in ids:
            tx.changed(kind, key, action)

    await store.run(work)


async def take(reader: Subscription, count: int) -> list[str]:
    async with asyncio.timeout(20):
        return [(await anext(reader)).resource_id for _ in range(count)]


async def test_changes_of_this_server_arrive_at_once_and_only_the_wanted(store: Store, feed: Feed) -> None:
    async with feed.subscribe({"pipeline"}) as reader, feed.subscribe({"pipeline", "run"}, ids={"b", "r"}) as narrow:
        await change(store, "a", "b")
        await change(store, "r", kind="run")
        await change(store, "c", action="DELETED")
        assert await take(reader, 3) == ["a", "b", "c"]
        assert await take(narrow, 2) == ["b", "r"]


async def test_what_is_rolled_back_is_never_told(store: Store, feed: Feed) -> None:
    async with feed.subscribe({"pipeline"}) as reader:

        async def work(tx: Transaction) -> None:
            tx.changed("pipeline", "never", "UPDATED")
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await store.run(work)
        await change(store, "a")
        assert await take(reader, 1) == ["a"]


@pytest.mark.parametrize("database", ["mariadb"], indirect=True)
async def test_changes_of_another_server_arrive(store: Store, database: URL, clock: Clock) -> None:
    async with (
        Store(address(database), clock) as other,
        Feed(store, poll=0.05) as here,
        Feed(other) as there,
        here.subscribe({"pipeline"}) as reader,
        there.subscribe({"pipeline"}) as local,
    ):
        for key in "abc":
            await change(other, key)
        assert await take(local, 3) == ["a", "b", "c"]
        assert await take(reader, 3) == ["a", "b", "c"]


async def test_a_slow_reader_gets_the_last_of_each_resource_in_order(store: Store, feed: Feed) -> None:
    async with feed.subscribe({"pipeline"}) as reader:
        async with feed.subscribe({"pipeline"}, ids={"end"}) as end:
            await change(store, "a", action="CREATED")
            await change(store, "b")
            await change(store, "a")
            await change(store, "end")
            await take(end, 1)
        assert await reader.batch() == [
            Change(2, "pipeline", "b", "UPDATED"),
            Change(3, "pipeline", "a", "UPDATED"),
            Change(4, "pipeline", "end", "UPDATED"),
        ]
        assert reader.position == 4


async def test_what_a_snapshot_shows_is_not_told_again(store: Store, feed: Feed) -> None:
    async with feed.subscribe({"pipeline"}) as reader:
        async with feed.subscribe({"pipeline"}, ids={"b"}) as end:
            await change(store, "a", "b")
            await take(end, 1)
        reader.skip(1)
        assert (reader.position, await take(reader, 1)) == (1, ["b"])
        reader.skip(3)
        await change(store, "c", "d")
        assert await take(reader, 1) == ["d"]


async def test_a_reader_that_is_far_too_slow_is_told_to_begin_anew(store: Store) -> None:
    async with Feed(store, most_pending=3) as feed, feed.subscribe({"pipeline"}) as reader:
        async with feed.subscribe({"pipeline"}, ids={"d"}) as last:
            await change(store, "a", "b", "c", "d")
            await take(last, 1)
        with pytest.raises(Overrun):
            await anext(reader)
        async with feed.subscribe({"pipeline"}) as again:
            await change(store, "e")
            assert await take(again, 1) == ["e"]


async def test_resuming_meets_everything_after_a_restart(database: URL, clock: Clock) -> None:
    async with Store(address(database), clock) as store, Feed(store) as feed, feed.subscribe({"pipeline"}) as reader:
        await change(store, "a", "b")
        assert await take(reader, 1) == ["a"]
        position = reader.position
    async with Store(address(database), clock) as store:
        await change(store, "c")
        async with Feed(store, poll=60) as feed, feed.subscribe({"pipeline"}, after=position) as reader:
            await change(store, "d")
            assert await take(reader, 3) == ["b", "c", "d"]


async def test_resuming_ahead_of_a_feed_that_lags_behind(store: Store) -> None:
    feed = Feed(store)  # it looks when the test says so
    await change(store, "a", "b", "c")
    async with feed.subscribe({"pipeline"}, after=2) as reader:
        assert await take(reader, 1) == ["c"]
        assert await feed._advance() is False
        assert reader._pending == {}


async def test_resuming_across_many_pages_meets_each_change_once(store: Store, feed: Feed) -> None:
    await change(store, *(f"{number:04}" for number in range(2500)))
    async with feed.subscribe({"pipeline"}, after=0) as reader:
        assert await take(reader, 2500) == [f"{number:04}" for number in range(2500)]


async def test_what_is_compacted_cannot_be_resumed(store: Store, feed: Feed, clock: Clock) -> None:
    await change(store, "a")
    clock.move(minutes=11)
    await change(store, "b")
    await store.run(changes.compact)
    with pytest.raises(ResumeTokenExpired):
        async with feed.subscribe({"pipeline"}, after=0):
            raise AssertionError("must not be reached")
    async with feed.subscribe({"pipeline"}, after=1) as reader:
        assert await take(reader, 1) == ["b"]


async def test_a_feed_behind_what_is_kept_tells_its_readers(store: Store) -> None:
    feed = Feed(store)  # it looks when the test says so
    async with feed.subscribe({"pipeline"}) as reader:
        await change(store, "a", "b")
        await store.run(lambda tx: changes.compact(tx, most=0))
        await feed._advance()
        with pytest.raises(Overrun):
            await anext(reader)


async def test_a_closing_feed_ends_its_readers_after_what_is_pending(store: Store) -> None:
    feed = Feed(store)
    async with feed.subscribe({"pipeline"}) as never:
        with pytest.raises(Unavailable):
            await anext(never)
    async with feed, feed.subscribe({"pipeline"}) as reader:
        await change(store, "a")
        assert await take(reader, 1) == ["a"]
        waiting = asyncio.create_task(anext(reader))
        await feed.close()
        with pytest.raises(Unavailable, match="leaving"):
            await waiting
