"""The HTTP side of a program: /health, /ready and /metrics, and nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Self

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from conduix.errors import UsageError

Readiness = Callable[[], Awaitable[Mapping[str, str]]]
"""What keeps the program from its work: a short name of each cause → what is wrong. Empty: it is ready."""


class HttpSide:
    """`async with HttpSide(host, port, …) as http:`: listens while it is entered; `port` is the one that it got.

    /health is 200 as long as the process answers; /ready is 200, or 503 with the causes as JSON; /metrics is what
    Prometheus reads. UsageError: the port is taken.
    """

    def __init__(self, host: str, port: int, *, readiness: Readiness, registry: CollectorRegistry) -> None:
        self.host = host
        self.port = port
        self._readiness = readiness
        self._registry = registry
        routes = web.Application(client_max_size=0)
        routes.add_routes(
            [web.get("/health", self._health), web.get("/ready", self._ready), web.get("/metrics", self._metrics)]
        )
        # whoever scrapes keeps connections open: at the end nobody waits for them
        self._runner = web.AppRunner(routes, access_log=None, shutdown_timeout=1.0)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port, reuse_port=False)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise UsageError(
                f"cannot listen on {self.host}:{self.port}: {error.strerror or error}",
                remedy="end what uses that port, or configure another one",
            ) from None
        self.port = int(self._runner.addresses[0][1])
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _health(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _ready(self, _request: web.Request) -> web.Response:
        causes = await self._readiness()
        if causes:
            return web.json_response({"status": "not ready", "causes": dict(causes)}, status=503)
        return web.json_response({"status": "ready"})

    async def _metrics(self, request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(self._registry), headers={"Content-Type": content_type})
