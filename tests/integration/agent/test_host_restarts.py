"""An agent that is killed, or drained, and comes back: workers end with it, runs go on, what ended stays ended."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from conduix.v1 import pipeline_service_pb2 as pb
from tests.eventually import eventually
from tests.integration.agent.conftest import Slow
from tests.integration.agent.hosts import (
    COMPLETED,
    PAUSE,
    PIPELINE,
    RUN,
    Uplink,
    document,
    ended,
    hosted,
    write_orders,
)
from tests.integration.agent.test_host_life import read_more, written

ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Agent:
    """`tests.integration.agent.program` as a process."""

    process: asyncio.subprocess.Process
    now: dict[int, dict[str, Any]] = field(default_factory=dict)
    """The newest that was told of each replica."""

    async def listen(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            told = json.loads(line)
            self.now[told["replica"]] = told

    @property
    def states(self) -> set[str]:
        return {told["state"] for told in self.now.values()}

    @property
    def read(self) -> int:
        return sum(told["read"] for told in self.now.values())

    @property
    def workers(self) -> list[int]:
        """Its children."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]


@asynccontextmanager
async def agent(directory: Path, replicas: int) -> AsyncIterator[Agent]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.integration.agent.program", directory / "state", directory / "orders.yaml", str(replicas)),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    one = Agent(process)
    listening = asyncio.create_task(one.listen())
    try:
        yield one
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await listening


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


async def killed(one: Agent, durable: dict[int, int], reads: int, *, starts: int) -> dict[int, int]:
    """Kill an agent after so many reads; its workers go with it. Replica → the newest checkpoint that it told of."""
    await eventually(lambda: one.states == {"RUNNING"} and one.read > 0)
    assert all(told["n"] >= durable[replica] for replica, told in one.now.items()), "it did not go on"
    goal = one.read + reads
    await eventually(lambda: one.read >= goal)
    assert all(told["starts"] == starts for told in one.now.values())
    workers = one.workers
    assert len(workers) == len(durable)
    os.kill(one.process.pid, signal.SIGKILL)
    await eventually(lambda: not any(map(alive, workers)))
    return {replica: told["n"] for replica, told in one.now.items()}


@pytest.mark.parametrize("replicas", [1, 3])
async def test_an_agent_that_is_killed_takes_its_workers_along_and_goes_on(
    tmp_path: Path, slow: Slow, replicas: int
) -> None:
    lines = write_orders(tmp_path / "in.jsonl", 40_000)
    (tmp_path / "out").mkdir()
    out = "{shard}.jsonl" if replicas > 1 else "all.jsonl"
    (tmp_path / "orders.yaml").write_text(document(tmp_path, out))
    slow(f"source.read:{0.01 * replicas}")
    drawn = random.Random(replicas)
    durable = dict.fromkeys(range(replicas), 0)
    for kill in range(3):
        async with agent(tmp_path, replicas) as one:
            durable = await killed(one, durable, drawn.randrange(1, 1_000), starts=kill + 1)
    slow("")
    async with agent(tmp_path, replicas) as last:
        await eventually(lambda: last.states == {"COMPLETED"}, 60)
        assert last.process.stdin is not None
        last.process.stdin.close()
        assert await last.process.wait() == 0
    assert written(tmp_path) == Counter(lines)
    if replicas == 1:
        assert (tmp_path / "out" / "all.jsonl").read_bytes() == b"".join(line + b"\n" for line in lines)


async def test_a_drained_agent_leaves_nothing_to_be_read_again(tmp_path: Path, slow: Slow) -> None:
    lines = write_orders(tmp_path / "in.jsonl", 20_000)
    (tmp_path / "out").mkdir()
    slow("source.read:0.01")
    documents = {PIPELINE: document(tmp_path, "all.jsonl")}
    async with hosted(tmp_path / "state", documents) as server:
        await server.want(RUN)
        await server.until("RUNNING")
        await read_more(server, 500)
    (status,) = server.uplink.now.values()
    assert pb.PIPELINE_STATE_STOPPED not in {each.state for each in server.uplink.history}, "nobody stopped the run"
    drained = max(node.passed for node in status.nodes if node.node == "orders")
    assert [copy.n for copy in server.uplink.copies[PIPELINE, 0]][-1] == status.checkpoint
    slow("")
    async with hosted(tmp_path / "state", documents) as server:
        await server.want(PAUSE)
        await server.until("PAUSED")
        (paused,) = server.uplink.now.values()
        assert max(node.passed for node in paused.nodes if node.node == "orders") == drained
        assert not server.host.workers()
        await server.want(RUN)
        await ended(server)
    assert written(tmp_path) == Counter(lines)


async def test_an_ended_run_is_told_again_and_not_run_again(tmp_path: Path) -> None:
    lines = write_orders(tmp_path / "in.jsonl", 2_000)
    (tmp_path / "out").mkdir()
    documents = {PIPELINE: document(tmp_path, "all.jsonl")}
    async with hosted(tmp_path / "state", documents) as server:
        await server.want(RUN)
        await ended(server)
    (before,) = server.uplink.now.values()
    (tmp_path / "out" / "all.jsonl").unlink()
    async with hosted(tmp_path / "state", {}, uplink=Uplink({(PIPELINE, 1): documents[PIPELINE]})) as server:
        await server.want(RUN)
        await server.until("COMPLETED")
        (after,) = server.uplink.now.values()
        assert (after.starts, after.nodes, after.checkpoint) == (before.starts, before.nodes, before.checkpoint)
        assert {status.state for status in server.uplink.history} <= {COMPLETED, pb.PIPELINE_STATE_STARTING}
        assert not (tmp_path / "out" / "all.jsonl").exists(), "it ran again"
        await server.want(RUN, epoch=2, run_seq=2)
        await eventually(lambda: any(status.epoch == 2 for status in server.uplink.now.values()))
        await ended(server)
    assert written(tmp_path) == Counter(lines)
