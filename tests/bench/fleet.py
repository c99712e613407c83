"""`python -m tests.bench.fleet ROWS PER_SECOND`: the console over so many pipelines, of which so many change a second.

The program that `tests.bench.console` measures in a terminal; with `load` for PER_SECOND it shows nothing, and prints
the CPU seconds that the rows take from their coming to the frame that shows them.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from collections.abc import AsyncIterator
from itertools import count

from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.app import ConduixApp
from conduix_tui.session import Session
from conduix_tui.store.navigation import Location
from conduix_tui.store.updates import All, Put, Update

TICK = 0.01
"""Seconds between two handfuls of changes: a server sends them as they come, not once a second."""
SIZE = (120, 40)


def pipeline(number: int, version: int = 0) -> pb.Pipeline:
    """One of the fleet."""
    return pb.Pipeline(
        id=f"p{number}",
        name=f"orders-{number * 7919 % 100_003:06d}",
        state=pb.PIPELINE_STATE_FAILED if number % 50 == 0 else pb.PIPELINE_STATE_RUNNING,
        records_in=number * 1000 + version,
        records_out=number * 990 + version,
        records_per_second=float(number % 977 + version % 7),
        guarantee="exactly once",
        replicas=1 + number % 3,
        revision=1,
    )


def fleet(rows: int) -> All:
    """All of them."""
    return All("pipeline", {item.id: item for item in map(pipeline, range(rows))})


class Fleet:
    """The origin: all at once, then changes without end."""

    def __init__(self, rows: int, per_second: int) -> None:
        self._rows = rows
        self._per_second = per_second

    async def updates(self) -> AsyncIterator[Update]:
        """See `Origin`."""
        yield fleet(self._rows)
        for kind in ("agent", "run", "event"):
            yield All(kind, {})  # type: ignore[arg-type, unused-ignore]
        began, told = time.monotonic(), 0
        for version in count(1):
            await asyncio.sleep(TICK)
            due = int((time.monotonic() - began) * self._per_second)
            for number in range(told, due):
                at = number % self._rows
                yield Put("pipeline", f"p{at}", pipeline(at, version))
            told = due


class Silent:
    """The origin of the measurement of loading: the rows are given by hand."""

    async def updates(self) -> AsyncIterator[Update]:
        """See `Origin`."""
        for kind in ("agent", "run", "event"):
            yield All(kind, {})  # type: ignore[arg-type, unused-ignore]


async def load(rows: int) -> float:
    """CPU seconds from the rows' coming to the frame that shows them."""
    app = ConduixApp(Session(Silent(), name="fleet"), Location("pipelines"))
    given = fleet(rows)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        gc.collect()
        began = time.process_time()
        app.state.take(given)
        wanted = f"({rows:,})"
        while wanted not in "".join(segment.text for segment in app.screen._compositor.render_strips()[0]):
            await pilot.pause(TICK)
        return time.process_time() - began


if __name__ == "__main__":
    ROWS = int(sys.argv[1])
    if sys.argv[2] == "load":
        print(asyncio.run(load(ROWS)))  # noqa: T201 - its answer
    else:
        ConduixApp(Session(Fleet(ROWS, int(sys.argv[2])), name="fleet"), Location("pipelines")).run()
