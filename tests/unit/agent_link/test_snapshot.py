"""What `conduix-agent status` prints."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from conduix.errors import UsageError
from conduix_agent.snapshot import Replica, Snapshot, as_json, as_text, ask, telling

CONNECTED = Snapshot(
    id="id-1",
    name="a1",
    version="1",
    pid=42,
    state_dir="/state",
    mode="STREAM",
    since=0.0,
    server="s1:50052",
    session=7,
    rtt_ms=1.25,
    cause="",
    desired_version=3,
    sessions=1,
    spool_bytes=100,
    dropped=0,
    identity_expires_at=0.0,
    replicas=[],
)
ORDERS = Replica(
    pipeline="orders",
    pipeline_id="p",
    replica=0,
    state="PAUSED",
    detail="the disk is full",
    checkpoint=12,
    checkpoint_at=0.0,
    epoch=1,
    revision=2,
    restarts=4,
)


def with_(**changes: Any) -> Snapshot:
    since = time.time() - 5 * 3600  # not of the module: a whole suite takes long enough to make it six
    return msgspec.structs.replace(CONNECTED, **{"since": since, **changes})


def test_people_read_where_it_is_connected_and_how_its_replicas_are() -> None:
    orders = msgspec.structs.replace(ORDERS, checkpoint_at=time.time() - 3 * 3600)
    text = as_text(with_(replicas=[orders]))
    assert "STREAM for 5h: s1:50052, session 7, 1.2 ms away" in text
    header, row = text.splitlines()[-2:]
    assert row.split() == ["orders", "0", "PAUSED", "12", "3h", "4", "the", "disk", "is", "full"]
    assert header.index("STATE") == row.index("PAUSED")


def test_people_read_why_it_is_not_connected() -> None:
    text = as_text(with_(mode="ISOLATED", server="", cause="connection refused (UNAVAILABLE)"))
    assert "ISOLATED for 5h: connection refused (UNAVAILABLE)" in text
    assert "replicas none" in text


def test_programs_get_all_of_it_back() -> None:
    snapshot = with_(replicas=[ORDERS])
    assert msgspec.json.decode(as_json(snapshot), type=Snapshot) == snapshot


async def test_the_socket_works_however_long_the_path_is(tmp_path: Path) -> None:
    import asyncio

    deep = tmp_path / ("d" * 120) / ("e" * 120)
    deep.mkdir(parents=True)
    async with telling(deep, lambda: CONNECTED):
        assert await asyncio.to_thread(ask, deep) == CONNECTED
        assert (deep / "agent.sock").stat().st_mode & 0o777 == 0o600
    with pytest.raises(UsageError, match="no agent runs"):
        ask(deep)


def test_a_directory_that_is_not_there_has_no_agent(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no agent runs"):
        ask(tmp_path / "nowhere")


async def test_a_socket_that_a_dead_agent_left_is_taken_over(tmp_path: Path) -> None:
    import asyncio

    async with telling(tmp_path, lambda: CONNECTED):
        (tmp_path / "agent.sock").rename(tmp_path / "left")
    (tmp_path / "left").rename(tmp_path / "agent.sock")
    with pytest.raises(UsageError, match="no agent runs"):
        ask(tmp_path)
    async with telling(tmp_path, lambda: CONNECTED):
        assert await asyncio.to_thread(ask, tmp_path) == CONNECTED
