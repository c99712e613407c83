"""What a load test measured: percentiles, and what the server's own metrics say of its process."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp

from conduix.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Spread:
    """Of a quantity, in milliseconds."""

    count: int
    p50: float
    p99: float
    most: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Spread:
        """NaN where nothing was measured."""
        ordered = [1000 * value for value in sorted(seconds)]
        return cls(len(ordered), _rank(ordered, 0.50), _rank(ordered, 0.99), _rank(ordered, 1.0))


def _rank(ordered: Sequence[float], share: float) -> float:
    """The least value that this share of all does not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


@dataclass(frozen=True, slots=True)
class Usage:
    """Of a process, as its /metrics tells: CPU seconds since its start, bytes of memory now."""

    cpu: float
    memory: float


async def usage(metrics_url: str) -> Usage:
    """Ask the server. Raises Unavailable."""
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as http, http.get(metrics_url) as got:
            got.raise_for_status()
            text = await got.text()
        return Usage(_sample(text, "process_cpu_seconds_total"), _sample(text, "process_resident_memory_bytes"))
    except (aiohttp.ClientError, TimeoutError, KeyError) as error:
        raise Unavailable(
            f"cannot read {metrics_url}: {error}", remedy="name the server's /metrics, as http://127.0.0.1:8080/metrics"
        ) from error


def _sample(text: str, name: str) -> float:
    for line in text.splitlines():
        found, _, value = line.partition(" ")
        if found == name:
            return float(value)
    raise KeyError(f"no {name} in it")


@dataclass(frozen=True, slots=True)
class Figures:
    """One load test."""

    agents: int
    seconds: float
    """Of the measured time, which begins when all were connected."""
    all_connected_seconds: float
    connect_ms: Spread
    heartbeat_ms: Spread
    """Heartbeats of the measured time: from sending to the server's answer."""
    online_at_end: int
    refused: dict[str, int]
    """Code → streams that were not let in, or ended with it."""
    server_cores: float | None
    server_memory_bytes: int | None
    own_cores: float
    """Of this load test, beside the server's."""
