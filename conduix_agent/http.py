"""The HTTP side of an agent: whether it is ready, and its metrics."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from conduix.telemetry.http import HttpSide, Readiness
from conduix_agent.settings import AgentSettings


@asynccontextmanager
async def serving(settings: AgentSettings, collector: Collector, readiness: Readiness) -> AsyncIterator[str]:
    """Serve while the context lasts; gives `host:port`, `-` where `http_port` is 0. UsageError: the port is taken."""
    if settings.http_port == 0:
        yield "-"
        return
    registry = CollectorRegistry()
    for make in (ProcessCollector, PlatformCollector, GCCollector):
        make(registry=registry)
    registry.register(collector)
    async with HttpSide(settings.http_host, settings.http_port, readiness=readiness, registry=registry) as http:
        yield f"{http.host}:{http.port}"
