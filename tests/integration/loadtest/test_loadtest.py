"""`python -m conduix_agent.loadtest agents` against a real server: all connect, what that costs is told."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conduix.errors import Unavailable
from conduix.v1 import agent_service_pb2 as pb
from conduix.v1.common_pb2 import Paging
from conduix_agent.loadtest.figures import Spread, usage
from conduix_agent.loadtest.memory import MemoryStorage
from tests.client import signed_in
from tests.eventually import eventually
from tests.programs import Server, free_port


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("server"))
    made.prepare()
    made.start()
    yield made
    made.remove()


def load(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "conduix_agent.loadtest", "agents", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


async def token(server: Server, folder: Path, uses: int) -> str:
    async with signed_in(server.address) as client:
        file = folder / "token"
        file.write_text(await client.join_token(uses=uses))
    return str(file)


async def test_all_connect_and_what_it_costs_is_told(server: Server, tmp_path: Path) -> None:
    words = ["--server", server.address, "--token-file", await token(server, tmp_path, 20)]
    done = load(
        *words, "--count", "20", "--seconds", "2", "--metrics-url", f"{server.http}/metrics", "--output", "json"
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert (found["agents"], found["online_at_end"], found["refused"]) == (20, 20, {})
    assert found["connect_ms"]["count"] == 20
    assert 0 < found["connect_ms"]["p50"] <= found["connect_ms"]["p99"] <= found["connect_ms"]["most"]
    assert 0 < found["server_cores"] < 2
    assert 30 << 20 < found["server_memory_bytes"] < 1 << 30
    async with signed_in(server.address) as client:

        async def all_have_said_goodbye() -> bool:
            listed = await client.agents.ListAgents(pb.ListAgentsRequest(paging=Paging(page_size=100)))
            assert {agent.labels["load"] for agent in listed.agents} == {"test"}
            return {agent.mode for agent in listed.agents} == {pb.CONNECTION_MODE_ISOLATED}

        await eventually(all_have_said_goodbye)


async def test_a_token_for_fewer_agents_is_refused_by_its_code(server: Server, tmp_path: Path) -> None:
    done = load("--server", server.address, "--token-file", await token(server, tmp_path, 2), "--count", "3")
    assert done.returncode == 1
    assert "JOIN_TOKEN_USED" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t")
    done = load("--server", f"127.0.0.1:{free_port()}", "--token-file", str(tmp_path / "token"), "--count", "1")
    assert (done.returncode, "UNAVAILABLE" in done.stderr) == (1, True), done.stderr


def test_wrong_arguments_end_with_2(tmp_path: Path) -> None:
    assert load("--server", "x:1", "--token-file", str(tmp_path / "none")).returncode == 2
    assert load("--server", "x:1", "--token-file", str(tmp_path / "none"), "--count", "0").returncode == 2


async def test_metrics_that_are_none_are_told(server: Server) -> None:
    with pytest.raises(Unavailable, match="process_cpu_seconds_total"):
        await usage(f"{server.http}/health")
    with pytest.raises(Unavailable, match="cannot read"):
        await usage(f"http://127.0.0.1:{free_port()}/metrics")


def test_percentiles_are_by_nearest_rank() -> None:
    assert Spread.of([value / 1000 for value in range(1, 101)]) == Spread(100, 50.0, 99.0, 100.0)
    assert Spread.of([0.002]) == Spread(1, 2.0, 2.0, 2.0)
    assert math.isnan(Spread.of([]).p99)


def test_the_spool_in_memory_keeps_frames_by_reference() -> None:
    storage = MemoryStorage()
    refs = [storage.append(frame) for frame in (b"a", b"bc")]
    assert [storage.read(ref) for ref in refs] == [b"a", b"bc"]
    assert (storage.size, list(storage.frames())) == (3, [(refs[0], b"a"), (refs[1], b"bc")])
    assert [storage.read(ref) for ref in storage.replace([b"d"])] == [b"d"]
