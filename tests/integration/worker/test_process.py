"""A worker process as its agent sees it: what it says, how it obeys, and that nothing keeps it when it is to end."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conduix.engine.runtime.checkpoint import Checkpoint, Cut
from conduix.engine.runtime.sealed import unseal
from conduix.engine.worker.frames import frame
from conduix.engine.worker.lifeline import ORPHANED
from conduix.v1 import mesh_service_pb2 as pb_mesh
from conduix.v1 import pipeline_service_pb2 as pb_pipeline
from conduix.v1 import worker_pb2 as pb
from tests.eventually import eventually_sync
from tests.integration.worker.agent import Worker
from tests.integration.worker.documents import copying, endless, numbers, written


@pytest.fixture
def replica(tmp_path: Path) -> Path:
    """A replica's directory, as an agent names it."""
    return tmp_path / "run-000001" / "deal-0001" / "replica-000"


@pytest.fixture
def running(tmp_path: Path, replica: Path) -> Iterator[Worker]:
    """A worker that runs and does not end by itself."""
    with Worker() as worker:
        worker.start(endless(tmp_path), replica, replica=2)
        worker.until(lambda: worker.state == "RUNNING")
        yield worker


def test_a_run_to_its_end(tmp_path: Path, replica: Path) -> None:
    numbers(tmp_path, 5_000)
    with Worker() as worker:
        worker.start(copying(tmp_path), replica, replica=2, epoch=7, revision=3, digest="abc")
        assert worker.ended() == 0
    last = worker.statuses[-1]
    assert worker.state == "COMPLETED"
    assert worker.events[-1].HasField("status")  # the last word, when all else was said
    assert (last.pipeline_id, last.run_id, last.replica, last.epoch) == ("p-1", "r-1", 2, 7)
    assert (last.revision, last.digest, last.checkpoint >= 1, last.progress) == (3, "abc", True, 1.0)
    roles = {"in": pb_pipeline.NodeCounts(node="in", role="NODE_ROLE_SOURCE", passed=5_000)}
    assert {each.node: each for each in last.nodes if each.node == "in"} == roles
    assert written(tmp_path) == list(range(5_000))
    assert (tmp_path / "run-000001" / "dead-002.jsonl").exists()


def test_the_copy_is_the_checkpoint_as_it_stands(tmp_path: Path, replica: Path) -> None:
    numbers(tmp_path, 100)
    with Worker() as worker:
        worker.start(copying(tmp_path), replica)
        worker.ended()
    copy = worker.copies[-1]
    for name, data in (("record", copy.record), ("cut", copy.cut)):
        (tmp_path / name).write_bytes(data)
    record = unseal(tmp_path / "record", Checkpoint)
    assert record is not None
    assert (record.n, record.phase, record.final) == (copy.n, "complete", True)
    assert unseal(tmp_path / "cut", Cut) is not None
    assert copy.n == worker.statuses[-1].checkpoint


def test_every_verb_is_answered(running: Worker, tmp_path: Path) -> None:
    running.verb(pb.WORKER_ACTION_CHECKPOINT, "first")
    running.until(lambda: "first" in running.answers)
    running.verb(pb.WORKER_ACTION_PAUSE, "pause")
    running.until(lambda: "pause" in running.answers and running.state == "PAUSED")
    assert running.statuses[-1].reason == pb_pipeline.PAUSE_REASON_OPERATOR
    running.until(lambda: running.copies)
    running.verb(pb.WORKER_ACTION_CHECKPOINT, "paused")
    running.until(lambda: "paused" in running.answers)
    running.verb(pb.WORKER_ACTION_RESUME, "resume")
    running.until(lambda: "resume" in running.answers and running.state == "RUNNING")
    running.verb(pb.WORKER_ACTION_CHECKPOINT, "second")
    running.until(lambda: "second" in running.answers)
    running.verb(pb.WORKER_ACTION_STOP, "stop")
    assert running.ended() == 0
    assert {name: done.code for name, done in running.answers.items()} == dict.fromkeys(running.answers, "")
    given = [int(running.answers[name].message) for name in ("first", "paused", "second")]
    assert given == [1, 2, 3]
    assert running.answers.keys() == {"first", "pause", "paused", "resume", "second", "stop"}
    assert running.state == "STOPPED"
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == running.statuses[-1].nodes[-2].passed


