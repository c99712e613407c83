"""What the host gives to the uplink and gets from it, over real gRPC."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from conduix.errors import DiskError, FenceLost, NotFound, Unavailable
from conduix.rpc.errors import RemoteError
from conduix.v1 import mesh_service_pb2 as pb
from conduix.v1 import pipeline_service_pb2 as pb_pipeline
from conduix_agent.link.telemetry import MOST_ITEMS
from tests.eventually import eventually
from tests.integration.agent.link_agent import Running, running, settings_for
from tests.integration.agent.mesh_server import Fleet, MeshServer

PIPELINE = "0193a1b2-0000-7000-8000-000000000001"
RUNNING, PAUSED = pb_pipeline.PIPELINE_STATE_RUNNING, pb_pipeline.PIPELINE_STATE_PAUSED


@pytest.fixture
async def server() -> AsyncIterator[MeshServer]:
    server = MeshServer(Fleet())
    await server.start()
    yield server
    await server.kill()


@pytest.fixture
async def agent(server: MeshServer, tmp_path: Path) -> AsyncIterator[Running]:
    async with running(settings_for(tmp_path, server.address)) as agent:
        await eventually(lambda: agent.mode == "STREAM")
        yield agent


def status(state: pb_pipeline.PipelineState, passed: int) -> pb_pipeline.ReplicaStatus:
    made = pb_pipeline.ReplicaStatus(pipeline_id=PIPELINE, epoch=1, state=state)
    made.nodes.add(node="read", passed=passed)
    return made


def stored(server: MeshServer) -> list[tuple[int, int]]:
    """State and count of every report of a replica."""
    reports = server.fleet.db.reports
    every = [[*report.full.replicas] if report.HasField("full") else [report.replica] for report in reports]
    return [(each.state, each.nodes[0].passed) for some in every for each in some if each.nodes]


async def test_counts_are_reported_once_a_second_and_states_at_once(server: MeshServer, agent: Running) -> None:
    for passed in range(500):
        agent.host.uplink.observe(status(RUNNING, passed))
    agent.host.uplink.observe(status(PAUSED, 500))
    await eventually(lambda: stored(server)[-1:] == [(PAUSED, 500)])
    assert len(stored(server)) <= 3, "the 499 in between are news to nobody"
    agent.host.uplink.observe(status(PAUSED, 501))
    await eventually(lambda: stored(server)[-1:] == [(PAUSED, 501)])


async def test_a_status_names_its_agent_whoever_made_it(server: MeshServer, agent: Running) -> None:
    agent.host.uplink.observe(status(RUNNING, 1))
    found = await eventually(lambda: server.fleet.db.observed.get((PIPELINE, 0)))
    assert found is not None
    assert found.agent_id == server.fleet.db.row.agent_id


async def test_a_replica_that_is_gone_stands_in_no_further_report(server: MeshServer, agent: Running) -> None:
    agent.host.uplink.observe(status(RUNNING, 1))
    await eventually(lambda: server.fleet.db.observed)
    agent.host.uplink.observe(status(RUNNING, 2))  # held back when it goes
    agent.host.uplink.forget(PIPELINE, 0)
    await eventually(lambda: not server.fleet.db.observed)
    await agent.stopped()
    assert not server.fleet.db.observed


async def test_a_document_is_fetched_once_and_then_on_disk(server: MeshServer, agent: Running, tmp_path: Path) -> None:
    fleet = server.fleet
    fleet.revisions[PIPELINE, 3] = pb.FetchRevisionResponse(number=3, digest="d", document="name: orders")
    first = await agent.host.uplink.fetch_revision(PIPELINE, 3)
    await server.kill()
    await eventually(lambda: agent.mode == "ISOLATED")
    assert await agent.host.uplink.fetch_revision(PIPELINE, 3) == first
    with pytest.raises(Unavailable, match="no server"):
        await agent.host.uplink.fetch_revision(PIPELINE, 4)
    (kept,) = (tmp_path / "revisions").iterdir()
    kept.write_bytes(kept.read_bytes()[:-3])  # damaged: another one is needed
    with pytest.raises(Unavailable):
        await agent.host.uplink.fetch_revision(PIPELINE, 3)
    await server.start()
    await eventually(lambda: agent.mode == "STREAM")
    assert await agent.host.uplink.fetch_revision(PIPELINE, 3) == first
    assert fleet.fetched == 2


async def test_a_revision_that_does_not_exist_is_not_found_for_good(agent: Running) -> None:
    with pytest.raises(NotFound) as refused:
        await agent.host.uplink.fetch_revision(PIPELINE, 9)
    assert refused.value.code == "REVISION_NOT_FOUND"


async def test_a_checkpoint_is_brought_to_the_server_unless_a_later_owner_was_there(
    server: MeshServer, agent: Running
) -> None:
    copy = pb.SaveCheckpointRequest(pipeline_id=PIPELINE, run_seq=1, g=2, n=3, record=b"{}")
    await agent.host.uplink.save_checkpoint(copy)
    assert server.fleet.checkpoints == [copy]
    server.fleet.save_fails = FenceLost("epoch 1 is over")
    with pytest.raises(FenceLost, match="epoch 1 is over"):
        await agent.host.uplink.save_checkpoint(copy)
    server.fleet.save_fails = Unavailable("the database does not answer", retry_after=2.0)
    with pytest.raises(Unavailable) as away:
        await agent.host.uplink.save_checkpoint(copy)
    assert away.value.retry_after == 2.0
    with pytest.raises(RemoteError, match="pipeline_id"):
        await agent.host.uplink.save_checkpoint(pb.SaveCheckpointRequest(pipeline_id="no uuid"))


def line(text: str) -> pb.LogLine:
    return pb.LogLine(pipeline_id=PIPELINE, level="info", message=text)


async def test_lines_and_taps_come_in_their_order(server: MeshServer, agent: Running) -> None:
    for i in range(100):
        agent.host.uplink.telemetry(line(str(i)))
    agent.host.uplink.telemetry(pb.TapRecord(tap_id="t", record="{}"))
    await eventually(lambda: len(server.fleet.telemetry) == 101)
    assert [item.log.message for item in server.fleet.telemetry[:-1]] == [str(i) for i in range(100)]
    assert server.fleet.telemetry[-1].tap.tap_id == "t"


async def test_what_does_not_fit_is_counted_on_the_next_that_does(server: MeshServer, agent: Running) -> None:
    for i in range(MOST_ITEMS + 50):  # in one go: the sender has no turn meanwhile
        agent.host.uplink.telemetry(line(str(i)))
    await eventually(lambda: len(server.fleet.telemetry) == MOST_ITEMS)
    agent.host.uplink.telemetry(line("after"))
    await eventually(lambda: server.fleet.telemetry[-1].log.message == "after")
    assert server.fleet.telemetry[-1].log.dropped == 50
    assert agent.agent.snapshot().dropped == 50


async def test_telemetry_goes_on_after_a_restart_of_the_server(server: MeshServer, agent: Running) -> None:
    agent.host.uplink.telemetry(line("before"))
    await eventually(lambda: server.fleet.telemetry)
    await server.kill()
    await eventually(lambda: agent.mode == "ISOLATED")
    agent.host.uplink.telemetry(line("lost"))
    await server.start()
    await eventually(lambda: agent.mode == "STREAM")
    agent.host.uplink.telemetry(line("after"))
    await eventually(lambda: server.fleet.telemetry[-1].log.message == "after")
    assert server.fleet.telemetry[-1].log.dropped == 1


async def test_a_disk_that_refuses_an_event_ends_the_agent(agent: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(agent.state.spool, "append", full)  # a full disk takes a file system of its own
    agent.host.uplink.event(pb.AgentEvent(kind="test", message="x"))
    with pytest.raises(DiskError, match="No space left"):
        await agent.task


async def test_a_disk_that_refuses_the_journal_ends_the_agent_before_the_command_runs(
    server: MeshServer, agent: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(agent.state.journal, "started", full)  # a full disk takes a file system of its own
    server.fleet.command(pb.Command(checkpoint=pb.CheckpointCommand(pipeline_id=PIPELINE)))
    with pytest.raises(DiskError, match="No space left"):
        await agent.task
    assert agent.host.executed == []
