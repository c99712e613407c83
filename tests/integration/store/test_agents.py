"""Join tokens, agents, their sessions and their commands, on both databases."""

from __future__ import annotations

import json

import pytest

from conduix.errors import (
    AlreadyExists,
    InvalidArgument,
    JoinTokenUsed,
    NotFound,
    SessionSuperseded,
    TokenExpired,
    TokenInvalid,
    TokenRevoked,
)
from conduix.mesh.dispatch import Outstanding
from conduix.v1 import mesh_service_pb2 as pb
from conduix_server.store import agents, desired, join_tokens, outbox
from conduix_server.store.paging import PageRequest
from conduix_server.store.store import Store
from conduix_server.store.tables import Agent
from tests.integration.store.world import (
    START,
    Clock,
    agent,
    both,
    claim,
    command,
    enrol,
    enrolled,
    join_token,
    pipeline,
    result,
)


async def test_a_join_token_lets_in_as_many_as_it_says(store: Store) -> None:
    await store.run(lambda tx: join_token(tx, "j" * 64))
    outcomes = await both(store, lambda tx: enrol(tx, "a1", "j" * 64), lambda tx: enrol(tx, "a2", "j" * 64))
    assert {type(outcome) for outcome in outcomes} == {Agent, JoinTokenUsed}
    async with store.reading() as tx:
        assert (await agents.page(tx, PageRequest())).total_size == 1


async def test_a_join_token_that_lets_nobody_in_says_why(store: Store, clock: Clock) -> None:
    await store.run(lambda tx: join_token(tx, "1" * 64, uses=5))
    with pytest.raises(TokenInvalid):
        await store.run(lambda tx: enrol(tx, "a1", "0" * 64))
    clock.move(hours=2)
    with pytest.raises(TokenExpired, match="13:00:00"):
        await store.run(lambda tx: enrol(tx, "a1", "1" * 64))
    async with store.transaction() as tx:
        (stored,) = (await join_tokens.page(tx, PageRequest())).items
        assert (await join_tokens.revoke(tx, stored.id)).revoked_at == clock.now
    with pytest.raises(TokenRevoked):
        await store.run(lambda tx: enrol(tx, "a1", "1" * 64))
    assert stored.uses == 0


async def test_the_name_of_a_removed_agent_is_free_again(store: Store) -> None:
    first = await store.run(enrolled)
    with pytest.raises(AlreadyExists):
        await store.run(enrolled)
    await store.run(lambda tx: agents.revoke(tx, first.id))
    with pytest.raises(NotFound):
        await store.run(lambda tx: agents.revoke(tx, first.id))
    second = await store.run(enrolled)
    async with store.reading() as tx:
        assert (await agents.find(tx, "a1")).id == second.id
        assert (await agents.find(tx, first.id)).name.startswith("a1~")


async def test_agents_are_found_by_their_labels(store: Store) -> None:
    async with store.transaction() as tx:
        for name, labels in {"a1": {"zone": "eu", "k": "zone"}, "a2": {"zone": "EU"}, "a3": {"my/zone": "eu"}}.items():
            row = agent(name)
            row.labels = agents.to_json(labels)
            await agents.add(tx, row)
        found = await agents.page(tx, PageRequest(), [agents.has_label("zone", "eu")])
        assert [row.name for row in found.items] == ["a1"]


async def test_of_two_connections_of_an_agent_one_gets_the_session(store: Store) -> None:
    here = await store.run(enrolled)
    outcomes = await both(
        store,
        lambda tx: agents.accept(tx, claim(here.id, 0, 42, "i1"), server_id="s1"),
        lambda tx: agents.accept(tx, claim(here.id, 0, 42, "i2"), server_id="s2"),
    )
    assert sorted(outcome is not None for outcome in outcomes) == [False, True]
    async with store.reading() as tx:
        stored = await agents.get(tx, here.id)
        assert await agents.with_version(tx, here.id) == (stored, 0)
        assert await agents.with_version(tx, "nobody") is None
    assert (stored.session, stored.status, stored.mode, stored.mode_since) == (42, "online", "STREAM", START)
    assert stored.accepted in ('["i1"]', '["i2"]')


