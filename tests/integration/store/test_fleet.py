"""Agents, join tokens, desired state, outbox, operations, reports and checkpoints, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from conduix.errors import (
    FailedPrecondition,
    FenceLost,
)
from conduix_server.store import desired, operations, reports, runs, servers
from conduix_server.store.paging import PageRequest
from conduix_server.store.store import Store, new_id
from conduix_server.store.tables import Server
from tests.integration.store.world import (
    Clock,
    checkpoint,
    enrolled,
    operation,
    pipeline,
    report,
)


async def test_another_agent_or_run_means_another_epoch(store: Store) -> None:
    async with store.transaction() as tx:
        made, one, two = await pipeline(tx), await enrolled(tx, "a1"), await enrolled(tx, "a2")
        run = await runs.start(tx, new_id(), made.id)
        key, run_id = made.id, run.id
        first = await desired.assign(tx, key, 0, agent_id=one.id, action="START", revision=1, run_id=run_id)
        paused = await desired.assign(tx, key, 0, agent_id=one.id, action="PAUSE", revision=1, run_id=run_id)
        moved = await desired.assign(
            tx, key, 0, agent_id=two.id, action="START", revision=1, run_id=run_id, seen_epoch=9
        )
        assert (first.epoch, paused.epoch, moved.epoch) == (1, 1, 10)
        left, taken = await desired.of_agent(tx, one.id), await desired.of_agent(tx, two.id)
        assert (left.version, list(left.assignments)) == (3, [])
        assert (taken.version, list(taken.assignments)) == (1, [moved])


async def test_versions_go_on_from_what_an_agent_has_applied(store: Store) -> None:
    async with store.transaction() as tx:
        made, one = await pipeline(tx), await enrolled(tx)
        await desired.learn_version(tx, one.id, 77)
        await desired.learn_version(tx, one.id, 5)
        await desired.assign(tx, made.id, 0, agent_id=one.id, action="START", revision=1, run_id=None)
        assert (await desired.of_agent(tx, one.id)).version == 78
        await desired.withdraw(tx, made.id, from_replica=1)
        assert len((await desired.of_agent(tx, one.id)).assignments) == 1


async def test_an_operation_ends_once(store: Store, clock: Clock) -> None:
    made = operation("p1")
    key = made.id
    await store.run(lambda tx: operations.start(tx, made))
    await store.run(lambda tx: operations.advance(tx, key, operations.RUNNING, message="1 of 2"))
    async with store.reading() as tx:
        assert [row.message for row in await operations.open_for(tx, "p1")] == ["1 of 2"]
        assert await operations.overdue(tx) == []
    clock.move(hours=25)
    async with store.transaction() as tx:
        assert [row.id for row in await operations.overdue(tx)] == [key]
        await operations.advance(tx, key, operations.FAILED, error_code="TIMEOUT")
    with pytest.raises(FailedPrecondition, match="FAILED"):
        await store.run(lambda tx: operations.advance(tx, key, operations.DONE))
    async with store.reading() as tx:
        assert (await operations.page(tx, PageRequest(), state=operations.FAILED)).total_size == 1


async def test_only_the_newest_report_is_kept(store: Store) -> None:
    made = await store.run(pipeline)
    given = [(1, 5, True), (1, 4, False), (1, 5, False), (2, 1, True), (1, 9, False)]
    for epoch, number, kept in given:
        async with store.transaction() as tx:
            assert await reports.save(tx, report(made.id, "a1", epoch=epoch, number=number)) is kept
    async with store.reading() as tx:
        assert [(row.epoch, row.number) for row in await reports.of_pipeline(tx, made.id)] == [(2, 1)]


async def test_a_checkpoint_of_an_earlier_owner_is_refused(store: Store) -> None:
    made = await store.run(pipeline)
    given = [(1, 1, 3, True), (1, 1, 2, False), (1, 2, 1, True), (2, 1, 0, True)]
    for run_seq, generation, number, kept in given:
        copy = checkpoint(made.id, "a1", run_seq=run_seq, generation=generation, number=number)
        async with store.transaction() as tx:
            assert await reports.save_checkpoint(tx, copy) is kept
    with pytest.raises(FenceLost):
        await store.run(lambda tx: reports.save_checkpoint(tx, checkpoint(made.id, "a1", generation=9, number=9)))
    async with store.reading() as tx:
        (stored,) = await reports.checkpoints(tx, made.id)
    assert (stored.run_seq, stored.body) == (2, bytes(range(256)))


async def test_servers_come_and_go(store: Store, clock: Clock) -> None:
    await store.run(
        lambda tx: servers.register(tx, Server(id="s1", address="h:1", release="1", started_at=tx.now, seen_at=tx.now))
    )
    clock.move(seconds=30)
    async with store.transaction() as tx:
        assert [row.id for row in await servers.silent_since(tx, clock.now - timedelta(seconds=15))] == ["s1"]
        assert await servers.seen(tx, "s1", draining=True)
        assert [row.draining for row in await servers.all_servers(tx)] == [True]
        await servers.forget(tx, "s1")
        assert not await servers.seen(tx, "s1")
