"""Who is offline: judged by one server, by its own clock, never right after it began or lost the database."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from conduix.errors import DatabaseUnavailable
from conduix.v1 import mesh_service_pb2 as pb
from conduix_server.control.liveness import Liveness
from conduix_server.store import agents, outbox, servers
from conduix_server.store.store import Store, new_id
from conduix_server.store.tables import Server
from conduix_server.store.transaction import Transaction
from tests.eventually import eventually
from tests.integration.mesh.serving import Served
from tests.integration.mesh.serving import clock as real_clock
from tests.integration.mesh.test_sessions import connected
from tests.integration.store.world import claim, enrolled


class Mono:
    """A monotonic clock."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def online(store: Store, name: str) -> str:
    async def work(tx: Transaction) -> str:
        made = await enrolled(tx, name)
        await agents.accept(tx, claim(made.id, 0, 1, "i"), server_id="s")
        return made.id

    return await store.run(work)


async def test_who_is_silent_for_thirty_seconds_is_offline(store: Store) -> None:
    mono = Mono()
    quiet, loud = await online(store, "a1"), await online(store, "a2")
    judge = Liveness(store, None, mono)
    assert await judge.look() == []
    mono.now += 59.0
    assert await judge.look() == [], "it judges nobody in its first minute"
    await store.run(lambda tx: agents.beat(tx, [(loud, 1)]))
    mono.now += 2.0
    assert await judge.look() == [quiet]
    assert await judge.look() == []
    mono.now += 31.0
    assert await judge.look() == [loud]


async def test_only_the_oldest_server_that_lives_judges(store: Store) -> None:
    mono = Mono()
    agent_id = await online(store, "a1")
    at = real_clock()
    rows = {
        "dead": (at - timedelta(hours=2), at - timedelta(minutes=5)),
        "old": (at - timedelta(hours=1), at),
        "new": (at, at),
    }
    for name, (started, seen) in rows.items():
        row = Server(id=name, address=f"{name}:1", release="1", started_at=started, seen_at=seen)
        await store.run(lambda tx, row=row: servers.register(tx, row))  # type: ignore[misc]
    judges = {name: Liveness(store, name, mono) for name in rows}
    for judge in judges.values():
        await judge.look()
    mono.now += 100.0
    assert await judges["new"].look() == []
    assert await judges["dead"].look() == []
    assert await judges["old"].look() == [agent_id]


async def test_after_an_outage_agents_have_time_to_come_back(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    mono = Mono()
    agent_id = await online(store, "a1")
    judge = Liveness(store, None, mono)
    await judge.look()
    mono.now += 50.0
    looks = 0

    async def fails(_tx: Transaction) -> object:
        nonlocal looks
        looks += 1
        raise DatabaseUnavailable("away for the test")

    # the fault itself is what is wanted here, not how a driver comes to it: that is tested with real outages
    with monkeypatch.context() as patched:
        patched.setattr(agents, "heard", fails)
        task = asyncio.create_task(judge.run(every=0.01))
        await eventually(lambda: looks >= 2)
        task.cancel()
        await asyncio.wait([task])
    mono.now += 50.0
    assert await judge.look() == [], "its minute begins anew"
    mono.now += 61.0
    assert await judge.look() == [agent_id]


async def test_commands_that_nobody_answers_are_answered(store: Store) -> None:
    agent_id = await online(store, "a1")
    late = pb.Command(command_id=new_id(), checkpoint=pb.CheckpointCommand())
    late.deadline.FromDatetime(real_clock() + timedelta(seconds=30))
    await store.run(lambda tx: outbox.put(tx, agent_id, late))
    store._clock = lambda: real_clock() + timedelta(seconds=60)
    await Liveness(store, None).look()
    async with store.reading() as tx:
        row = await outbox.find(tx, late.command_id)
    assert row is not None
    assert row.outcome == "EXPIRED"


async def test_who_is_heard_again_is_online_and_watchers_know(served: Served) -> None:
    agent = await connected(served)
    agent_id = agent.disk.identity.agent_id
    async with served.store.reading() as tx:
        heard = dict(await agents.heard(tx))
    async with served.feed.subscribe(["agent"]) as changes:
        assert await served.store.run(lambda tx: agents.silent(tx, heard)) == [agent_id]
        assert (await anext(changes)).resource_id == agent_id
        agent.session._beat_due = 0.0

        async def back() -> bool:
            async with served.store.reading() as tx:
                return [row for row, _ in await agents.heard(tx)] == [agent_id]

        await eventually(back)
        assert (await anext(changes)).resource_id == agent_id
    await agent.hang_up()
