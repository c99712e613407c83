"""One mailbox: bounded, fair, loses nothing, and aligns markers over its edges."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conduix.engine.api import Barrier, Batch, End, Flush, Item, Rows
from conduix.engine.runtime.mailbox import Mailbox


def batch(edge: int, i: int) -> Batch:
    return Batch(f"e{edge}", {"offset": i}, {"offset": i + 1}, Rows([i]), 1)


def name(item: Item | None) -> str:
    if isinstance(item, Batch):
        return f"{item.shard}:{item.first['offset']}"
    return "-" if item is None else type(item).__name__


def mailbox(edges: int, capacity: int = 8, **reached: Sequence[int]) -> Mailbox:
    every = reached or {"s": range(edges)}
    return Mailbox(edges, capacity, {source: frozenset(e) for source, e in every.items()})


async def taken(box: Mailbox) -> list[str]:
    """Everything that can be got now."""
    got = []
    while (item := await box.get(0.0)) is not None:
        got.append(name(item))
    return got


async def test_a_full_edge_suspends_its_sender_and_only_that() -> None:
    box = mailbox(2, capacity=2)
    await box.put(0, batch(0, 0))
    await box.put(0, batch(0, 1))
    third = asyncio.create_task(box.put(0, batch(0, 2)))
    await asyncio.sleep(0)
    assert not third.done()
    await box.put(1, batch(1, 0))
    assert box.depth == 3
    assert name(await box.get()) == "e0:0"
    await third
    assert await taken(box) == ["e1:0", "e0:1", "e0:2"]
    assert box.depth == 0


async def test_edges_take_turns() -> None:
    box = mailbox(3)
    for i in range(2):
        for edge in (0, 2):
            await box.put(edge, batch(edge, i))
    assert await taken(box) == ["e0:0", "e2:0", "e0:1", "e2:1"]


async def test_get_waits_and_wakes() -> None:
    box = mailbox(1)
    waiting = asyncio.create_task(box.get())
    await asyncio.sleep(0)
    await box.put(0, batch(0, 7))
    assert name(await waiting) == "e0:7"


async def test_patience_ends_without_losing_anything() -> None:
    box = mailbox(1)
    assert await box.get(0.001) is None
    await box.put(0, batch(0, 0))
    assert name(await box.get(0.001)) == "e0:0"


async def test_a_reader_that_was_cancelled_lost_nothing() -> None:
    box = mailbox(1)
    waiting = asyncio.create_task(box.get())
    await asyncio.sleep(0)
    await box.put(0, batch(0, 0))
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert name(await box.get(0.0)) == "e0:0"


async def test_a_barrier_is_aligned_and_edges_that_sent_it_are_not_read() -> None:
    box = mailbox(2)
    for item in (batch(0, 0), Barrier(1, final=False), batch(0, 1)):
        await box.put(0, item)
    assert await taken(box) == ["e0:0"]
    assert box.depth == 1, "what comes after the barrier waits"
    await box.put(1, batch(1, 0))
    await box.put(1, Barrier(1, final=False))
    assert await taken(box) == ["e1:0", "Barrier", "e0:1"]


async def test_an_edge_held_for_alignment_pushes_back() -> None:
    box = mailbox(2, capacity=1)
    await box.put(0, Barrier(1, final=False))
    assert await box.get(0.0) is None
    await box.put(0, batch(0, 0))
    blocked = asyncio.create_task(box.put(0, batch(0, 1)))
    await asyncio.sleep(0)
    assert not blocked.done()
    await box.put(1, Barrier(1, final=False))
    assert await taken(box) == ["Barrier", "e0:0"]
    await blocked


async def test_an_ended_edge_needs_no_barrier() -> None:
    box = mailbox(2)
    for edge in (0, 1):
        await box.put(edge, Barrier(1, final=edge == 0))
    await box.put(0, End())
    await box.put(1, Barrier(2, final=True))
    await box.put(1, End())
    assert await taken(box) == ["Barrier", "Barrier", "End"]


async def test_an_end_before_its_barrier_is_a_fault() -> None:
    box = mailbox(2)
    await box.put(0, Barrier(1, final=True))
    await box.put(1, End())
    with pytest.raises(AssertionError, match="final barrier comes first"):
        await box.get(0.0)


async def test_a_flush_passes_when_it_came_on_every_edge_that_its_source_reaches() -> None:
    box = mailbox(3, a=[0, 1], b=[2])
    await box.put(0, Flush("a", 1))
    await box.put(0, batch(0, 0))
    await box.put(2, Flush("b", 1))
    assert await taken(box) == ["e0:0", "Flush"], "a flush holds nothing back, and b's need not come on other edges"
    await box.put(1, Flush("a", 1))
    assert await taken(box) == ["Flush"]


async def test_flushes_overtake_each_other_without_confusion() -> None:
    box = mailbox(2)
    for k in (1, 2):
        await box.put(0, Flush("s", k))
    for k in (1, 2):
        await box.put(1, Flush("s", k))
    got = [await box.get(0.0), await box.get(0.0)]
    assert got == [Flush("s", 1), Flush("s", 2)]


async def test_a_flush_that_was_deferred_upstream_is_forgotten_at_the_barrier() -> None:
    box = mailbox(2)
    await box.put(0, Flush("s", 1))
    for edge in (0, 1):
        await box.put(edge, Barrier(1, final=False))
    assert await taken(box) == ["Barrier"]
    await box.put(1, Flush("s", 1))
    assert await taken(box) == [], "a number that comes again later starts anew"


@given(st.data())
def test_whatever_the_order_every_edge_keeps_its_own(data: st.DataObject) -> None:
    """Put and got in any order: batches in order per edge, barriers between the right ones."""
    edges = data.draw(st.integers(1, 3))
    scripts: list[list[Item]] = []
    for edge in range(edges):
        script: list[Item] = []
        for n in range(3):
            script += [batch(edge, n * 10 + i) for i in range(data.draw(st.integers(0, 3)))]
            script.append(Barrier(n, final=n == 2))
        scripts.append([*script, End()])

    async def play() -> list[Item]:
        box, got = mailbox(edges, capacity=data.draw(st.integers(1, 3))), []
        puts = [asyncio.create_task(_put_all(box, edge, scripts[edge])) for edge in range(edges)]
        while True:
            item = await box.get()
            assert item is not None
            got.append(item)
            if isinstance(item, End):
                break
        await asyncio.gather(*puts)
        return got

    got = asyncio.run(play())
    passed = [item for item in got if isinstance(item, Barrier)]
    assert [barrier.n for barrier in passed] == [0, 1, 2]
    epoch = 0
    for item in got:
        if isinstance(item, Barrier):
            epoch += 1
        elif isinstance(item, Batch):
            assert int(item.first["offset"]) // 10 == epoch
    for edge in range(edges):
        sent = [item for item in scripts[edge] if isinstance(item, Batch)]
        assert [item for item in got if isinstance(item, Batch) and item.shard == f"e{edge}"] == sent


async def _put_all(box: Mailbox, edge: int, items: Sequence[Item]) -> None:
    for item in items:
        await box.put(edge, item)
        await asyncio.sleep(0)
