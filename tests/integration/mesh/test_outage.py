"""The database goes and comes under live streams: nobody is cut, nothing that was said is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing

import grpc
import pytest
from sqlalchemy import URL

from conduix.v1 import mesh_service_pb2 as pb
from conduix_server.store import agents, migrations, reports
from conduix_server.store.store import Store
from tests.eventually import eventually
from tests.integration.mesh.serving import Served, clock, serving
from tests.integration.mesh.test_sessions import assign, running
from tests.integration.store.conftest import address
from tests.services.mariadb import MariaDB, database


@pytest.fixture
def own() -> Iterator[MariaDB]:
    server = MariaDB.launched()
    yield server
    server.remove()


@pytest.fixture
async def url(own: MariaDB) -> AsyncIterator[URL]:
    async with aclosing(database(own.url)) as made:
        url = await anext(made)
        await migrations.upgrade(url)
        yield url


@pytest.fixture
async def served(url: URL) -> AsyncIterator[Served]:
    async with Store(address(url), clock) as store, serving(store) as one:
        yield one


async def test_agents_live_through_an_outage_of_the_database(served: Served, own: MariaDB) -> None:
    there = [await served.agent(f"a{number}") for number in range(5)]
    for agent in there:
        await agent.connect()
    await eventually(lambda: all(agent.open for agent in there))
    pipeline_id = await assign(served.store, there[0])
    await eventually(lambda: there[0].applied)
    late = await served.agent("late")
    own.kill()
    there[0].observe(running(pipeline_id, detail="said in the outage"))
    await eventually(lambda: served.mesh.group.away)
    before = [agent.session.rtt for agent in there]
    for agent in there:
        agent.session._beat_due = 0.0
        agent.session.rtt = None
    await eventually(lambda: all(agent.session.rtt is not None for agent in there))
    assert before
    await late.connect()
    await eventually(lambda: late.error)
    assert late.error is not None
    assert late.error.code() is grpc.StatusCode.UNAVAILABLE
    assert not there[0].reports.settled
    own.start()
    await eventually(lambda: there[0].reports.settled, timeout=40)
    assert [agent.session.session for agent in there] == [1] * 5
    assert all(agent.open for agent in there)
    async with served.store.reading() as tx:
        (report,) = await reports.of_pipelines(tx, [pipeline_id])
        heard = dict(await agents.heard(tx))
    assert report.number == there[0].reports.acked
    assert len(heard) == 5
    await late.connect()
    await eventually(lambda: late.open)
    await assign(served.store, late)
    await eventually(lambda: late.applied)
    for agent in (*there, late):
        await agent.hang_up()


async def test_what_cannot_be_parked_is_said_again(served: Served, own: MariaDB) -> None:
    agent = await served.agent()
    await agent.connect()
    await eventually(lambda: agent.open and agent.reports.settled)
    own.kill()
    agent.record(pb.AgentEvent(kind="FIRST"))
    await eventually(lambda: served.mesh.group.away)
    for number in range(700):
        agent.say(pb.AgentMessage(id=f"x{number}", nack=pb.Nack(code="N")))
    await eventually(lambda: served.count("messages_dropped_total") >= 100)
    for number in range(50):
        agent.record(pb.AgentEvent(kind="LATER", message=str(number)))
    own.start()
    await eventually(lambda: agent.reports.settled, timeout=40)
    assert served.count("reports_total", body="event") == 51
    assert agent.open
    await agent.hang_up()


async def test_a_stream_that_ends_in_the_outage_leaves_nothing(served: Served, own: MariaDB) -> None:
    agent = await served.agent()
    await agent.connect()
    await eventually(lambda: agent.open and agent.reports.settled)
    tasks = len(asyncio.all_tasks())
    own.kill()
    agent.record(pb.AgentEvent(kind="FIRST"))
    await eventually(lambda: served.mesh.group.away)
    await agent.hang_up()
    await eventually(lambda: served.mesh.streams == 0)
    own.start()
    await eventually(lambda: served.mesh.group.away is None or not served.mesh.group.waiting, timeout=40)
    assert len(asyncio.all_tasks()) <= tasks
    following = agent.again(served.channel)

    async def welcome() -> bool:
        if not following.open:
            await following.connect()
            await eventually(lambda: following.open or following.ended)
        return following.open

    await eventually(welcome, timeout=40)
    await eventually(lambda: following.reports.settled)
    await following.hang_up()
