"""stdout, stub and drop: what reaches them, and what happens when nobody takes it."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from pydantic import ValidationError

from conduix.engine.api import CommittingSink, Sink
from conduix.engine.connectors.stdout import StdoutOptions
from conduix.engine.connectors.stdout.sink import StdoutClosed, StdoutSink
from conduix.engine.connectors.stub import LOGGER
from conduix.errors import DiskError
from tests.unit.connectors.harness import build, context, jsonl, rows


async def test_stdout_waits_for_a_slow_reader_and_never_blocks_the_loop() -> None:
    read, write = os.pipe()
    sink = StdoutSink(StdoutOptions(), context(), write)
    assert not isinstance(sink, CommittingSink)
    line = b'"%s"' % (b"x" * 300_000)
    writing = asyncio.ensure_future(sink.write(jsonl(line)))
    got = b""
    while len(got) < len(line) + 1:
        await asyncio.sleep(0)  # the loop goes on while the write waits in its thread
        got += os.read(read, 65536)
    assert await writing == ()
    await sink.flush()
    assert got == line + b"\n"
    os.close(read)
    with pytest.raises(StdoutClosed, match="nobody reads standard output"):
        await sink.write(jsonl(b"1"))
    await sink.close()
    os.close(write)


async def test_stdout_on_a_full_disk() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    with pytest.raises(DiskError, match="cannot write standard output: No space left"):
        await StdoutSink(StdoutOptions(), context(), full).write(jsonl(b"1"))
    os.close(full)


async def test_stdout_ends_a_torn_line_before_the_next_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # a disk that fills up in the middle of a line cannot be had at an exact byte, so the system call says so
    target = os.open(tmp_path / "out", os.O_WRONLY | os.O_CREAT)
    system_write = os.write
    room = [6]

    def write(fd: int, data: Any) -> int:
        if room[0] == 0:
            raise OSError(28, "No space left on device")
        done = system_write(fd, data[: room[0]])
        room[0] -= done
        return done

    monkeypatch.setattr(os, "write", write)
    sink = StdoutSink(StdoutOptions(), context(), target)
    with pytest.raises(DiskError):
        await sink.write(jsonl(b"11", b"2222", b"33"))
    room[0] = 1000
    await sink.write(jsonl(b"11", b"2222", b"33"))
    await sink.flush()
    os.close(target)
    assert (tmp_path / "out").read_bytes() == b"11\n2222\n" + b"11\n2222\n33\n"


async def test_stub_logs_each_record(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, LOGGER)
    sink: Sink = build("sink", "stub", context(), log_level="warn", metrics={"prefix": "t1"})
    await sink.open(None)
    record = {"id": 7, "name": "Ada Lovelace", "city": "Paris", "tags": [None, True]}
    assert await sink.write(jsonl(json.dumps(record).encode(), b"[1]")) == []
    sink = build("sink", "stub", context(), log_format="text", log_level="debug", metrics={"prefix": "t1"})
    [letter] = await sink.write(jsonl(json.dumps(record).encode(), b"half", b"[1]", offset=100))
    assert [(r.levelname, r.message) for r in caplog.records] == [
        ("WARNING", json.dumps(record)),
        ("WARNING", "[1]"),
        ("DEBUG", 'id=7 name="Ada Lovelace" city=Paris tags=[null,true]'),
        ("DEBUG", "[1]"),
    ]
    assert (letter.payload, letter.position) == (b"half", {"offset": 100 + len(json.dumps(record)) + 1})
    labels = {"pipeline": "orders", "node": "node"}
    assert REGISTRY.get_sample_value("t1_records_total", labels) == 4
    assert REGISTRY.get_sample_value("t1_errors_total", labels) == 1
    assert REGISTRY.get_sample_value("t1_write_seconds_count", labels) == 2


async def test_stub_below_the_level_reads_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, LOGGER)
    sink: Sink = build("sink", "stub", context(), log_format="text", metrics={"enabled": False, "prefix": "t2"})
    assert await sink.write(jsonl(b"no json")) == []
    assert caplog.records == []
    assert REGISTRY.get_sample_value("t2_records_total", {"pipeline": "orders", "node": "node"}) is None


def test_stub_options() -> None:
    build("sink", "stub", context(), callback={"enabled": False, "url": "http://data-platform/ingest"})
    with pytest.raises(ValidationError, match=r"callback.enabled\n.*should be False"):
        build("sink", "stub", context(), callback={"enabled": True})
    with pytest.raises(ValidationError, match="cannot begin a metric's name"):
        build("sink", "stub", context(), metrics={"prefix": "my-pipe"})


async def test_drop_takes_every_form() -> None:
    sink = build("sink", "drop", context())
    assert set(sink.accepts) == {"jsonl", "lines", "csv", "rows"}
    await sink.write(jsonl(b"1", b"2"))
    await sink.write(rows(1, 2, 3))
    assert sink.records == 5
