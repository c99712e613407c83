"""Commands to a host, copies of checkpoints, and pipelines that nobody wants any more."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import uuid
from pathlib import Path

from conduix.errors import FailedPrecondition, FenceLost, InvalidArgument
from conduix.v1 import mesh_service_pb2 as pb
from conduix_agent.host.disk import KEPT_SECONDS
from tests.eventually import eventually
from tests.integration.agent.conftest import Slow
from tests.integration.agent.hosts import (
    PAUSE,
    PIPELINE,
    RUN,
    STOP,
    Server,
    Uplink,
    ended,
    hosted,
)
from tests.integration.agent.test_host_life import read_more

OTHER = "6d0f7b62-0d43-4c29-9a34-000000000002"


async def execute(server: Server, **kind: object) -> pb.CommandResult:
    return await server.host.execute(pb.Command(command_id=str(uuid.uuid4()), **kind))  # type: ignore[arg-type]


# commands


async def test_a_checkpoint_is_answered_by_its_number(tmp_path: Path, documents: dict[str, str], slow: Slow) -> None:
    slow("source.read:0.01")
    async with hosted(tmp_path / "state", documents) as server:
        await server.want(RUN)
        await server.until("RUNNING")
        n = server.uplink.now[PIPELINE, 0].checkpoint
        result = await execute(server, checkpoint=pb.CheckpointCommand(pipeline_id=PIPELINE))
        assert result.outcome == pb.COMMAND_OUTCOME_SUCCEEDED, result
        assert json.loads(result.result)["n"] > n
        await server.want(PAUSE)
        await server.until("PAUSED")
        paused = await execute(server, checkpoint=pb.CheckpointCommand(pipeline_id=PIPELINE))
        assert json.loads(paused.result)["n"] == server.uplink.now[PIPELINE, 0].checkpoint
        await server.want(STOP)
        await server.until("STOPPED")
        stopped = await execute(server, checkpoint=pb.CheckpointCommand(pipeline_id=PIPELINE))
        assert (stopped.outcome, stopped.code) == (pb.COMMAND_OUTCOME_FAILED, FailedPrecondition.code)
        assert "STOPPED" in stopped.message


async def test_a_restart_gives_another_process_that_goes_on(
    tmp_path: Path, documents: dict[str, str], slow: Slow
) -> None:
    slow("source.read:0.01")
    async with hosted(tmp_path / "state", documents) as server:
        await server.want(RUN)
        await server.until("RUNNING")
        await read_more(server, 200)
        before, n = server.host.workers()[PIPELINE, 0], server.uplink.now[PIPELINE, 0].checkpoint
        result = await execute(server, restart=pb.RestartCommand(pipeline_id=PIPELINE))
        assert result.outcome == pb.COMMAND_OUTCOME_SUCCEEDED, result
        status = server.uplink.now[PIPELINE, 0]
        assert server.host.workers()[PIPELINE, 0] != before
        assert (status.starts, status.checkpoint > n, status.detail) == (2, True, "")
        assert not server.uplink.events, "it is no crash"


async def test_records_are_tapped_over_a_restart_until_the_limit(
    tmp_path: Path, documents: dict[str, str], slow: Slow
) -> None:
    slow("source.read:0.01")
    async with hosted(tmp_path / "state", documents) as server:
        await server.want(RUN)
        await server.until("RUNNING")
        tap = pb.TapCommand(pipeline_id=PIPELINE, tap_id="t", node="shape", limit=30, rate=1000)
        result = await execute(server, tap=tap)
        assert result.outcome == pb.COMMAND_OUTCOME_SUCCEEDED, result
        await eventually(lambda: len(server.uplink.taps) >= 5)
        os.kill(server.host.workers()[PIPELINE, 0], signal.SIGKILL)
        await eventually(lambda: len(server.uplink.taps) >= 30)
        await read_more(server, 500)
        assert len(server.uplink.taps) == 30
        record = server.uplink.taps[-1]
        assert (record.tap_id, record.pipeline_id, record.node) == ("t", PIPELINE, "shape")
        assert json.loads(record.record)["status"] == "active"


async def test_a_tap_ends_when_it_is_stopped(tmp_path: Path, documents: dict[str, str], slow: Slow) -> None:
    slow("source.read:0.01")
    async with hosted(tmp_path / "state", documents) as server:
        await server.want(RUN)
        await server.until("RUNNING")
        await execute(server, tap=pb.TapCommand(pipeline_id=PIPELINE, tap_id="t", node="shape", rate=1000))
        await eventually(lambda: bool(server.uplink.taps))
        await execute(server, tap=pb.TapCommand(pipeline_id=PIPELINE, tap_id="t", node="shape", stop=True))
        await execute(server, checkpoint=pb.CheckpointCommand(pipeline_id=PIPELINE))  # behind it on the same line
        heard = len(server.uplink.taps)
        await read_more(server, 500)
        assert len(server.uplink.taps) == heard
        wrong = await execute(server, tap=pb.TapCommand(pipeline_id=PIPELINE, tap_id="u", node="shpae"))
        assert wrong.code == "NODE_NOT_FOUND"
        assert "shape" in wrong.message


SAYING = """
import runpy, sys
print("on the way out")
print("not good", file=sys.stderr, flush=True)
print("no newline", end="", flush=True)
runpy.run_module("conduix.engine.worker", run_name="__main__")
"""


async def test_lines_that_workers_said_are_kept(tmp_path: Path, documents: dict[str, str]) -> None:
    saying = (sys.executable, "-c", SAYING)
    async with hosted(tmp_path / "state", documents, command=saying) as server:
        await server.want(RUN)
        await ended(server)
        tail = await execute(server, tail=pb.TailCommand(pipeline_id=PIPELINE, lines=10))
        lines = json.loads(tail.result)
        assert lines[0].keys() == {"at", "level", "logger", "message", "replica"}
        assert {(line["level"], line["message"]) for line in lines} >= {
            ("INFO", "on the way out"),
            ("INFO", "no newline"),
            ("WARNING", "not good"),
        }
        last = await execute(server, tail=pb.TailCommand(pipeline_id=PIPELINE, lines=1))
        assert json.loads(last.result) == lines[-1:]
        assert server.uplink.logs[-1].message == lines[-1]["message"]


async def test_commands_that_cannot_be_done_are_answered(tmp_path: Path, documents: dict[str, str]) -> None:
    reasons: list[str] = []
    async with hosted(tmp_path / "state", documents, shutdown=reasons.append) as server:
        unknown = await execute(server)
        assert (unknown.outcome, unknown.code) == (pb.COMMAND_OUTCOME_FAILED, InvalidArgument.code)
        elsewhere = await execute(server, tail=pb.TailCommand(pipeline_id=OTHER, lines=1))
        assert elsewhere.code == "PIPELINE_NOT_FOUND"
        await server.want(PAUSE)
        await server.until("PAUSED")
        for kind in ({"restart": pb.RestartCommand(pipeline_id=PIPELINE)},
                     {"checkpoint": pb.CheckpointCommand(pipeline_id=PIPELINE, replica=4)},
                     {"tap": pb.TapCommand(pipeline_id=PIPELINE, tap_id="t", node="shape")}):  # fmt: skip
            result = await execute(server, **kind)
            assert (result.outcome, result.code) == (pb.COMMAND_OUTCOME_FAILED, FailedPrecondition.code)
        ending = await execute(server, shutdown=pb.ShutdownCommand(reason="a new version"))
        assert ending.outcome == pb.COMMAND_OUTCOME_SUCCEEDED
        assert reasons == ["a new version"]


async def test_a_command_whose_deadline_comes_is_answered_then(
    tmp_path: Path, documents: dict[str, str], slow: Slow
) -> None:
    slow("sink.before_fsync:2")
    async with hosted(tmp_path / "state", documents) as server:
        await server.want(RUN)
        await server.until("RUNNING")
        command = pb.Command(command_id="c", checkpoint=pb.CheckpointCommand(pipeline_id=PIPELINE))
        command.deadline.FromNanoseconds(time.time_ns() + 100_000_000)
        result = await server.host.execute(command)
        assert (result.outcome, result.code) == (pb.COMMAND_OUTCOME_FAILED, "DEADLINE_EXCEEDED")


# copies, and what nobody wants


async def test_copies_of_checkpoints_go_up_and_a_lost_fence_is_an_event(
    tmp_path: Path, documents: dict[str, str], slow: Slow
) -> None:
    slow("source.read:0.01")
    uplink = Uplink()
    async with hosted(tmp_path / "state", documents, uplink=uplink) as server:
        await server.want(RUN)
        await server.until("RUNNING")
        await server.want(PAUSE)
        await server.until("PAUSED")
        await eventually(lambda: bool(uplink.copies[PIPELINE, 0]))
        copy = uplink.copies[PIPELINE, 0][-1]
        assert (copy.n, copy.epoch, copy.run_seq, copy.g) == (uplink.now[PIPELINE, 0].checkpoint, 1, 1, 1)
        assert json.loads(copy.record.partition(b"\n")[2])["n"] == copy.n
        uplink.away = FenceLost("run 2, start 1 has written here")
        await server.want(RUN)
        await server.until("RUNNING")
        await read_more(server, 100)
        await server.want(STOP)
        await eventually(lambda: [event.kind for event in uplink.events] == ["checkpoint_refused"])


async def test_a_withdrawn_pipeline_ends_and_its_runs_are_kept_for_seven_days(
    tmp_path: Path, documents: dict[str, str], slow: Slow
) -> None:
    slow("source.read:0.01")
    now = [1_000_000.0]
    home = tmp_path / "state" / "pipelines" / PIPELINE
    async with hosted(tmp_path / "state", documents, unix=lambda: now[0]) as server:
        await server.want(RUN)
        await server.until("RUNNING")
        await server.want(RUN, epoch=2, run_seq=2)
        await eventually(lambda: server.uplink.now[PIPELINE, 0].epoch == 2)
        await server.until("RUNNING")
        assert (home / "run-000001" / "superseded").exists()
        now[0] += KEPT_SECONDS - 1
        await server.withdraw()
        await eventually(lambda: not server.host.workers())
        assert not server.uplink.now
        now[0] += 1
        await server.send()
        assert [path.name for path in sorted(home.glob("run-*"))] == ["run-000002"]
        await server.want(RUN, epoch=3, run_seq=2)
        await server.until("RUNNING")
        assert not (home / "run-000002" / "superseded").exists()
        await server.withdraw()
        await eventually(lambda: not server.host.workers())
        now[0] += KEPT_SECONDS
        await server.send()
        assert not home.exists()
