"""Servers know of each other, forget the dead, and throw away what nobody will ask for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import cast

import pytest
from sqlalchemy import URL

from conduix_server.control.housekeeping import Housekeeping
from conduix_server.control.presence import Identity, Presence
from conduix_server.http import Readiness
from conduix_server.store import audit, changes, identities, requests, servers
from conduix_server.store.paging import PageRequest
from conduix_server.store.store import Store, new_id
from conduix_server.store.tables import AuditRecord, Server
from tests.integration.store.conftest import address
from tests.integration.store.world import Clock, pipeline, session, user


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(database: URL, clock: Clock) -> AsyncIterator[Store]:
    async with Store(address(database), clock) as opened:
        yield opened


async def there(store: Store) -> list[Server]:
    async with store.reading() as tx:
        return list(await servers.all_servers(tx))


def presence(store: Store, clock: Clock, port: int) -> Presence:
    return Presence(store, Identity(new_id(), clock()), f"127.0.0.1:{port}", lambda: port % 10)


async def test_a_server_is_seen_forgotten_when_silent_and_back_when_it_lives(store: Store, clock: Clock) -> None:
    one, two = presence(store, clock, 50051), presence(store, clock, 50052)
    await one.write()
    await two.write()
    await one.write()
    assert [(row.address, row.streams) for row in await there(store)] == [
        ("127.0.0.1:50051", 1),
        ("127.0.0.1:50052", 0),
    ]
    clock.move(seconds=59)
    await one.write()
    await tidy(store)
    assert len(await there(store)) == 2
    clock.move(seconds=2)
    await tidy(store)
    assert [row.address for row in await there(store)] == ["127.0.0.1:50051"]
    await two.write()
    await two.write()
    assert [(row.address, row.streams) for row in await there(store)][1] == ("127.0.0.1:50052", 2)
    one.draining = True
    await one.write()
    assert [row.draining for row in await there(store)] == [True, False]
    await one.forget()
    assert [row.address for row in await there(store)] == ["127.0.0.1:50052"]


async def tidy(store: Store) -> None:
    await Housekeeping(store, audit_kept=timedelta(days=1)).tidy()


async def test_what_is_over_is_thrown_away_and_nothing_else(store: Store, clock: Clock) -> None:
    async with store.transaction() as tx:
        await pipeline(tx)
        person = await user(tx)
        opened = session(person.id, tx.now)
        key = opened.id
        await identities.open_session(tx, opened, "r" * 64, until=opened.expires_at)
        await audit.record(tx, AuditRecord(id=new_id(), at=tx.now, actor="ann", method="m", outcome="OK"))
        assert await requests.earlier_answer(tx, "ann", "once", "m", "h") is None
    clock.move(hours=23)
    await tidy(store)
    async with store.reading() as tx:
        assert (await audit.page(tx, PageRequest())).total_size == 1
        assert await requests.earlier_answer(tx, "ann", "once", "m", "h") == b""
        assert (await identities.live_session(tx, key))[1].id == person.id
        assert await changes.after(tx, await changes.newest(tx)) == []
    clock.move(hours=2)
    await tidy(store)
    async with store.reading() as tx:
        assert (await audit.page(tx, PageRequest())).total_size == 0
        assert (await identities.sessions(tx, person.id, PageRequest())).total_size == 1
    assert await store.run(requests.drop_expired) == 0
    clock.move(days=8)
    await tidy(store)
    async with store.reading() as tx:
        assert (await identities.sessions(tx, person.id, PageRequest())).total_size == 0
        assert (await identities.get_user(tx, person.id)).username == "ann"


class Hanging:
    """A database that took the question and does not answer, which no real one does at will."""

    def __init__(self) -> None:
        self.asked = 0
        self.answers = asyncio.Event()

    async def ping(self) -> None:
        self.asked += 1
        await self.answers.wait()


async def test_a_database_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conduix_server.http.WITHIN", 0.05)
    database = Hanging()
    readiness = Readiness(cast("Store", database))
    for _ in range(3):
        assert await readiness() == {"database": "the database does not answer within 0.05 s"}
    assert database.asked == 1
    database.answers.set()
    assert await readiness() == {}
    readiness.draining = True
    assert list(await readiness()) == ["draining"]
