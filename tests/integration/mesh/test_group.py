"""Works that share transactions: one that fails harms no other, one that is given up is not begun."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select

from conduix.errors import DatabaseUnavailable, FailedPrecondition
from conduix_server.mesh.bucket import TokenBucket
from conduix_server.mesh.group import GroupCommit, Work
from conduix_server.store.store import Store
from conduix_server.store.tables import Counter
from conduix_server.store.transaction import Transaction


class Groups:
    """A group commit that works when the test says so."""

    def __init__(self, store: Store) -> None:
        self.sizes: list[int] = []
        self.group = GroupCommit(store, committed=self.sizes.append)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self.group.serve())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])


@pytest.fixture
async def groups(store: Store) -> AsyncIterator[Groups]:
    made = Groups(store)
    yield made
    await made.stop()


def count(name: str) -> Work[int]:
    async def work(tx: Transaction) -> int:
        return await tx.next_number(name)

    return work


async def refuse(tx: Transaction) -> int:
    await tx.next_number("refused")
    raise FailedPrecondition("not this one")


async def test_works_of_one_moment_share_a_transaction(groups: Groups) -> None:
    waiting = [groups.group.submit(count("n")) for _ in range(450)]
    groups.start()
    assert await asyncio.gather(*waiting) == list(range(1, 451))
    assert groups.sizes == [200, 200, 50]


async def test_one_that_fails_harms_no_other(groups: Groups, store: Store) -> None:
    good = [groups.group.submit(count("n")) for _ in range(3)]
    bad = groups.group.submit(refuse)
    more = groups.group.submit(count("n"))
    groups.start()
    assert sorted([*await asyncio.gather(*good), await more]) == [1, 2, 3, 4]
    with pytest.raises(FailedPrecondition):
        await bad
    async with store.reading() as tx:
        assert await tx.first(select(Counter.value).where(Counter.name == "refused")) is None


async def test_one_that_is_given_up_is_not_begun(groups: Groups, store: Store) -> None:
    given_up = groups.group.submit(count("given up"))
    given_up.cancel()
    assert groups.group.waiting == 0
    groups.start()
    assert await groups.group.submit(count("n")) == 1
    async with store.reading() as tx:
        assert await tx.first(select(Counter.value).where(Counter.name == "given up")) is None


async def test_the_impatient_are_told_the_patient_wait(groups: Groups) -> None:
    there = asyncio.Event()

    async def works_when_there(tx: Transaction) -> int:
        if not there.is_set():
            raise DatabaseUnavailable("away for the test")
        return await tx.next_number("n")

    patient = groups.group.submit(works_when_there)
    hasty = groups.group.submit(works_when_there, patient=False)
    groups.start()
    with pytest.raises(DatabaseUnavailable):
        await hasty
    assert groups.group.away is not None
    with pytest.raises(DatabaseUnavailable) as caught:
        await groups.group.submit(works_when_there, patient=False)
    assert caught.value.retry_after
    there.set()
    assert await patient == 1
    assert groups.group.away is None


def test_a_bucket_spreads_those_whom_it_sends_away() -> None:
    now = 0.0
    bucket = TokenBucket(10, 2, lambda: now)
    assert [round(bucket.take(), 3) for _ in range(5)] == [0, 0, 0.1, 0.2, 0.3]
    now = 0.1
    assert bucket.take() == 0
    assert bucket.take() > 0.2
    now = 5.0
    assert [bucket.take() for _ in range(2)] == [0, 0]
