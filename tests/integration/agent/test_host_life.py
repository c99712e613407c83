"""A pipeline's whole life on an agent, with real workers and real files: what comes out is exact."""

from __future__ import annotations

import os
import random
import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.eventually import eventually
from tests.integration.agent.conftest import Slow
from tests.integration.agent.hosts import (
    PAUSE,
    PIPELINE,
    READ,
    RUN,
    STOP,
    Server,
    document,
    ended,
    hosted,
    write_orders,
)


def written(directory: Path) -> Counter[bytes]:
    """Records of all outputs."""
    found: Counter[bytes] = Counter()
    for path in (directory / "out").iterdir():
        found.update(path.read_bytes().splitlines())
    return found


def records(server: Server) -> int:
    """Records that all replicas together have read in this run."""
    nodes = [node for status in server.uplink.now.values() for node in status.nodes]
    return sum(node.passed for node in nodes if node.node == READ)


async def read_more(server: Server, count: int) -> None:
    """Wait until so many records more are read."""
    target = records(server) + count
    await eventually(lambda: records(server) >= target, 60)


async def kill(server: Server) -> None:
    """End the worker of replica 0, and wait until that was noticed."""
    crashes = len(server.uplink.events)
    os.kill(server.host.workers()[PIPELINE, 0], signal.SIGKILL)
    await eventually(lambda: len(server.uplink.events) == crashes + 1)


async def test_whole_life_of_a_pipeline_in_many_replicas(tmp_path: Path, slow: Slow) -> None:
    lines = write_orders(tmp_path / "in.jsonl", 50_000)
    (tmp_path / "out").mkdir()
    slow("source.read:0.02")
    async with hosted(tmp_path / "state", {PIPELINE: document(tmp_path, "{shard}.jsonl")}) as server:
        await server.want(RUN)
        await server.until("RUNNING")
        await read_more(server, 500)
        await server.want(PAUSE)
        await server.until("PAUSED")
        standing = records(server)
        await server.want(RUN)
        await server.until("RUNNING")
        await read_more(server, 500)
        await server.want(RUN, replicas=3, epoch=2)
        await server.until("RUNNING", "RUNNING", "RUNNING")
        assert records(server) >= standing, "what was counted before the deal still counts"
        await read_more(server, 500)
        await server.want(RUN, replicas=2, epoch=3)
        await server.until("RUNNING", "RUNNING")
        assert (PIPELINE, 2) in server.uplink.forgotten
        await read_more(server, 500)
        await server.want(STOP, replicas=2, epoch=3)
        await server.until("STOPPED", "STOPPED")
        assert not server.host.workers()
        assert written(tmp_path) != Counter(lines), "stopped before its end"
        slow("")
        await server.want(RUN, replicas=2, epoch=4)
        await ended(server)
        assert records(server) == len(lines)
    assert written(tmp_path) == Counter(lines)
    assert [event.kind for event in server.uplink.events] == ["shards_dealt", "shards_dealt"]


@pytest.mark.parametrize("seed", range(3))
async def test_workers_are_killed_at_random_and_the_output_is_byte_identical(
    tmp_path: Path, slow: Slow, seed: int
) -> None:
    lines = write_orders(tmp_path / "in.jsonl", 30_000)
    (tmp_path / "out").mkdir()
    slow("source.read:0.015")
    drawn = random.Random(seed)
    async with hosted(tmp_path / "state", {PIPELINE: document(tmp_path, "all.jsonl")}) as server:
        await server.want(RUN)
        for _ in range(4):
            await server.until("RUNNING")
            await read_more(server, drawn.randrange(1, 2_000))
            await kill(server)
        slow("")
        await ended(server)
        (status,) = server.uplink.now.values()
        assert status.starts == 5
    assert (tmp_path / "out" / "all.jsonl").read_bytes() == b"".join(line + b"\n" for line in lines)
    assert {event.kind for event in server.uplink.events} == {"worker_crashed"}
    assert any(status.detail == "worker ended by SIGKILL; started again" for status in server.uplink.history)


async def test_replicas_are_killed_while_they_are_dealt_anew(tmp_path: Path, slow: Slow) -> None:
    lines = write_orders(tmp_path / "in.jsonl", 30_000)
    (tmp_path / "out").mkdir()
    slow("source.read:0.02")
    drawn = random.Random(7)
    async with hosted(tmp_path / "state", {PIPELINE: document(tmp_path, "{shard}.jsonl")}) as server:
        for epoch, replicas in enumerate((3, 1, 2, 3), 1):
            await server.want(RUN, replicas=replicas, epoch=epoch)
            await eventually(lambda: bool(server.host.workers()))
            await read_more(server, drawn.randrange(300))
            for pid in drawn.sample(list(server.host.workers().values()), 1):
                os.kill(pid, signal.SIGKILL)
        slow("")
        await ended(server)
        assert records(server) == len(lines)
    assert written(tmp_path) == Counter(lines)


@pytest.mark.parametrize("point", ["deal.gathered", "deal.replica", "deal.written", "deal.renamed"])
async def test_a_deal_that_dies_is_whole_or_dealt_again(
    tmp_path: Path, slow: Slow, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    lines = write_orders(tmp_path / "in.jsonl", 20_000)
    (tmp_path / "out").mkdir()
    slow("source.read:0.02")
    async with hosted(tmp_path / "state", {PIPELINE: document(tmp_path, "{shard}.jsonl")}) as server:
        await server.want(RUN)
        await server.until("RUNNING")
        await read_more(server, 200)
        monkeypatch.setenv("CONDUIX_FAILPOINT", point)
        slow("")
        await server.want(RUN, replicas=3, epoch=2)
        if point != "deal.renamed":
            await eventually(lambda: any("not dealt: worker ended by SIGKILL" in each for each in server.details()))
            assert not server.host.workers()
        monkeypatch.delenv("CONDUIX_FAILPOINT")
        await ended(server)
        assert records(server) == len(lines)
    assert written(tmp_path) == Counter(lines)
    deals = [path.name for path in sorted((tmp_path / "state").rglob("deal-*"))]
    assert deals == ["deal-0001", "deal-0002"], "nothing unfinished is left"
