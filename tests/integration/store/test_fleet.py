"""Agents, join tokens, desired state, outbox, operations, reports and checkpoints, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from conduix.errors import (
    Aborted,
    FailedPrecondition,
    FenceLost,
    InvalidArgument,
    JoinTokenUsed,
    SessionSuperseded,
    TokenExpired,
    TokenInvalid,
    TokenRevoked,
)
from conduix_server.store import agents, desired, operations, outbox, reports, runs, servers
from conduix_server.store.paging import PageRequest
from conduix_server.store.store import Store, new_id
from conduix_server.store.tables import JoinToken, Server
from tests.integration.store.world import (
    START,
    Clock,
    agent,
    both,
    checkpoint,
    command,
    enrolled,
    join_token,
    operation,
    pipeline,
    report,
)


async def test_a_join_token_lets_in_as_many_as_it_says(store: Store) -> None:
    await store.run(lambda tx: join_token(tx, "j" * 64))
    outcomes = await both(
        store,
        lambda tx: agents.enroll(tx, agent("a1"), "j" * 64),
        lambda tx: agents.enroll(tx, agent("a2"), "j" * 64),
    )
    assert {type(outcome) for outcome in outcomes} == {JoinToken, JoinTokenUsed}
    async with store.reading() as tx:
        assert (await agents.page(tx, PageRequest())).total_size == 1


async def test_a_join_token_that_lets_nobody_in_says_why(store: Store, clock: Clock) -> None:
    old = await store.run(lambda tx: join_token(tx, "1" * 64, uses=5))
    with pytest.raises(TokenInvalid):
        await store.run(lambda tx: agents.enroll(tx, agent("a1"), "0" * 64))
    clock.move(hours=2)
    with pytest.raises(TokenExpired, match="13:00:00"):
        await store.run(lambda tx: agents.enroll(tx, agent("a1"), "1" * 64))
    async with store.transaction() as tx:
        (stored,) = (await agents.tokens(tx, PageRequest())).items
        await agents.revoke_token(tx, stored.id)
    with pytest.raises(TokenRevoked):
        await store.run(lambda tx: agents.enroll(tx, agent("a1"), "1" * 64))
    assert old is not stored
    assert stored.uses_left == 5


async def test_of_two_servers_that_accept_an_agent_one_gets_the_session(store: Store) -> None:
    here = await store.run(enrolled)
    outcomes = await both(
        store,
        lambda tx: agents.accept(tx, here.id, decided_on=0, incarnation="i1", server_id="s1", seen=41),
        lambda tx: agents.accept(tx, here.id, decided_on=0, incarnation="i2", server_id="s2", seen=41),
    )
    assert 42 in outcomes
    assert [type(outcome) for outcome in outcomes].count(Aborted) == 1


async def test_a_superseded_server_writes_nothing(store: Store, clock: Clock) -> None:
    here = await store.run(enrolled)
    first = await store.run(
        lambda tx: agents.accept(tx, here.id, decided_on=0, incarnation="i1", server_id="s1", release="1.0")
    )
    await store.run(lambda tx: agents.accept(tx, here.id, decided_on=first, incarnation="i2", server_id="s2"))
    with pytest.raises(SessionSuperseded):
        await store.run(lambda tx: agents.write(tx, here.id, first, applied_version=9))
    with pytest.raises(SessionSuperseded):
        await store.run(lambda tx: agents.holds(tx, here.id, first))
    clock.move(seconds=10)
    await store.run(lambda tx: agents.beat(tx, [(here.id, first), ("nobody", 1)]))
    async with store.reading() as tx:
        stored = await agents.get(tx, here.id)
    assert (stored.session, stored.release, stored.applied_version, stored.last_heartbeat) == (2, "1.0", 0, START)
    await store.run(lambda tx: agents.beat(tx, [(here.id, 2)]))
    async with store.reading() as tx:
        assert (await agents.get(tx, here.id)).last_heartbeat == clock.now


async def test_a_revoked_agent_gets_no_session(store: Store) -> None:
    here = await store.run(enrolled)
    await store.run(lambda tx: agents.revoke(tx, here.id))
    with pytest.raises(TokenRevoked):
        await store.run(lambda tx: agents.accept(tx, here.id, decided_on=0, incarnation="i", server_id="s"))


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


async def test_a_command_is_answered_once(store: Store) -> None:
    here = await store.run(enrolled)
    await store.run(lambda tx: outbox.put(tx, command(here.id)))
    async with store.reading() as tx:
        (waiting,) = await outbox.pending(tx, {here.id, "other"})
    assert await store.run(lambda tx: outbox.received(tx, waiting.id, here.id))
    assert not await store.run(lambda tx: outbox.received(tx, waiting.id, here.id))
    assert not await store.run(lambda tx: outbox.finish(tx, waiting.id, "another agent", "OK", b""))
    outcomes = await both(
        store,
        lambda tx: outbox.finish(tx, waiting.id, here.id, "OK", b"\x00one"),
        lambda tx: outbox.finish(tx, waiting.id, here.id, "OK", b"\x00two"),
    )
    assert sorted(map(bool, outcomes)) == [False, True]
    async with store.reading() as tx:
        assert await outbox.pending(tx, {here.id}) == []
        stored = await outbox.find(tx, waiting.id)
    assert stored is not None
    assert stored.result in {b"\x00one", b"\x00two"}


async def test_a_late_command_is_given_up_unless_it_was_received(store: Store, clock: Clock) -> None:
    here = await store.run(enrolled)
    for seconds in (60, 60, 120):
        async with store.transaction() as tx:
            await outbox.put(tx, command(here.id, clock.now, seconds=seconds))
    async with store.transaction() as tx:
        first, second, third = await outbox.pending(tx, [here.id])
        await outbox.received(tx, second.id, here.id)
    clock.move(seconds=61)
    assert await store.run(outbox.expire) == [first.id]
    async with store.reading() as tx:
        assert [row.id for row in await outbox.pending(tx, [here.id])] == [third.id]
    assert not await store.run(lambda tx: outbox.finish(tx, first.id, here.id, "OK", b""))
    assert await store.run(lambda tx: outbox.finish(tx, second.id, here.id, "OK", b""))
    with pytest.raises(InvalidArgument, match="24 hours"):
        await store.run(lambda tx: outbox.put(tx, command(here.id, clock.now, seconds=86_401)))


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
