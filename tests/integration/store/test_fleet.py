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
from conduix_server.store.tables import Operation, Server
from tests.integration.store.world import (
    Clock,
    checkpoint,
    enrolled,
    operation,
    pipeline,
    placed,
    report,
)


async def test_every_placing_is_another_epoch_and_every_change_another_version(store: Store) -> None:
    async with store.transaction() as tx:
        made, one, two = await pipeline(tx), await enrolled(tx, "a1"), await enrolled(tx, "a2")
        run = await runs.start(tx, new_id(), made.id)
        first = await placed(tx, made.id, one.id, run_id=run.id, replicas=2)
        await desired.act(tx, made.id, "PAUSED")
        assert [(row.action, row.epoch) for row in await desired.of_pipeline(tx, made.id)] == [("PAUSED", 1)] * 2
        moved = await placed(tx, made.id, two.id, run_id=run.id, seen=9)
        assert (first, moved) == (1, 10)
        assert (await desired.version(tx, one.id), await desired.of_agent(tx, one.id)) == (3, [])
        (taken,) = await desired.of_agent(tx, two.id)
        assert (await desired.version(tx, two.id), taken.assignment.epoch) == (1, 10)
        assert (taken.pipeline_name, taken.digest, taken.run_seq) == ("orders", "d" * 64, 1)
        assert await desired.loads(tx) == {two.id: 1}


async def test_versions_and_epochs_go_on_from_what_an_agent_has_seen(store: Store) -> None:
    async with store.transaction() as tx:
        made, one = await pipeline(tx), await enrolled(tx)
        await desired.learn_version(tx, one.id, 77)
        await desired.learn_version(tx, one.id, 5)
        await desired.learn_epochs(tx, {made.id: 41})
        await desired.learn_epochs(tx, {made.id: 4})
        assert await placed(tx, made.id, one.id) == 42
        assert await desired.version(tx, one.id) == 78
        await desired.withdraw(tx, made.id)
        assert (await desired.version(tx, one.id), await desired.of_agent(tx, one.id)) == (79, [])


async def test_an_operation_ends_once(store: Store, clock: Clock) -> None:
    made = operation("p1")
    key = made.id
    await store.run(lambda tx: operations.start(tx, made))
    await store.run(lambda tx: operations.advance(tx, key, operations.RUNNING, message="1 of 2"))
    async with store.reading() as tx:
        assert [row.message for row in await operations.open_for(tx, ["p1"])] == ["1 of 2"]
        assert await operations.overdue(tx) == []
    clock.move(hours=25)
    async with store.transaction() as tx:
        assert [row.id for row in await operations.overdue(tx)] == [key]
        await operations.advance(tx, key, operations.FAILED, error_code="TIMEOUT")
    with pytest.raises(FailedPrecondition, match="FAILED"):
        await store.run(lambda tx: operations.advance(tx, key, operations.SUCCEEDED))
    async with store.reading() as tx:
        assert (await operations.page(tx, PageRequest(), [Operation.state == operations.FAILED])).total_size == 1


async def test_only_the_newest_report_is_kept(store: Store) -> None:
    made = await store.run(pipeline)
    for epoch, number, kept in [(1, 5, True), (1, 6, True), (2, 1, True), (1, 9, False)]:
        async with store.transaction() as tx:
            assert await report(tx, made.id, epoch=epoch, number=number) is kept
    async with store.transaction() as tx:
        assert [(row.epoch, row.number) for row in await reports.of_pipelines(tx, [made.id])] == [(2, 1)]
        assert [row.rate for row in await reports.of_agent(tx, "a1")] == [0.5]
        await reports.forget(tx, [(made.id, 0), (made.id, 7)])
        assert await reports.of_pipelines(tx, [made.id]) == []
    with pytest.raises(FailedPrecondition):
        await store.run(lambda tx: report(tx, "no-such-pipeline"))


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
