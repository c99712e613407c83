"""Sessions over real streams: who is let in, who follows whom, what is pushed, answered and stored."""

from __future__ import annotations

from conduix.v1 import agent_service_pb2 as pb_agents
from conduix.v1 import mesh_service_pb2 as pb
from conduix_server.mesh.commands import ask
from tests.eventually import eventually
from tests.integration.mesh.serving import Served


async def test_an_agent_greets_and_is_welcome(served: Served) -> None:
    agent = await served.agent()
    hello = pb.Hello(agent_version="1.2", labels={"zone": "eu"}, capabilities=["source:file"], hostname="box")
    await agent.connect(hello)
    await eventually(lambda: agent.open)
    shown = await served.shown("a1")
    assert (shown.state, shown.mode, shown.session) == (
        pb_agents.AGENT_STATE_ONLINE,
        pb_agents.CONNECTION_MODE_STREAM,
        1,
    )
    assert (shown.version, dict(shown.labels), list(shown.capabilities)) == ("1.2", {"zone": "eu"}, ["source:file"])
    await eventually(lambda: agent.session.rtt)
    assert served.count("sessions_accepted_total") == 1
    await agent.leave()
    await eventually(lambda: agent.ended)
    await eventually(lambda: served.mesh.streams == 0)
    shown = await served.shown("a1")
    assert shown.state == pb_agents.AGENT_STATE_OFFLINE


async def test_a_command_runs_once_and_is_answered(served: Served) -> None:
    agent = await served.agent()
    await agent.connect()
    await eventually(lambda: agent.open)
    command = pb.Command(checkpoint=pb.CheckpointCommand(pipeline_id="p"))
    result = await ask(served.store, served.feed, agent.disk.identity.agent_id, command, within=10)
    assert (result.outcome, result.result) == (pb.COMMAND_OUTCOME_SUCCEEDED, "7")
    assert list(agent.executed.values()) == [1]
    await agent.hang_up()
