"""The agent as a process: `python -m conduix_agent` with real workers, killed, stopped, asked."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from conduix.engine.files import Files
from conduix.v1 import mesh_service_pb2 as pb
from conduix.v1 import pipeline_service_pb2 as pb_pipeline
from conduix_agent.link.journal import Journal
from tests.eventually import eventually
from tests.integration.agent.mesh_server import GOOD, Fleet, MeshServer
from tests.programs import Agent, Ended, free_port

PIPELINE = "0193a1b2-0000-7000-8000-000000000001"
DOCUMENT = """
name: ticks
mode: realtime
source: {type: generate, interval: 10ms}
sink: {type: drop}
checkpoint: {interval: 50ms}
"""
RUNNING = pb_pipeline.PIPELINE_STATE_RUNNING


@pytest.fixture
async def server() -> AsyncIterator[MeshServer]:
    server = MeshServer(Fleet())
    await server.start()
    yield server
    await server.kill()


@pytest.fixture
async def agent(server: MeshServer, tmp_path: Path) -> AsyncIterator[Agent]:
    agent = Agent(tmp_path / "agent", server.address, GOOD)
    yield agent
    agent.remove()


def want(fleet: Fleet) -> None:
    digest = hashlib.sha256(DOCUMENT.encode()).hexdigest()
    fleet.revisions[PIPELINE, 1] = pb.FetchRevisionResponse(number=1, digest=digest, document=DOCUMENT)
    fleet.want(
        pb.Assignment(
            pipeline_id=PIPELINE,
            pipeline_name="ticks",
            revision=1,
            digest=digest,
            replicas=1,
            epoch=1,
            run_id="0193a1b2-0000-7000-8000-0000000000aa",
            run_seq=1,
            action=pb_pipeline.DESIRED_STATE_RUNNING,
        )
    )


def observed(fleet: Fleet) -> pb_pipeline.ReplicaStatus | None:
    return fleet.db.observed.get((PIPELINE, 0))


async def runs(fleet: Fleet) -> pb_pipeline.ReplicaStatus:
    def running() -> pb_pipeline.ReplicaStatus | None:
        status = observed(fleet)
        return status if status is not None and status.state == RUNNING and status.checkpoint > 1 else None

    found = await eventually(running, 60)
    assert found is not None
    return found


async def test_a_pipeline_runs_outlives_the_server_and_goes_on_after_kill_9(server: MeshServer, agent: Agent) -> None:
    fleet = server.fleet
    want(fleet)
    await agent.started()
    first = await runs(fleet)
    assert first.agent_id == fleet.db.row.agent_id
    await server.kill()
    (worker,) = agent.workers()
    agent.kill()
    await agent.started()  # no server: from what is on disk
    await eventually(lambda: agent.workers() and agent.workers() != [worker])
    await server.start()
    await eventually(lambda: (status := observed(fleet)) is not None and status.checkpoint > first.checkpoint)
    assert fleet.fetched == 1, "the document was on disk"


async def test_a_command_that_was_started_when_the_agent_was_killed_is_interrupted_for_good(
    server: MeshServer, agent: Agent
) -> None:
    fleet = server.fleet
    want(fleet)
    await agent.started()
    await runs(fleet)
    (worker,) = agent.workers()
    os.kill(worker, signal.SIGSTOP)  # it cannot make the checkpoint that is asked of it
    command = fleet.command(pb.Command(checkpoint=pb.CheckpointCommand(pipeline_id=PIPELINE)))
    await eventually(lambda: fleet.db.outbox[command].received)
    agent.kill()
    await agent.started()
    await eventually(lambda: fleet.db.answers.get(command), 60)
    (answer,) = fleet.db.answers[command]
    assert answer.outcome == pb.COMMAND_OUTCOME_INTERRUPTED
    await eventually(lambda: fleet.db.observed and agent.workers(), 60)
    agent.kill()
    journal = Journal(agent.state / "journal", Files())
    assert [(entry.command_id, entry.result) for entry in journal.entries()] == [(command, answer)]
    journal.close()


async def test_sigterm_drains_tells_the_end_and_leaves(server: MeshServer, agent: Agent) -> None:
    fleet = server.fleet
    want(fleet)
    await agent.started()
    running = await runs(fleet)
    workers = agent.workers()
    assert await asyncio.to_thread(agent.stop) == 0, agent.log
    assert fleet.left == ["the agent was ended by SIGTERM"]
    last = observed(fleet)
    assert last is not None
    assert last.checkpoint > running.checkpoint
    assert not [pid for pid in workers if alive(pid)]
    assert len(fleet.checkpoints) >= 1, "its copy was brought to the server"


async def test_a_second_signal_ends_it_at_once_and_its_workers_with_it(server: MeshServer, agent: Agent) -> None:
    want(server.fleet)
    await agent.started()
    await runs(server.fleet)
    (worker,) = agent.workers()
    os.kill(worker, signal.SIGSTOP)  # draining would take its whole time
    os.kill(agent.pid, signal.SIGTERM)
    await eventually(lambda: "draining" in agent.log)
    assert await asyncio.to_thread(agent.stop) == 128 + signal.SIGTERM
    await eventually(lambda: not alive(worker))


async def test_a_shutdown_command_is_answered_and_ends_it_in_good_order(server: MeshServer, agent: Agent) -> None:
    fleet = server.fleet
    await agent.started()
    command = fleet.command(pb.Command(shutdown=pb.ShutdownCommand(reason="the host is replaced")))
    await eventually(lambda: fleet.left == ["the host is replaced"])
    assert [answer.outcome for answer in fleet.db.answers[command]] == [pb.COMMAND_OUTCOME_SUCCEEDED]
    assert await asyncio.to_thread(agent.wait) == 0


async def test_one_process_holds_a_state_directory(agent: Agent) -> None:
    await agent.started()
    second = conduix_agent(*run_again(agent))
    assert second.returncode == 1
    assert f"pid {agent.pid}" in second.stderr
    assert "STATE_BUSY" in second.stderr


async def test_status_is_a_table_for_people_and_json_for_programs(server: MeshServer, agent: Agent) -> None:
    want(server.fleet)
    await agent.started()
    await runs(server.fleet)
    state = ("--state-dir", str(agent.state))
    text = conduix_agent("status", *state)
    assert text.returncode == 0, text.stderr
    assert "STREAM for" in text.stdout
    assert server.address in text.stdout
    assert "ticks" in text.stdout
    found = json.loads(conduix_agent("status", *state, "--output", "json").stdout)
    assert (found["name"], found["id"], found["mode"]) == ("agent", server.fleet.db.row.agent_id, "STREAM")
    (replica,) = found["replicas"]
    assert (replica["pipeline"], replica["state"]) == ("ticks", "RUNNING")
    assert replica["checkpoint"] > 0
    assert (agent.state / "agent.sock").stat().st_mode & 0o777 == 0o600


async def test_status_says_that_nobody_is_there(agent: Agent) -> None:
    await agent.started()
    agent.kill()
    answer = conduix_agent("status", "--state-dir", str(agent.state))
    assert answer.returncode == 1
    assert f"no agent runs with the state directory {agent.state}" in answer.stderr


async def test_the_http_side_answers_probes_and_scrapes(server: MeshServer, tmp_path: Path) -> None:
    port = free_port()
    agent = Agent(tmp_path / "agent", server.address, GOOD)
    agent.command += ["--http-port", str(port)]
    want(server.fleet)
    try:
        await agent.started()
        assert agent.ready["http"] == f"127.0.0.1:{port}"
        await runs(server.fleet)
        assert fetch(port, "health")[0] == 200
        assert fetch(port, "ready")[0] == 200
        metrics = fetch(port, "metrics")[1]
        assert 'conduix_agent_mode{mode="STREAM"} 1.0' in metrics
        assert 'conduix_agent_replicas{state="RUNNING"} 1.0' in metrics
        assert re.search(
            r'conduix_records_total\{node="\w+",pipeline="ticks",replica="0",result="passed"\} [1-9]', metrics
        )
    finally:
        agent.remove()


async def test_a_port_that_is_taken_is_named(server: MeshServer, agent: Agent) -> None:
    port = server.port
    answer = conduix_agent(*run_again(agent), "--http-port", str(port))
    assert answer.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}" in answer.stderr


async def test_a_wrong_join_token_ends_it_with_the_reason(server: MeshServer, tmp_path: Path) -> None:
    agent = Agent(tmp_path / "agent", server.address, "no such token")
    agent.spawn()
    assert await asyncio.to_thread(agent.wait) == 1
    assert "error: this join token is not known here (TOKEN_INVALID)" in agent.log


async def test_an_agent_without_identity_and_token_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Ended, match="conduix agents"):
        await Agent(tmp_path / "agent", "127.0.0.1:1", "").started()


def run_again(agent: Agent) -> list[str]:
    token = str(agent.folder / "join-token")
    return ["run", "--state-dir", str(agent.state), "--join-token-file", token, "--http-port", "0"]


def conduix_agent(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "conduix_agent", *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def fetch(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.mark.slow
async def test_the_end_takes_less_than_20_s_whatever_a_worker_does(server: MeshServer, agent: Agent) -> None:
    want(server.fleet)
    await agent.started()
    await runs(server.fleet)
    (worker,) = agent.workers()
    os.kill(worker, signal.SIGSTOP)
    began = time.monotonic()
    assert await asyncio.to_thread(agent.stop) == 0, agent.log
    assert time.monotonic() - began < 20
    assert "not every worker came to a last checkpoint" in agent.log
    assert server.fleet.left == ["the agent was ended by SIGTERM"]
    await eventually(lambda: not alive(worker))