def test_taps_show_records_and_tell_their_end(running: Worker) -> None:
    for node in ("in", "numbered", "even", "out", "nowhere"):
        running.tap(node, node, limit=3, rate=1000)
    running.tap("endless", "marked", rate=1000)
    running.until(lambda: {"in", "numbered", "even", "out", "nowhere"} <= running.answers.keys())
    running.until(lambda: any(record.tap_id == "endless" for record in running.taps))
    running.tap("endless", "marked", stop=True)
    running.until(lambda: "endless" in running.answers)
    shown = {
        node: [json.loads(record.record) for record in running.taps if record.tap_id == node]
        for node in ("in", "numbered", "even", "out")
    }
    assert {node: len(records) for node, records in shown.items()} == dict.fromkeys(shown, 3)
    assert [set(records[0]) for records in shown.values()] == [
        {"i"},
        {"i", "number"},
        {"i", "number"},
        {"i", "number", "mark"},
    ]
    assert all(record["number"] % 2 == 0 for record in shown["even"])
    assert {(record.pipeline_id, record.replica) for record in running.taps} == {("p-1", 2)}
    assert running.answers["nowhere"].code == "NODE_NOT_FOUND"
    assert {running.answers[tap].code for tap in ("in", "endless")} == {""}


def test_a_request_of_a_later_version_is_left_undone(running: Worker) -> None:
    running.send(pb.WorkerRequest())
    running.verb(pb.WORKER_ACTION_CHECKPOINT, "after")
    running.until(lambda: "after" in running.answers and running.logs)
    assert "does not know" in running.logs[-1].message


def test_a_checkpoint_that_does_not_come_is_told(tmp_path: Path, replica: Path) -> None:
    with Worker() as worker:
        worker.start(endless(tmp_path), replica, action=pb_pipeline.DESIRED_STATE_PAUSED)
        worker.until(lambda: worker.state == "PAUSED")
        stop = pb.WorkerVerb(action=pb.WORKER_ACTION_STOP)
        late = pb.WorkerVerb(action=pb.WORKER_ACTION_CHECKPOINT, command_id="late")
        worker.send(pb.WorkerRequest(verb=stop), pb.WorkerRequest(verb=late))
        assert worker.ended() == 0
    late_answer = worker.answers.get("late")  # none: it ended before it read the command, and its agent answers
    assert late_answer is None or (late_answer.code, late_answer.message) in {
        ("", "1"),  # the pause was still there, and its checkpoint
        ("FAILED_PRECONDITION", "the replica is STOPPED"),
    }
    assert not (tmp_path / "out.jsonl").read_text()


def test_a_document_that_does_not_validate(replica: Path) -> None:
    with Worker() as worker:
        worker.start("name: p\nsource: {type: fil}\nsink: {type: drop}\n", replica)
        assert worker.ended() == 1
    last = worker.statuses[-1]
    assert (worker.state, last.code) == ("FAILED", "DOCUMENT_INVALID")
    assert "fil" in last.detail
    assert not replica.exists()


def test_a_failure_has_code_and_remedy(tmp_path: Path, replica: Path) -> None:
    with Worker() as worker:
        worker.start(copying(tmp_path), replica)  # there is no in.jsonl
        worker.verb(pb.WORKER_ACTION_STOP, "stop")
        assert worker.ended() == 1
    last = worker.statuses[-1]
    assert (worker.state, last.code) == ("FAILED", "OUTSIDE_REFUSED")
    assert "in.jsonl" in last.detail
    assert last.remedy
    assert worker.answers["stop"].code == "OUTSIDE_REFUSED"


def test_signals_are_left_to_the_agent(running: Worker) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        running.process.send_signal(number)
    running.verb(pb.WORKER_ACTION_CHECKPOINT, "after")
    running.until(lambda: "after" in running.answers)
    running.verb(pb.WORKER_ACTION_STOP)
    assert running.ended() == 0


def test_the_end_of_the_line_is_the_end_of_the_worker(running: Worker) -> None:
    running.hang_up()
    assert running.process.wait(10) == ORPHANED


_AGENT = """
import os, socket, subprocess, sys
ours, theirs = socket.socketpair()
worker = subprocess.Popen(
    [sys.executable, "-m", "conduix.engine.worker"], pass_fds=(3,), preexec_fn=lambda: os.dup2(theirs.fileno(), 3)
)
os.set_inheritable(ours.fileno(), True)
keeper = subprocess.Popen(["sleep", "60"], pass_fds=(ours.fileno(),))
ours.sendall(sys.stdin.buffer.read())
print(worker.pid, keeper.pid, flush=True)
worker.wait()
"""
"""Keeps the line open through a third process: only the death signal can end the worker."""