async def test_who_was_accepted_is_kept_until_one_is_heard(store: Store) -> None:
    here = await store.run(enrolled)
    await store.run(lambda tx: agents.adopt(tx, here.id))
    for session, incarnation in enumerate(("i1", "i2", "i2"), start=1):
        assert await store.run(
            lambda tx, s=session, i=incarnation: agents.accept(tx, claim(here.id, s - 1, s, i), server_id="s1")  # type: ignore[misc]
        )
    async with store.reading() as tx:
        stored = await agents.get(tx, here.id)
    assert (json.loads(stored.accepted), stored.adopting) == (["i1", "i2"], False)
    await store.run(lambda tx: agents.write(tx, here.id, 3, incarnation="i2", accepted="[]"))
    assert await store.run(lambda tx: agents.accept(tx, claim(here.id, 3, 4, "i2"), server_id="s1"))
    async with store.reading() as tx:
        assert (await agents.get(tx, here.id)).accepted == "[]"


async def test_a_superseded_server_writes_nothing(store: Store, clock: Clock) -> None:
    here = await store.run(enrolled)
    await store.run(lambda tx: agents.accept(tx, claim(here.id, 0, 1, "i1"), server_id="s1", release="1.0"))
    await store.run(lambda tx: agents.accept(tx, claim(here.id, 1, 2, "i2"), server_id="s2"))
    with pytest.raises(SessionSuperseded):
        await store.run(lambda tx: agents.write(tx, here.id, 1, applied_version=9))
    with pytest.raises(SessionSuperseded):
        await store.run(lambda tx: agents.holds(tx, here.id, 1))
    with pytest.raises(SessionSuperseded):
        await store.run(lambda tx: agents.acknowledge(tx, here.id, 1, 5))
    assert await store.run(lambda tx: agents.acknowledge(tx, here.id, 2, 5))
    assert not await store.run(lambda tx: agents.acknowledge(tx, here.id, 2, 5))
    clock.move(seconds=10)
    over = await store.run(lambda tx: agents.beat(tx, [(here.id, 1), ("nobody", 1)]))
    assert over == {(here.id, 1), ("nobody", 1)}
    async with store.reading() as tx:
        stored = await agents.get(tx, here.id)
    assert (stored.session, stored.release, stored.applied_version, stored.last_heartbeat) == (2, "1.0", 0, START)
    assert await store.run(lambda tx: agents.beat(tx, [(here.id, 2), ("nobody", 1)])) == {("nobody", 1)}
    async with store.reading() as tx:
        assert (await agents.get(tx, here.id)).last_heartbeat == clock.now
        assert await agents.sessions(tx, {here.id, "nobody"}) == {here.id: (2, False)}


async def test_a_revoked_agent_gets_no_session_and_gives_no_sign_of_life(store: Store) -> None:
    here = await store.run(enrolled)
    await store.run(lambda tx: agents.accept(tx, claim(here.id, 0, 1, "i"), server_id="s"))
    await store.run(lambda tx: agents.revoke(tx, here.id))
    assert not await store.run(lambda tx: agents.accept(tx, claim(here.id, 1, 2, "i"), server_id="s"))
    assert await store.run(lambda tx: agents.beat(tx, [(here.id, 1)])) == {(here.id, 1)}


async def test_epochs_that_an_agent_has_seen_are_not_handed_out_again(store: Store) -> None:
    async with store.transaction() as tx:
        one, two = await pipeline(tx, "one"), await pipeline(tx, "two")
        assert await tx.next_number("epoch", one.id) == 1
        await desired.learn_epochs(tx, {one.id: 7, two.id: 5, "gone": 9})
        await desired.learn_epochs(tx, {one.id: 3, two.id: 5})
        assert await tx.next_number("epoch", one.id) == 8
        assert await tx.next_number("epoch", two.id) == 6
        assert await tx.next_number("epoch", "gone") == 1


