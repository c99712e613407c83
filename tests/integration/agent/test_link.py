"""The link against real gRPC: one agent, one or two servers, everything that comes between them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from conduix.errors import InvalidArgument
from conduix.v1 import mesh_service_pb2 as pb
from conduix.v1 import pipeline_service_pb2 as pb_pipeline
from tests.eventually import eventually
from tests.integration.agent.link_agent import running, settings_for
from tests.integration.agent.mesh_server import Fleet, MeshServer

PIPELINE = "0193a1b2-0000-7000-8000-000000000001"


@pytest.fixture
async def server() -> AsyncIterator[MeshServer]:
    server = MeshServer(Fleet())
    await server.start()
    yield server
    await server.kill()


@pytest.fixture
async def second(server: MeshServer) -> AsyncIterator[MeshServer]:
    second = MeshServer(server.fleet, "s2")
    await second.start()
    yield second
    await second.kill()


def assignment(revision: int = 1) -> pb.Assignment:
    return pb.Assignment(pipeline_id=PIPELINE, pipeline_name="orders", revision=revision, replicas=1, epoch=3)


def replica(state: pb_pipeline.PipelineState, passed: int = 0) -> pb_pipeline.ReplicaStatus:
    status = pb_pipeline.ReplicaStatus(pipeline_id=PIPELINE, epoch=3, state=state)
    status.nodes.add(node="read", passed=passed)
    return status


async def test_an_agent_enrols_and_is_told_what_to_do(server: MeshServer, tmp_path: Path) -> None:
    fleet = server.fleet
    version = fleet.want(assignment())
    async with running(settings_for(tmp_path, server.address, labels={"zone": "eu"})) as agent:
        await eventually(lambda: [ack.version for ack in fleet.acks] == [version])
        assert agent.host.versions == [0, version]
        assert agent.state.desired().version == version
        (hello,) = fleet.hellos
        assert {"source:file", "stage:mapping", "sink:file"} <= set(hello.capabilities)
        assert hello.labels == {"zone": "eu"}
        await eventually(lambda: any(beat.host.cores for beat in fleet.heartbeats))
        assert agent.mode == "STREAM"
        assert (tmp_path / "identity").stat().st_mode & 0o777 == 0o600


async def test_a_newer_desired_state_comes_by_the_stream_and_one_that_cannot_be_is_refused(
    server: MeshServer, tmp_path: Path
) -> None:
    fleet = server.fleet
    async with running(settings_for(tmp_path, server.address)) as agent:
        await eventually(lambda: agent.mode == "STREAM")
        good = fleet.want(assignment())
        await eventually(lambda: [ack.version for ack in fleet.acks] == [good])
        agent.host.refuse = InvalidArgument("that makes no sense")
        fleet.want(assignment(2))
        await eventually(lambda: fleet.acks[-1].code == "INVALID_ARGUMENT")
        assert agent.state.desired().version == good, "the last good one is in force"


async def test_the_last_desired_state_is_under_way_before_any_server_answers(
    server: MeshServer, tmp_path: Path
) -> None:
    fleet = server.fleet
    fleet.want(assignment())
    async with running(settings_for(tmp_path, server.address)) as agent:
        await eventually(lambda: fleet.acks)
    await server.kill()
    async with running(settings_for(tmp_path, server.address)) as agent:
        await eventually(agent.ready.is_set)
        assert [each.pipeline_name for each in agent.host.applied[0].assignments] == ["orders"]
        assert agent.mode == "ISOLATED"
        await server.start()
        await eventually(lambda: agent.mode == "STREAM")
        assert len(agent.host.applied) == 1, "the server wants nothing else"
    assert fleet.hellos[-1].desired_version == fleet.db.desired.version


async def test_what_happens_while_the_server_is_away_is_told_once_when_it_is_back(
    server: MeshServer, tmp_path: Path
) -> None:
    fleet = server.fleet
    async with running(settings_for(tmp_path, server.address)) as agent:
        await eventually(lambda: agent.mode == "STREAM")
        await server.kill()
        await eventually(lambda: agent.mode == "ISOLATED")
        for i in range(20):
            agent.host.uplink.event(pb.AgentEvent(kind="test", message=f"event {i}"))
        agent.host.uplink.observe(replica(pb_pipeline.PIPELINE_STATE_PAUSED))
        await server.start()
        await eventually(lambda: "event 19" in fleet.events)
        told = [text for text in fleet.events if text.startswith("event ")]
        assert told == [f"event {i}" for i in range(20)]
        await eventually(lambda: [s.state for s in fleet.db.observed.values()] == [pb_pipeline.PIPELINE_STATE_PAUSED])
        assert any(text.startswith("ISOLATED after") for text in fleet.events), "the console shows the gap"
        assert fleet.db.sessions == [1, 2]


async def test_events_outlive_the_agent_too(server: MeshServer, tmp_path: Path) -> None:
    async with running(settings_for(tmp_path, server.address)) as agent:
        await eventually(lambda: agent.mode == "STREAM")
        await server.kill()
        agent.host.uplink.event(pb.AgentEvent(kind="test", message="last words"))
    await server.start()
    async with running(settings_for(tmp_path, server.address)):
        await eventually(lambda: server.fleet.events.count("last words") == 1)


async def test_when_a_server_is_gone_the_next_of_the_list_takes_over(
    server: MeshServer, second: MeshServer, tmp_path: Path
) -> None:
    async with running(settings_for(tmp_path, server.address, second.address)) as agent:
        await eventually(lambda: agent.server == server.address)
        await server.kill()
        await eventually(lambda: agent.server == second.address)
        await server.start()
        await second.kill()
        await eventually(lambda: agent.server == server.address)


async def test_a_server_that_leaves_is_left_before_it_is_gone(
    server: MeshServer, second: MeshServer, tmp_path: Path
) -> None:
    fleet = server.fleet
    async with running(settings_for(tmp_path, server.address)) as agent:
        await eventually(lambda: agent.server == server.address)
        server.drain(0.2, second.address)
        await eventually(lambda: agent.server == second.address)
        await eventually(lambda: not server.sessions)
        assert agent.agent.status.lost == 0, "there was always a session"
        assert fleet.left == [], "moving is no goodbye"
        assert not any(text.startswith("ISOLATED") for text in fleet.events)


async def test_without_another_server_the_one_that_leaves_is_kept_to_its_end(
    server: MeshServer, tmp_path: Path
) -> None:
    async with running(settings_for(tmp_path, server.address)) as agent:
        await eventually(lambda: agent.server == server.address)
        server.drain(0.0, "127.0.0.1:1")
        version = server.fleet.want(assignment())
        await eventually(lambda: agent.state.desired().version == version)
        await server.kill()
        await server.start()
        await eventually(lambda: len(server.fleet.db.sessions) == 2)


async def test_a_command_runs_once_and_is_answered(server: MeshServer, tmp_path: Path) -> None:
    fleet = server.fleet
    async with running(settings_for(tmp_path, server.address)) as agent:
        command = fleet.command(pb.Command(checkpoint=pb.CheckpointCommand(pipeline_id=PIPELINE)))
        await eventually(lambda: agent.host.executed == [command])
        await server.kill()
        agent.host.gate.set()
        await eventually(lambda: [entry.result for entry in agent.state.journal.entries()] != [None])
        await server.start()
        await eventually(lambda: fleet.db.answers.get(command))
        assert fleet.db.answers[command][0].result == '{"n": 7}'
        assert agent.host.executed == [command]


async def test_a_command_that_died_with_the_agent_is_answered_and_not_run_again(
    server: MeshServer, tmp_path: Path
) -> None:
    fleet = server.fleet
    async with running(settings_for(tmp_path, server.address)) as agent:
        command = fleet.command(pb.Command(restart=pb.RestartCommand(pipeline_id=PIPELINE)))
        await eventually(lambda: agent.host.executed == [command])
    async with running(settings_for(tmp_path, server.address)) as again:
        await eventually(lambda: fleet.db.answers.get(command))
        assert fleet.db.answers[command][0].outcome == pb.COMMAND_OUTCOME_INTERRUPTED
        assert again.host.executed == []


async def test_the_end_tells_everything_and_says_goodbye(server: MeshServer, tmp_path: Path) -> None:
    fleet = server.fleet
    async with running(settings_for(tmp_path, server.address)) as agent:
        await eventually(lambda: agent.mode == "STREAM")
        agent.host.uplink.observe(replica(pb_pipeline.PIPELINE_STATE_RUNNING, 1))
        agent.host.uplink.observe(replica(pb_pipeline.PIPELINE_STATE_RUNNING, 99))  # held back for a second
        agent.host.uplink.event(pb.AgentEvent(kind="test", message="the last one"))
        await agent.stopped("the test is over")
        assert agent.host.drained
        assert fleet.left == ["the test is over"]
        assert "the last one" in fleet.events
        assert [status.nodes[0].passed for status in fleet.db.observed.values()] == [99]


async def test_the_end_does_not_wait_for_a_server_that_is_away(server: MeshServer, tmp_path: Path) -> None:
    async with running(settings_for(tmp_path, server.address)) as agent:
        await eventually(lambda: agent.mode == "STREAM")
        await server.kill()
        await eventually(lambda: agent.mode == "ISOLATED")
        await agent.stopped()


async def test_a_copy_of_an_agent_waits_until_somebody_adopts_it(server: MeshServer, tmp_path: Path) -> None:
    fleet = server.fleet
    async with running(settings_for(tmp_path, server.address)) as agent:
        await eventually(lambda: agent.mode == "STREAM")
        await agent.stopped()
    (tmp_path / "process").unlink()  # as of a backup from before its first session
    async with running(settings_for(tmp_path, server.address)) as stranger:
        await eventually(lambda: fleet.db.alerts["ADOPTION_NEEDED"])
        await eventually(lambda: "adopt" in stranger.agent.snapshot().cause)
        assert stranger.mode == "ISOLATED"
        assert fleet.db.alerts["ADOPTION_NEEDED"] == 1, "it waits as long as the server asked"
