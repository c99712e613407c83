"""People, sessions, tokens, audit, repeated requests and numbered changes, on both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from conduix.errors import (
    AlreadyExists,
    InvalidArgument,
    RequestIdReused,
    ResumeTokenExpired,
    TokenExpired,
    TokenInvalid,
    TokenRevoked,
)
from conduix_server.store import audit, changes, identities, pipelines, requests
from conduix_server.store.identities import Rotation
from conduix_server.store.paging import PageRequest
from conduix_server.store.store import Store, new_id
from conduix_server.store.tables import ApiToken, AuditRecord
from conduix_server.store.transaction import Transaction
from tests.integration.store.world import Clock, both, pipeline, session, user

HASH = "h" * 64


async def signed_in(store: Store) -> str:
    async with store.transaction() as tx:
        opened = session((await user(tx)).id, tx.now)
        key = opened.id
        await identities.open_session(tx, opened, "first", until=tx.now + timedelta(hours=1))
    return key


async def test_an_address_belongs_to_one_person_in_any_case(store: Store) -> None:
    await store.run(lambda tx: user(tx, "Ann@Example.org"))
    with pytest.raises(AlreadyExists):
        await store.run(lambda tx: user(tx, "ann@example.ORG"))
    async with store.reading() as tx:
        found = await identities.user_by_name(tx, "ANN")
        assert found is not None
        assert await identities.user_by_name(tx, "ann@example.org") is None
        assert (await identities.users(tx, PageRequest(), role="operator")).items == [found]
    after = await store.run(lambda tx: identities.update_user(tx, found.id, version=1, role="admin", name="Ann"))
    assert (after.role, after.name, after.version) == ("admin", "Ann", 2)


async def test_of_two_with_one_refresh_token_the_second_ends_the_session(store: Store) -> None:
    key = await signed_in(store)
    outcomes = await both(
        store,
        lambda tx: identities.rotate(tx, "first", "second"),
        lambda tx: identities.rotate(tx, "first", "other"),
    )
    assert {outcome[0] for outcome in outcomes if not isinstance(outcome, BaseException)} == {
        Rotation.DONE,
        Rotation.REUSED,
    }
    async with store.reading() as tx:
        with pytest.raises(TokenRevoked):
            await identities.live_session(tx, key)
    for token in ("second", "other", "unknown"):
        async with store.transaction() as tx:
            assert (await identities.rotate(tx, token, new_id()))[0] is Rotation.REFUSED


async def test_sessions_end_by_time_and_by_their_user(store: Store, clock: Clock) -> None:
    key = await signed_in(store)
    async with store.transaction() as tx:
        live, person = await identities.live_session(tx, key)
        assert live.user_id == person.id
        assert (await identities.sessions(tx, live.user_id, PageRequest())).total_size == 1
        await identities.update_user(tx, live.user_id, version=None, disabled_at=tx.now)
        with pytest.raises(TokenRevoked):
            await identities.live_session(tx, key)
        await identities.update_user(tx, live.user_id, version=None, disabled_at=None)
    clock.move(hours=25)
    async with store.reading() as tx:
        with pytest.raises(TokenExpired):
            await identities.live_session(tx, key)
        with pytest.raises(TokenInvalid):
            await identities.live_session(tx, "unknown")


async def test_an_api_token_lives_until_it_is_revoked(store: Store) -> None:
    async with store.transaction() as tx:
        person = await user(tx)
        token = ApiToken(id="t1", user_id=person.id, name="ci", token_hash=HASH, role="viewer", created_at=tx.now)
        await identities.add_api_token(tx, token)
        live, owner = await identities.live_api_token(tx, HASH)
        assert (live.role, owner) == ("viewer", person)
        await identities.revoke_api_token(tx, "t1")
        with pytest.raises(TokenRevoked):
            await identities.live_api_token(tx, HASH)
        with pytest.raises(TokenInvalid):
            await identities.live_api_token(tx, "x")
        assert (await identities.api_tokens(tx, person.id, PageRequest())).total_size == 1


async def test_the_audit_stands_and_falls_with_the_deed(store: Store, clock: Clock) -> None:
    async def deed(tx: Transaction, *, fails: bool) -> None:
        await pipeline(tx)
        await audit.record(
            tx, AuditRecord(id=new_id(), at=tx.now, actor="ann", method="CreatePipeline", target_id="p", outcome="OK")
        )
        if fails:
            raise KeyError

    with pytest.raises(KeyError):
        await store.run(lambda tx: deed(tx, fails=True))
    async with store.reading() as tx:
        assert (await audit.page(tx, PageRequest())).total_size == 0
        assert (await pipelines.page(tx, PageRequest())).total_size == 0
        assert await changes.newest(tx) == 0
    await store.run(lambda tx: deed(tx, fails=False))
    async with store.reading() as tx:
        assert (await audit.page(tx, PageRequest(), actor="ann", target_id="p", since=clock.now)).total_size == 1
        assert (await audit.page(tx, PageRequest(), until=clock.now)).total_size == 0
    clock.move(hours=1)
    assert await store.run(lambda tx: audit.drop_before(tx, clock.now)) == 1


async def call(tx: Transaction, body: str, made: list[str]) -> bytes:
    """A mutating call as a servicer does it."""
    earlier = await requests.earlier_answer(tx, "ann", "req-1", "CreatePipeline", body)
    if earlier is not None:
        return earlier
    answer = (await pipeline(tx)).id
    made.append(answer)
    await requests.remember(tx, "ann", "req-1", answer.encode())
    return answer.encode()


async def test_a_call_that_comes_twice_is_done_once(store: Store, clock: Clock) -> None:
    made: list[str] = []
    outcomes = await both(store, lambda tx: call(tx, "b", made), lambda tx: call(tx, "b", made))
    assert outcomes[0] == outcomes[1]
    async with store.reading() as tx:
        assert (await pipelines.page(tx, PageRequest())).total_size == 1
    with pytest.raises(RequestIdReused):
        await store.run(lambda tx: call(tx, "another body", made))
    with pytest.raises(InvalidArgument):
        await store.run(lambda tx: requests.earlier_answer(tx, "ann", "x" * 129, "m", "b"))
    clock.move(hours=25)
    assert await store.run(requests.drop_expired) == 1
    async with store.reading() as tx:
        assert await requests.earlier_answer(tx, "ann", "req-1", "m", "b") is None


async def test_changes_are_numbered_in_the_order_of_commits(store: Store) -> None:
    seen: list[int] = []
    number = 0

    async def watch() -> None:
        nonlocal number
        while len(seen) < 20:
            async with store.reading() as tx:
                for change in await changes.after(tx, number):
                    seen.append(change.number)
                    number = change.number

    async def add(name: str) -> None:
        await store.run(lambda tx: pipeline(tx, name))

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(watch())
        for one in range(20):
            group.create_task(add(f"p{one}"))
    assert seen == list(range(1, 21))


async def test_changes_are_forgotten_by_age_and_number_and_tokens_know_it(store: Store, clock: Clock) -> None:
    for one in range(3):
        async with store.transaction() as tx:
            await pipeline(tx, f"p{one}")
    assert await store.run(changes.compact) == 0
    clock.move(minutes=11)
    await store.run(lambda tx: pipeline(tx, "p9"))
    assert await store.run(changes.compact) == 3
    async with store.reading() as tx:
        assert [row.action for row in await changes.after(tx, 3, kinds=["pipeline"])] == ["CREATED"]
        assert await changes.after(tx, 3, kinds=["agent"]) == []
        for gone in (2, 99):
            with pytest.raises(ResumeTokenExpired):
                await changes.after(tx, gone)
    assert await store.run(lambda tx: changes.compact(tx, most=0)) == 1
    async with store.reading() as tx:
        assert await changes.newest(tx) == 4
        assert await changes.after(tx, 4) == []


def test_resume_tokens_come_back_as_they_went() -> None:
    assert changes.from_token(changes.to_token(10**12)) == 10**12
    for wrong in ("", "c", "x1", "c-1", "c 1", "c1_0", "ç1"):
        with pytest.raises(InvalidArgument):
            changes.from_token(wrong)