async def test_silence_is_told_once_and_a_sign_of_life_ends_it(store: Store, clock: Clock) -> None:
    here, other = await store.run(enrolled), await store.run(lambda tx: enrolled(tx, "a2"))
    for one in (here, other):
        await store.run(lambda tx, key=one.id: agents.accept(tx, claim(key, 0, 1, "i"), server_id="s"))  # type: ignore[misc]
    async with store.reading() as tx:
        heard = dict(await agents.heard(tx))
    clock.move(seconds=31)
    await store.run(lambda tx: agents.beat(tx, [(other.id, 1)]))
    assert await store.run(lambda tx: agents.silent(tx, heard)) == [here.id]
    assert await store.run(lambda tx: agents.silent(tx, heard)) == []
    async with store.reading() as tx:
        gone = await agents.get(tx, here.id)
    assert (gone.status, gone.mode, gone.mode_since) == ("offline", "ISOLATED", clock.now)
    await store.run(lambda tx: agents.beat(tx, [(here.id, 1)]))
    await store.run(lambda tx: agents.describe_hosts(tx, {here.id: '{"cores":4}'}))
    async with store.reading() as tx:
        back, untouched = await agents.get(tx, here.id), await agents.get(tx, other.id)
    assert (back.status, back.mode, back.host, untouched.host) == ("online", "STREAM", '{"cores":4}', "{}")


async def test_a_command_is_answered_once(store: Store) -> None:
    here = await store.run(enrolled)
    asked = command()
    await store.run(lambda tx: outbox.put(tx, here.id, asked, by="ann"))
    async with store.reading() as tx:
        assert await outbox.queued(tx, {asked.command_id, "other"}) == [(here.id, asked)]
        assert await outbox.queued_for(tx, {here.id}) == [(here.id, asked)]
    assert await store.run(lambda tx: outbox.received(tx, asked.command_id, here.id))
    assert not await store.run(lambda tx: outbox.received(tx, asked.command_id, here.id))
    async with store.reading() as tx:
        assert await outbox.queued_for(tx, {here.id}) == []
        assert await outbox.of_agent(tx, here.id) == [Outstanding(asked, received=True)]
    assert not await store.run(lambda tx: outbox.finish(tx, result(asked.command_id), "another agent"))
    outcomes = await both(
        store,
        lambda tx: outbox.finish(tx, result(asked.command_id, "one"), here.id),
        lambda tx: outbox.finish(tx, result(asked.command_id, "two"), here.id),
    )
    assert sorted(map(bool, outcomes)) == [False, True]
    async with store.reading() as tx:
        assert await outbox.of_agent(tx, here.id) == []
        stored = await outbox.find(tx, asked.command_id)
    assert stored is not None
    assert stored.outcome == "SUCCEEDED"
    assert pb.CommandResult.FromString(stored.result or b"").message in {"one", "two"}


async def test_what_no_agent_will_answer_is_answered(store: Store, clock: Clock) -> None:
    here = await store.run(enrolled)
    lost, taken, later = command(), command(), command(seconds=120)
    for asked in (lost, taken, later):
        await store.run(lambda tx, c=asked: outbox.put(tx, here.id, c))  # type: ignore[misc]
    await store.run(lambda tx: outbox.received(tx, taken.command_id, here.id))
    clock.move(seconds=65)
    assert await store.run(outbox.expire) == []
    clock.move(seconds=6)
    (answer,) = await store.run(outbox.expire)
    assert (answer.command_id, answer.code) == (lost.command_id, "COMMAND_UNCONFIRMED")
    assert not await store.run(lambda tx: outbox.finish(tx, result(lost.command_id), here.id))
    clock.move(hours=25)
    answers = {answer.command_id: answer.code for answer in await store.run(outbox.expire)}
    assert answers == {taken.command_id: "COMMAND_RESULT_LOST", later.command_id: "COMMAND_UNCONFIRMED"}
    with pytest.raises(InvalidArgument, match="24 hours"):
        await store.run(lambda tx: outbox.put(tx, here.id, command(clock.now, seconds=86_401)))
