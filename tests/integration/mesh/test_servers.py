"""Two servers on one database: an agent is of one of them; what is asked of the other reaches it all the same."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import URL

from conduix.errors import AgentElsewhere
from conduix.v1 import agent_service_pb2 as pb_agents
from conduix.v1 import mesh_service_pb2 as pb
from conduix_server.mesh.commands import ask, require_here
from conduix_server.store.store import Store
from tests.eventually import eventually
from tests.integration.mesh.agent import Agent
from tests.integration.mesh.serving import Served, clock, serving
from tests.integration.mesh.test_sessions import CHECKPOINT, assign, connected
from tests.integration.store.conftest import address

Two = tuple[Served, Served]


@pytest.fixture
async def two(own_database: URL) -> AsyncIterator[Two]:
    async with AsyncExitStack() as stack:
        stores = [await stack.enter_async_context(Store(address(own_database), clock)) for _ in range(2)]
        one, other = [await stack.enter_async_context(serving(store)) for store in stores]
        yield one, other


async def test_an_agent_that_comes_to_the_other_server_is_followed_there(two: Two) -> None:
    one, other = two
    agent = await connected(one)
    await eventually(lambda: agent.session.rtt)
    first = agent.call
    agent._stub = Agent(agent.disk, other.channel)._stub
    agent.session.lost()
    await agent.connect()
    await eventually(lambda: agent.open and agent.session.session == 2)
    assert first is not None
    await eventually(first.done)
    assert one.mesh.streams == 0
    await agent.hang_up()


async def test_a_copy_at_the_other_server_is_refused_while_the_first_answers(two: Two) -> None:
    one, other = two
    agent = await connected(one)
    await eventually(lambda: agent.session.rtt)
    twin = Agent(copy.deepcopy(agent.disk), other.channel)
    await twin.connect()
    await eventually(lambda: twin.codes == ["DUPLICATE_AGENT"])
    assert agent.open
    agent.answers = False
    twin = Agent(copy.deepcopy(agent.disk), other.channel)
    await twin.connect()
    await eventually(lambda: twin.open)
    await eventually(lambda: agent.ended)
    for each in (agent, twin):
        await each.hang_up()


async def test_who_is_gone_from_the_other_server_is_not_waited_for(two: Two) -> None:
    one, other = two
    agent = await connected(one)
    await eventually(lambda: agent.session.rtt)
    await agent.hang_up()
    await eventually(lambda: one.mesh.streams == 0)
    following = agent.again(other.channel)
    await following.connect()
    await eventually(lambda: following.open, timeout=4)
    await following.hang_up()


async def test_what_is_asked_of_one_server_reaches_the_agent_of_the_other(two: Two) -> None:
    one, other = two
    agent = await connected(one)
    agent_id = agent.disk.identity.agent_id
    result = await ask(other.store, other.feed, agent_id, CHECKPOINT, within=20)
    assert result.outcome == pb.COMMAND_OUTCOME_SUCCEEDED
    await assign(other.store, agent)
    await eventually(lambda: len(agent.applied) == 1)
    async with other.store.reading() as tx:
        await require_here(tx, agent_id, one.server_id)
        with pytest.raises(AgentElsewhere, match=f"localhost:{one.rpc.ports[0]}"):
            await require_here(tx, agent_id, other.server_id)
    await other.agents.RemoveAgent(pb_agents.RemoveAgentRequest(id=agent_id))
    await eventually(lambda: agent.ended, timeout=5)
    await agent.hang_up()
