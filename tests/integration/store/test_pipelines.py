"""Pipelines, revisions and runs, on both databases."""

from __future__ import annotations

import pytest

from conduix.errors import AlreadyExists, EtagStale, FailedPrecondition, InvalidArgument, NotFound
from conduix_server.store import desired, pipelines, runs
from conduix_server.store.paging import PageRequest
from conduix_server.store.store import Store, new_id
from conduix_server.store.tables import Pipeline, Run
from tests.integration.store.world import START, Clock, both, enrolled, pipeline, placed


async def test_a_pipeline_is_read_as_it_was_written(store: Store) -> None:
    document = "name: orders\nnote: ä€😀 '); DROP TABLE pipelines; --\n" + "x" * 100_000
    made = await store.run(lambda tx: pipelines.create(tx, new_id(), "orders", document, "d" * 64, by="ann"))
    async with store.reading() as tx:
        read = await pipelines.by_name(tx, "orders")
        assert (await pipelines.revision(tx, made.id, 1)).document == document
    assert read == made
    assert (read.config_yaml, read.created_at, read.revision, read.version) == (document, START, 1, 1)


async def test_names_are_taken_once_and_differ_by_case(store: Store) -> None:
    await store.run(pipeline)
    await store.run(lambda tx: pipeline(tx, "Orders"))
    with pytest.raises(AlreadyExists) as raised:
        await store.run(pipeline)
    other = await store.run(lambda tx: pipeline(tx, "other"))
    with pytest.raises(AlreadyExists):
        await store.run(lambda tx: pipelines.revise(tx, other.id, "x", "f" * 64, version=1, name="orders"))
    renamed = await store.run(lambda tx: pipelines.revise(tx, other.id, "x", "f" * 64, version=1, name="other2"))
    scaled = await store.run(lambda tx: pipelines.update(tx, other.id, version=2, replicas=3))
    assert (renamed.name, renamed.replicas, renamed.revision, renamed.version) == ("other2", 1, 2, 2)
    assert (scaled.name, scaled.replicas, scaled.revision, scaled.version) == ("other2", 3, 2, 3)
    assert raised.value.code == "PIPELINE_EXISTS"


async def test_every_other_document_is_a_revision_and_none_changes(store: Store, clock: Clock) -> None:
    made = await store.run(pipeline)
    clock.move(seconds=1)
    same = await store.run(lambda tx: pipelines.revise(tx, made.id, "other text", "d" * 64, version=1))
    assert same == made
    after = await store.run(lambda tx: pipelines.revise(tx, made.id, "two", "e" * 64, version=1, by="bob"))
    assert (after.revision, after.version, after.config_yaml, after.updated_at) == (2, 2, "two", clock.now)
    async with store.reading() as tx:
        page = await pipelines.revisions(tx, made.id, PageRequest(order_by="number desc"))
        assert [(row.number, row.document) for row in page.items] == [(2, "two"), (1, made.config_yaml)]


async def test_of_two_that_read_the_same_version_one_is_refused(store: Store) -> None:
    made = await store.run(pipeline)
    outcomes = await both(
        store,
        lambda tx: pipelines.revise(tx, made.id, "mine", "1" * 64, version=made.version),
        lambda tx: pipelines.revise(tx, made.id, "yours", "2" * 64, version=made.version),
    )
    assert [type(outcome) for outcome in outcomes].count(EtagStale) == 1
    (won,) = [outcome for outcome in outcomes if isinstance(outcome, Pipeline)]
    async with store.reading() as tx:
        assert await pipelines.get(tx, made.id) == won
        assert (await pipelines.revisions(tx, made.id, PageRequest())).total_size == 2


async def test_a_deleted_pipeline_takes_its_assignments_back(store: Store) -> None:
    async with store.transaction() as tx:
        made, holder = await pipeline(tx), await enrolled(tx)
        run = await runs.start(tx, new_id(), made.id)
        await placed(tx, made.id, holder.id, run_id=run.id)
    with pytest.raises(EtagStale):
        await store.run(lambda tx: pipelines.delete(tx, made.id, version=7))
    await store.run(lambda tx: pipelines.delete(tx, made.id, version=1))
    async with store.reading() as tx:
        assert (await desired.version(tx, holder.id), await desired.of_agent(tx, holder.id)) == (2, [])
        with pytest.raises(NotFound):
            await runs.get(tx, run.id)
    with pytest.raises(NotFound):
        await store.run(lambda tx: pipelines.delete(tx, made.id, version=None))


