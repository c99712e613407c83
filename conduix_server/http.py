"""What a server shows of itself over HTTP: whether it is ready, and its metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.gc_collector import GCCollector
from prometheus_client.metrics_core import Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from conduix.errors import ConduixError
from conduix.rpc.interceptors import Call
from conduix_server.policy import TABLE
from conduix_server.store.store import Store

WITHIN = 2.0
"""Seconds in which a database that is there has answered."""

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


def new_registry() -> CollectorRegistry:
    """With what every process has: memory, processor time, open files, garbage collection."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


class CallMetrics:
    """Calls by method and code, and how long the answered ones took."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._calls = Counter("conduix_server_rpc", "Calls that are over.", ["method", "code"], registry=registry)
        self._seconds = Histogram(
            "conduix_server_rpc_seconds", "How long calls took.", ["method"], buckets=_SECONDS, registry=registry
        )

    def observe(self, call: Call, status: str, seconds: float) -> None:
        """What the RPC server tells at the end of a call. Names that callers make up are one."""
        method = call.name if call.method in TABLE else "unknown"
        self._calls.labels(method, status).inc()
        self._seconds.labels(method).observe(seconds)


class StreamMetrics(Collector):
    """How many streaming calls are under way."""

    def __init__(self, count: Callable[[], int], registry: CollectorRegistry) -> None:
        self._count = count
        registry.register(self)

    def collect(self) -> list[Metric]:
        """Called at every scrape."""
        return [GaugeMetricFamily("conduix_server_streams", "Streaming calls under way.", value=self._count())]


class Readiness:
    """Is the server ready? As long as its database answers within two seconds and it is not leaving."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._asking: asyncio.Task[None] | None = None
        self.draining = False

    async def __call__(self) -> Mapping[str, str]:
        """Cause → what is wrong."""
        causes = {"draining": "the server is being stopped"} if self.draining else {}
        try:
            if not await self._answers():
                causes["database"] = f"the database does not answer within {WITHIN:g} s"
        except ConduixError as error:
            causes["database"] = f"{error.message} ({error.code})"
        return causes

    async def _answers(self) -> bool:
        # one question at a time: a database that hangs shall not be hung upon by every probe
        asking = self._asking = self._asking or asyncio.create_task(self._store.ping())
        await asyncio.wait([asking], timeout=WITHIN)
        if not asking.done():
            return False
        if self._asking is asking:
            self._asking = None
        asking.result()
        return True
