"""Transactions: contention, cancellation at any moment, a database that goes and comes, one server on SQLite."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import URL, Executable, literal, select, update

from conduix.errors import DatabaseContended, DatabaseUnavailable, KeyTaken, StateBusy, SystemicError, UsageError
from conduix_server.store import migrations, pipelines
from conduix_server.store.paging import PageRequest
from conduix_server.store.store import Store
from conduix_server.store.tables import Counter, Pipeline
from conduix_server.store.transaction import Transaction
from tests.integration.store.conftest import address
from tests.integration.store.world import START, Clock, pipeline
from tests.services.mariadb import MariaDB, database


def rename(pipeline_id: str, name: str) -> Executable:
    return update(Pipeline).where(Pipeline.id == pipeline_id).values(description=name)


async def test_a_deadlock_is_tried_again_and_both_come_through(store: Store) -> None:
    async with store.transaction() as tx:
        one, two = (await pipeline(tx, "one")).id, (await pipeline(tx, "two")).id
    attempts = 0
    meeting = asyncio.Barrier(1 if store.is_sqlite else 2)

    async def crosswise(tx: Transaction, first: str, second: str) -> None:
        nonlocal attempts
        attempts += 1
        await tx.write(rename(first, "x"))
        if attempts <= 2:
            await meeting.wait()
        await tx.write(rename(second, "x"))

    async with asyncio.timeout(30):
        await asyncio.gather(
            store.run(lambda tx: crosswise(tx, one, two)), store.run(lambda tx: crosswise(tx, two, one))
        )
    assert attempts == (2 if store.is_sqlite else 3)


async def test_contention_without_end_is_told(store: Store) -> None:
    attempts = 0

    async def never(_tx: Transaction) -> None:
        nonlocal attempts
        attempts += 1
        raise DatabaseContended("held by the test")

    with pytest.raises(DatabaseContended):
        await store.run(never)
    assert attempts == 8


async def test_a_taken_key_is_looked_at_once_more(store: Store) -> None:
    attempts = 0

    async def twice(tx: Transaction) -> None:
        nonlocal attempts
        attempts += 1
        await tx.add(Counter(name="n", scope="s", value=1))
        await tx.add(Counter(name="n", scope="s", value=2))

    with pytest.raises(KeyTaken):
        await store.run(twice)
    assert attempts == 2


async def test_reading_waits_for_no_writer_and_sees_nothing_half_done(store: Store) -> None:
    async with store.transaction() as tx, asyncio.timeout(10):
        await pipeline(tx)
        async with store.reading() as other:
            assert (await pipelines.page(other, PageRequest())).total_size == 0
    async with store.reading() as tx:
        assert (await pipelines.page(tx, PageRequest())).total_size == 1


async def test_cancelled_at_any_moment_no_caller_gets_the_answer_of_another(store: Store) -> None:
    draw = random.Random(4)
    wrong: list[tuple[int, int | None]] = []

    async def ask(number: int) -> None:
        async with store.transaction() as tx:
            for _ in range(3):
                got = await tx.first(select(literal(number)))
                if got != number:
                    wrong.append((number, got))
            await tx.next_number("torture")
            await tx.next_number("torture")

    async with asyncio.timeout(120):
        for first in range(0, 200, 20):
            tasks = [asyncio.create_task(ask(first + number)) for number in range(20)]
            for task in tasks:
                for _ in range(draw.randrange(12)):
                    await asyncio.sleep(0)
                if draw.random() < 0.5:
                    task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    assert wrong == []
    async with store.reading() as tx:
        total = await tx.first(select(Counter.value).where(Counter.name == "torture"))
    assert total is not None, "half of them were left alone"
    assert total % 2 == 0, "each transaction counts twice or not at all"
    assert getattr(store.engine.pool, "checkedout")() == 0  # noqa: B009 - of queue pools, which both databases have


async def test_a_moment_without_zone_is_refused(database: URL) -> None:
    async with Store(address(database), lambda: datetime(2026, 1, 1)) as store:  # noqa: DTZ001 - that is the mistake
        with pytest.raises(Exception, match="has no time zone"):
            await store.run(pipeline)


def test_a_second_server_on_sqlite_is_told_who_is_there(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/conduix.db"
    program = (
        "import datetime, sys\n"
        "from conduix_server.store.store import Store\n"
        "Store(sys.argv[1], lambda: datetime.datetime.now(datetime.UTC))\n"
        "print('open', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"open\n"
        with pytest.raises(StateBusy, match=f"pid {first.pid}") as raised:
            Store(url, Clock())
        assert "MariaDB" in raised.value.remedy
        first.kill()
    asyncio.run(holds_alone(url))


async def holds_alone(url: str) -> None:
    async with Store(url, Clock()) as second:
        with pytest.raises(StateBusy, match=f"pid {os.getpid()}"):
            Store(url, Clock())
        await second.ping()


@pytest.mark.parametrize("wrong", ["postgresql://h/d", "sqlite://", "sqlite:///:memory:", "not an address", ""])
def test_an_address_that_is_none_of_ours_says_what_to_write(wrong: str) -> None:
    with pytest.raises(UsageError) as raised:
        Store(wrong, Clock())
    assert "sqlite://" in raised.value.remedy


@pytest.fixture
def own_maria() -> Iterator[MariaDB]:
    server = MariaDB.launched()
    yield server
    server.remove()


async def test_the_database_goes_away_and_the_store_goes_on_by_itself(own_maria: MariaDB) -> None:
    own = database(own_maria.url)
    url = await anext(own)
    await migrations.upgrade(url)
    async with Store(address(url), Clock()) as store:
        made = await store.run(pipeline)

        async def cut_short(tx: Transaction) -> None:
            await tx.write(rename(made.id, "lost"))
            await asyncio.to_thread(own_maria.kill)
            await tx.write(rename(made.id, "lost too"))

        with pytest.raises(DatabaseUnavailable) as raised:
            await store.run(cut_short)
        assert raised.value.retry_after == 1.0
        for work in (store.ping, lambda: store.run(pipeline)):
            with pytest.raises(DatabaseUnavailable):
                await work()
        own_maria.start()  # in this thread: a child dies with the thread that started it
        async with asyncio.timeout(15):
            await store.ping()
            async with store.reading() as tx:
                assert await pipelines.get(tx, made.id) == made
            await store.run(lambda tx: pipeline(tx, "after"))
    await own.aclose()


async def test_what_a_person_must_mend_is_no_outage(maria: URL) -> None:
    async with Store(address(maria.set(database="not_there")), Clock()) as store:
        with pytest.raises(SystemicError, match="not_there") as raised:
            await store.ping()
        assert "CREATE DATABASE" in raised.value.remedy
    async with Store(address(maria.set(password=str(START), database="mysql")), Clock()) as store:
        with pytest.raises(SystemicError) as raised:
            await store.ping()
        assert "password" in raised.value.remedy


async def test_what_an_earlier_process_wrote_is_there(database: URL, clock: Clock) -> None:
    async with Store(address(database), clock) as store:
        made = await store.run(pipeline)
    async with Store(address(database), clock) as store, store.reading() as tx:
        read = await pipelines.get(tx, made.id)
    assert read == made
    assert read.created_at == START