def test_a_worker_dies_with_its_agent_even_if_the_line_stays_open(tmp_path: Path, replica: Path) -> None:
    start = pb.WorkerStart(assignment=pb_mesh.Assignment(), document=endless(tmp_path), directory=str(replica), g=1)
    agent = subprocess.Popen([sys.executable, "-c", _AGENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert agent.stdin is not None
    assert agent.stdout is not None
    agent.stdin.write(frame(pb.WorkerRequest(start=start)))
    agent.stdin.close()
    worker, keeper = map(int, agent.stdout.readline().split())
    eventually_sync((tmp_path / "out.jsonl").exists)
    agent.kill()
    agent.wait()
    agent.stdout.close()
    try:
        eventually_sync(lambda: not _lives(worker))
    finally:
        os.kill(keeper, signal.SIGKILL)


def _lives(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def test_a_worker_whose_agent_is_not_its_parent_ends() -> None:
    """As when the agent died before the death signal was set: whoever made the pair is not the parent."""
    ours, theirs = socket.socketpair()
    worker = "[sys.executable, '-m', 'conduix.engine.worker'], pass_fds=(3,)"
    code = f"import subprocess, sys; sys.exit(subprocess.run({worker}).returncode)"
    with ours, theirs:
        between = subprocess.run(
            [sys.executable, "-c", code],
            check=False,
            pass_fds=(3,),
            preexec_fn=lambda: os.dup2(theirs.fileno(), 3),
            timeout=30,
        )
    assert between.returncode == ORPHANED


def test_started_by_hand_it_says_what_it_is() -> None:
    by_hand = subprocess.run(
        [sys.executable, "-m", "conduix.engine.worker"], check=False, capture_output=True, text=True, timeout=30
    )
    assert by_hand.returncode == 1
    assert "started by an agent" in by_hand.stderr


def test_garbage_ends_the_worker() -> None:
    with Worker() as worker:
        worker._line.sendall(struct.pack(">I", 5) + b"\xff\xff\xff\xff\xff")
        assert worker.ended() == ORPHANED


def test_an_agent_that_does_not_read_holds_nothing_up(tmp_path: Path, replica: Path) -> None:
    """Everything flows, and of the statuses only the newest is kept; logs are dropped and counted."""
    numbers(tmp_path, 20_000)
    document = f"""
name: p
checkpoint: {{interval: 1ms}}
source: {{id: in, type: file, path: "{tmp_path}/in.jsonl", split: 16KiB}}
sinks:
  - {{id: shown, type: stub}}
  - {{id: out, type: file, path: "{tmp_path}/out/{{shard}}.jsonl", mkdir: true}}
"""
    with Worker(reading=False) as worker:
        worker.start(document, replica)
        eventually_sync(lambda: _complete(replica), timeout=60)
        worker.read()
        assert worker.ended() == 0
    assert worker.state == "COMPLETED"
    assert len(written(tmp_path)) == 20_000
    assert len(worker.logs) < 20_000
    states = ("STARTING", "RUNNING", "COMPLETED")  # a line each, beside one for each record
    assert sum(line.dropped for line in worker.logs) + len(worker.logs) <= 20_000 + len(states)


def _complete(replica: Path) -> bool:
    newest = max(replica.glob("ckpt-??????????"), default=None)
    record = unseal(newest, Checkpoint) if newest is not None else None
    return record is not None and record.final and record.phase == "complete"


def test_logs_have_their_level_and_logger(replica: Path) -> None:
    with Worker() as worker:
        worker.start("name: p\nsource: {type: generate, count: 2}\nsink: {type: stub, log_level: warn}\n", replica)
        worker.ended()
    shown = [line for line in worker.logs if line.logger == "conduix.stub"]
    assert [(line.level, json.loads(line.message)["index"]) for line in shown] == [("WARNING", 0), ("WARNING", 1)]
    assert all(line.pipeline_id == "p-1" and line.at.seconds for line in shown)


def test_it_ends_though_a_thread_is_stuck(tmp_path: Path, replica: Path) -> None:
    """A disk that does not come back from an fsync: the replica is FAILED, and its process is gone."""
    document = endless(tmp_path).replace("mode: realtime", "mode: realtime\ndrain_timeout: 200ms")
    with Worker({"CONDUIX_SLOW": "checkpoint.written:600"}) as worker:
        worker.start(document, replica)
        eventually_sync(lambda: (replica / "cut.tmp").exists() or (replica / "cut").exists())
        worker.verb(pb.WORKER_ACTION_STOP)
        assert worker.ended() == 0
    assert worker.state == "STOPPED"
    assert "undrained" in worker.statuses[-1].detail