async def test_pages_follow_each_other_while_rows_come_and_go(store: Store) -> None:
    async with store.transaction() as tx:
        for number in range(7):
            await pipeline(tx, f"p{number}")
    ask = PageRequest(page_size=3)
    async with store.reading() as tx:
        first = await pipelines.page(tx, ask)
    assert ([row.name for row in first.items], first.total_size, first.total_pages) == (["p0", "p1", "p2"], 7, 3)
    await store.run(lambda tx: pipelines.delete(tx, first.items[0].id, version=None))
    await store.run(lambda tx: pipeline(tx, "p2a"))
    async with store.reading() as tx:
        names, token = [], first.next_page_token
        while token:
            page = await pipelines.page(tx, PageRequest(page_size=3, page_token=token))
            names += [row.name for row in page.items]
            token = page.next_page_token
        assert names == ["p2a", "p3", "p4", "p5", "p6"]
        second = await pipelines.page(tx, PageRequest(page_size=3, page=2, order_by="created_at desc"))
        assert len(second.items) == 3


async def test_lists_refuse_what_they_do_not_know(store: Store) -> None:
    async with store.transaction() as tx:
        for number in range(3):
            await pipeline(tx, f"p{number}_%")
        token = (await pipelines.page(tx, PageRequest(page_size=1))).next_page_token
        for ask in (
            PageRequest(order_by="config_yaml"),
            PageRequest(order_by="name; DROP TABLE pipelines"),
            PageRequest(20, "x"),
            PageRequest(20, "W10="),
            PageRequest(page_token=token, order_by="name desc"),
        ):
            with pytest.raises(InvalidArgument) as raised:
                await pipelines.page(tx, ask)
            assert raised.value.violations
        assert (await pipelines.page(tx, PageRequest(page_size=10**9))).total_size == 3
        assert (await pipelines.page(tx, PageRequest(), [Pipeline.name == "p%_"])).total_size == 0


async def test_runs_are_numbered_beyond_all_that_was_ever_seen(store: Store) -> None:
    made = await store.run(pipeline)
    first = await store.run(lambda tx: runs.start(tx, new_id(), made.id))
    later = await store.run(lambda tx: runs.start(tx, new_id(), made.id, seen=41))
    assert (first.run_seq, later.run_seq) == (1, 42)
    outcomes = await both(
        store, lambda tx: runs.start(tx, new_id(), made.id), lambda tx: runs.start(tx, new_id(), made.id)
    )
    assert sorted(outcome.run_seq for outcome in outcomes if not isinstance(outcome, BaseException)) == [43, 44]


async def test_an_ended_run_stays_as_it_ended_until_it_is_taken_up(store: Store, clock: Clock) -> None:
    made = await store.run(pipeline)
    run = await store.run(lambda tx: runs.start(tx, new_id(), made.id, by="ann"))
    clock.move(seconds=5)
    await store.run(lambda tx: runs.advance(tx, run.id, "RUNNING", processed_count=2**40, nodes=b"\x00"))
    clock.move(seconds=5)
    ended = await store.run(lambda tx: runs.advance(tx, run.id, "FAILED", error_message="gone", ended=True))
    assert ended.started_at is not None
    assert ended.ended_at is not None
    assert (ended.ended_at - ended.started_at).total_seconds() == 5
    with pytest.raises(FailedPrecondition, match="FAILED"):
        await store.run(lambda tx: runs.advance(tx, run.id, "RUNNING"))
    again = await store.run(lambda tx: runs.take_up(tx, run.id, agent_id="a1"))
    assert (again.status, again.ended_at, again.error_message, again.processed_count) == ("PENDING", None, None, 2**40)
    assert again.started_at == ended.started_at
    complete = await store.run(lambda tx: runs.advance(tx, run.id, "COMPLETED", ended=True))
    with pytest.raises(FailedPrecondition, match="complete"):
        await store.run(lambda tx: runs.take_up(tx, run.id, agent_id="a1"))
    async with store.reading() as tx:
        conditions = [Run.pipeline_id == made.id, Run.status == "COMPLETED"]
        assert (await runs.page(tx, PageRequest(), conditions)).items == [complete]
        assert await runs.some(tx, [run.id, "x"]) == [complete]
