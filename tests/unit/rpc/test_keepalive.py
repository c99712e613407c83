"""A peer that dies without a word is found: the options of both ends are about time, so these tests take it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from conduix.rpc.channel import open_channel
from conduix.rpc.errors import RemoteError, remote_errors
from conduix.v1.pipeline_service_pb2 import WatchPipelinesRequest
from conduix.v1.pipeline_service_pb2_grpc import PipelineServiceStub
from tests.unit.rpc.serving import serving

ROOT = Path(__file__).resolve().parents[3]
PING_SECONDS = 15
ANSWER_SECONDS = 5


@asynccontextmanager
async def program() -> AsyncIterator[tuple[int, int]]:
    """Process id and port of a server."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.unit.rpc.program", stdout=subprocess.PIPE, cwd=ROOT
    )
    assert process.stdout is not None
    try:
        yield process.pid, int(await asyncio.wait_for(process.stdout.readline(), 60))
    finally:
        process.kill()
        await process.wait()


@pytest.mark.slow
async def test_a_frozen_server_is_found_within_a_ping_and_its_answer() -> None:
    """Its kernel still acknowledges everything: only a ping tells."""
    async with program() as (pid, port), open_channel(f"127.0.0.1:{port}", tls=None) as channel:
        stream = PipelineServiceStub(channel).WatchPipelines(WatchPipelinesRequest())
        await stream.read()
        os.kill(pid, signal.SIGSTOP)
        frozen = time.monotonic()
        with pytest.raises(RemoteError) as caught, remote_errors():
            await asyncio.wait_for(stream.read(), 120)
        assert time.monotonic() - frozen < PING_SECONDS + ANSWER_SECONDS + 5
    assert caught.value.code == "UNAVAILABLE"


@pytest.mark.slow
async def test_an_idle_stream_outlives_many_pings() -> None:
    """A server refuses pings that come too often with GOAWAY: ours must not refuse ours."""
    async with serving() as served:
        stream = served.pipelines.WatchPipelines(WatchPipelinesRequest())
        await stream.read()
        reading = asyncio.ensure_future(stream.read())
        done, _ = await asyncio.wait({reading}, timeout=PING_SECONDS * 3 + 1)
        assert not done
        reading.cancel()
