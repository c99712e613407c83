"""/health, /ready and /metrics over a real socket, and lines of the log."""

from __future__ import annotations

import io
import json
import logging
import socket
from collections.abc import Iterator, Mapping

import aiohttp
import pytest
from prometheus_client import CollectorRegistry, Counter

from conduix.errors import UsageError
from conduix.telemetry import logs
from conduix.telemetry.http import HttpSide


class Causes:
    def __init__(self) -> None:
        self.now: dict[str, str] = {}

    async def __call__(self) -> Mapping[str, str]:
        return self.now


async def test_what_it_shows() -> None:
    registry, causes = CollectorRegistry(), Causes()
    Counter("made", "Things.", registry=registry).inc(3)
    async with (
        HttpSide("127.0.0.1", 0, readiness=causes, registry=registry) as side,
        aiohttp.ClientSession(f"http://127.0.0.1:{side.port}") as client,
    ):
        assert await got(client, "/health") == (200, {"status": "ok"})
        assert await got(client, "/ready") == (200, {"status": "ready"})
        causes.now = {"database": "away"}
        assert await got(client, "/ready") == (503, {"status": "not ready", "causes": {"database": "away"}})
        async with client.get("/metrics") as metrics:
            assert "made_total 3.0" in await metrics.text()
            assert metrics.headers["Content-Type"].startswith("text/plain")
        async with client.get("/metrics", headers={"Accept": "application/openmetrics-text"}) as metrics:
            assert (await metrics.text()).endswith("# EOF\n")
        for method, path, status in (("POST", "/health", 405), ("GET", "/", 404), ("HEAD", "/ready", 503)):
            async with client.request(method, path) as answer:
                assert answer.status == status


async def got(client: aiohttp.ClientSession, path: str) -> tuple[int, object]:
    async with client.get(path) as answer:
        return answer.status, await answer.json()


async def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        side = HttpSide("127.0.0.1", port, readiness=Causes(), registry=CollectorRegistry())
        with pytest.raises(UsageError, match=f"cannot listen on 127.0.0.1:{port}"):
            await side.__aenter__()


@pytest.fixture
def kept_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


@pytest.mark.usefixtures("kept_logging")
def test_lines_for_people_and_for_machines() -> None:
    for form in ("text", "json"):
        out = io.StringIO()
        logs.configure("info", form, out)
        logging.getLogger("a.b").debug("unseen")
        logging.getLogger("a.b").warning("seen %d", 1)
        try:
            raise ValueError("cause")
        except ValueError:
            logging.getLogger("a.b").exception("failed")
        lines = out.getvalue()
        assert "unseen" not in lines
        if form == "text":
            first = lines.splitlines()[0]
            assert first.endswith("warning a.b: seen 1")
            assert "ValueError: cause" in lines
        else:
            first, second = map(json.loads, lines.splitlines())
            assert (first["level"], first["logger"], first["message"]) == ("warning", "a.b", "seen 1")
            assert "ValueError: cause" in second["exception"]
