"""A hundred agents on one server: all come in, all are served, none costs more than its share."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
import uuid_utils

from conduix.mesh.agent_session import Phase
from conduix.rpc.channel import open_channel
from conduix.rpc.errors import from_rpc_error
from conduix.v1 import mesh_service_pb2 as pb
from conduix_server.store import agents
from tests.eventually import eventually
from tests.integration.mesh.agent import Agent, Disk
from tests.integration.mesh.serving import Served
from tests.integration.mesh.test_sessions import assign, running

CROWD = 100
CHANNELS = 10


async def persistent(agent: Agent) -> None:
    """Comes again when it is sent away, as late as it is told: whoever does not listen keeps the others out as well."""
    while True:
        await agent.connect()
        await eventually(lambda: agent.session.phase is not Phase.GREETING, timeout=60)
        if agent.open:
            return
        # without an error it was the agent that did not want to wait for its welcome any longer
        wait = from_rpc_error(agent.error).retry_after if agent.error else agent.closed[-1].retry_after
        await asyncio.sleep(min(wait or 0.0, 5.0))


@pytest.mark.slow
async def test_a_hundred_agents_come_in_and_are_served(served: Served) -> None:
    token = await served.join_token()

    async def enrolled(number: int) -> pb.Identity:
        request = pb.EnrollRequest(join_token=token, name=f"a{number}", request_id=str(uuid_utils.uuid7()))
        return (await served.service.Enroll(request)).identity

    identities = await asyncio.gather(*map(enrolled, range(CROWD)))
    async with AsyncExitStack() as stack:
        address = f"localhost:{served.rpc.ports[0]}"
        channels = [await stack.enter_async_context(open_channel(address, tls=None)) for _ in range(CHANNELS)]
        crowd = [Agent(Disk(one), channels[number % CHANNELS]) for number, one in enumerate(identities)]
        await asyncio.gather(*(persistent(agent) for agent in crowd))
        pipelines = [await assign(served.store, agent) for agent in crowd[:20]]
        await eventually(lambda: all(agent.applied for agent in crowd[:20]))
        for agent, pipeline_id in zip(crowd, pipelines, strict=False):
            agent.observe(running(pipeline_id))
        await eventually(lambda: all(agent.reports.settled for agent in crowd), timeout=60)
        await eventually(lambda: all(agent.session.rtt for agent in crowd))

        async def heard() -> bool:
            async with served.store.reading() as tx:
                return len(await agents.heard(tx)) == CROWD

        await eventually(heard)
        assert served.mesh.streams == CROWD
        works, groups = served.count("group_size_sum"), served.count("group_size_count")
        assert groups < works / 2, f"the sessions do not share their transactions: {works} works in {groups}"
        await asyncio.gather(*(agent.hang_up() for agent in crowd))
        await eventually(lambda: served.mesh.streams == 0)
