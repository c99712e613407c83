"""Documents that cannot be run, disks that refuse, workers that do not end: said, and waited for or given up."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import pytest

from conduix.errors import InvalidArgument, Unavailable
from conduix.v1 import mesh_service_pb2 as pb
from conduix_agent.host.pipeline import GRACE
from tests.eventually import eventually
from tests.integration.agent.hosts import (
    PAUSE,
    PIPELINE,
    RUN,
    STOP,
    Server,
    Uplink,
    document,
    ended,
    hosted,
)
from tests.unit.agent.test_process import SCRIPTED

OTHER = "6d0f7b62-0d43-4c29-9a34-000000000002"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: x\nsource: {type: file, path: '${IN}'}\nsink: {type: drop}\n", ("VARIABLE_UNSET", "IN", "environment")),
        ("name: x\nsource: {type: fiel, path: in}\nsink: {type: drop}\n", ("UNKNOWN_TYPE", "fiel", "install")),
        ("name: x\nsource: {type: file, path: in, x: 1}\nsink: {type: drop}\n", ("UNKNOWN_KEY", ":2:", "revision")),
    ],
)
async def test_a_document_that_cannot_be_run_here_is_a_failed_replica(
    tmp_path: Path, documents: dict[str, str], text: str, said: tuple[str, str, str]
) -> None:
    code, message, remedy = said
    async with hosted(tmp_path / "state", {**documents, OTHER: text}) as server:
        await server.want(RUN, replicas=2, pipeline_id=OTHER)
        await server.want(RUN)
        await ended_one(server, OTHER)
        for replica in (0, 1):
            status = server.uplink.now[OTHER, replica]
            assert status.code == code
            assert message in status.detail
            assert remedy in status.remedy
        await server.until("COMPLETED")


async def ended_one(server: Server, pipeline_id: str) -> None:
    await eventually(lambda: set(server.uplink.states(pipeline_id)) == {"FAILED"})


async def test_a_source_that_is_not_there_fails_the_run_before_and_after_a_deal(tmp_path: Path) -> None:
    text = document(tmp_path, "{shard}.jsonl")
    async with hosted(tmp_path / "state", {PIPELINE: text, OTHER: text}) as server:
        await server.want(RUN)
        await server.want(RUN, replicas=2, pipeline_id=OTHER)
        for pipeline_id in (PIPELINE, OTHER):
            await ended_one(server, pipeline_id)
            status = server.uplink.now[pipeline_id, 0]
            assert "in.jsonl" in status.detail
            assert status.code
            assert status.remedy


async def test_without_a_server_a_replica_waits_for_its_document(tmp_path: Path, documents: dict[str, str]) -> None:
    uplink = Uplink(away=Unavailable("no server is connected"))
    async with hosted(tmp_path / "state", documents, uplink=uplink) as server:
        await server.want(RUN)
        await eventually(lambda: any("no server is connected" in detail for detail in server.details()))
        assert server.uplink.states() == ["STARTING"]
        uplink.away = None
        await ended(server)


async def test_a_revision_that_is_gone_or_another_fails_the_replica(tmp_path: Path, documents: dict[str, str]) -> None:
    async with hosted(tmp_path / "state", documents) as server:
        await server.want(STOP)
        await server.until("STOPPED")
        server.uplink.documents[PIPELINE, 1] += "\n# changed\n"
        server.pipelines[PIPELINE][0].action = RUN
        await server.send()
        await server.until("FAILED")
        assert server.uplink.now[PIPELINE, 0].code == "DOCUMENT_CHANGED"
        await server.want(RUN, epoch=2)
        await ended(server)
        await server.want(STOP, epoch=3, run_seq=2)
        await server.until("STOPPED")
        del server.uplink.documents[PIPELINE, 1]
        server.pipelines[PIPELINE][0].action = RUN
        await server.send()
        await server.until("FAILED")
        assert server.uplink.now[PIPELINE, 0].code == "REVISION_NOT_FOUND"


async def test_an_update_without_sense_is_refused_and_the_one_before_stands(
    tmp_path: Path, documents: dict[str, str]
) -> None:
    async with hosted(tmp_path / "state", documents) as server:
        await server.want(PAUSE)
        await server.until("PAUSED")
        server.pipelines[PIPELINE][0].replicas = 3
        with pytest.raises(InvalidArgument, match="1 of 3 replicas"):
            await server.send()
        server.pipelines[PIPELINE] = [pb.Assignment(pipeline_id="../../etc", replicas=1, action=RUN)]
        with pytest.raises(InvalidArgument):
            await server.send()
        assert server.uplink.states() == ["PAUSED"]


async def test_a_disk_that_refuses_is_waited_for(tmp_path: Path, documents: dict[str, str]) -> None:
    in_the_way = tmp_path / "state" / "pipelines" / PIPELINE / "run-000001" / "starts.tmp"
    in_the_way.mkdir(parents=True)
    async with hosted(tmp_path / "state", documents) as server:
        await server.want(RUN)
        await eventually(lambda: any("starts.tmp" in detail or "starts" in detail for detail in server.details()))
        assert server.uplink.states() == ["STARTING"]
        in_the_way.rmdir()
        await ended(server)


async def test_a_disk_that_refuses_does_not_keep_an_agent_from_ending(
    tmp_path: Path, documents: dict[str, str]
) -> None:
    run = tmp_path / "state" / "pipelines" / PIPELINE / "run-000001"
    (run / "status-0000000001-000.tmp").mkdir(parents=True)
    async with asyncio.timeout(30):
        async with hosted(tmp_path / "state", documents) as server:
            await server.want(RUN)
            await server.until("DRAINING")
        assert server.uplink.states() == ["DRAINING"], "an end is told when it is on disk"


async def test_a_worker_that_does_not_stop_is_ended(tmp_path: Path, documents: dict[str, str]) -> None:
    ahead = [0.0]
    command = (sys.executable, str(SCRIPTED), "running hang")
    async with hosted(
        tmp_path / "state", documents, command=command, clock=lambda: time.monotonic() + ahead[0]
    ) as server:
        await server.want(RUN)
        await server.until("RUNNING")
        await server.want(STOP)
        await eventually(lambda: bool(server.host.workers()))
        ahead[0] = 15.0 + GRACE + 1.0
        await server.send()
        await server.until("STOPPED")
        assert [event.kind for event in server.uplink.events] == ["worker_undrained"]


async def test_a_worker_that_ends_again_and_again_is_started_after_longer_and_longer_pauses(
    tmp_path: Path, documents: dict[str, str]
) -> None:
    command = (sys.executable, str(SCRIPTED), "running exit:9")
    async with hosted(tmp_path / "state", documents, command=command) as server:
        await server.want(RUN)
        await eventually(lambda: len(server.uplink.events) >= 4)
        assert all("exit status 9" in event.message for event in server.uplink.events)
        starts = [status.starts for status in server.uplink.history]
        assert starts == sorted(starts)
        await server.want(STOP)
        await server.until("STOPPED")


async def test_a_worker_program_that_is_not_there_is_said(tmp_path: Path, documents: dict[str, str]) -> None:
    async with hosted(tmp_path / "state", documents, command=("/nowhere/python",)) as server:
        await server.want(RUN)
        await eventually(lambda: any("/nowhere" in detail or "No such file" in detail for detail in server.details()))
        await server.want(RUN, replicas=2, epoch=2)
        await eventually(lambda: any("No such file" in status.detail for status in server.uplink.now.values()))
