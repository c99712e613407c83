"""The last fifteen minutes, a point every five seconds: of all together, and of each pipeline.

Kept in memory by every server, from what the database says of reports: a console that comes has full curves at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select

from conduix.errors import ConduixError
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_server.control.status import Counts
from conduix_server.services.shown import View, views
from conduix_server.store.agents import ONLINE
from conduix_server.store.store import Store
from conduix_server.store.tables import Agent, Pipeline
from conduix_server.store.transaction import Transaction

STEP: Final = 5.0
"""Seconds between two points."""
KEPT: Final = 180
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Point:
    """A pipeline at one moment; rates are those since the point before."""

    at: datetime
    state: str
    restarts: int
    read: float
    written: float
    dead: float
    checkpoint_age: float
    """Seconds; 0: there is none."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Everything at one moment."""

    at: datetime
    agents_online: int
    agents_offline: int
    states: Mapping[str, int]
    """State → pipelines in it."""
    read: float
    written: float
    dead: float
    restarts: int


@dataclass(frozen=True, slots=True)
class _Counted:
    """What rates are worked out from."""

    run_id: str | None
    counts: Counts


class History:
    """`run` in one task; `moments` and `points` at any time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._moments: deque[Moment] = deque(maxlen=KEPT)
        self._points: dict[str, deque[Point]] = {}
        self._before: dict[str, _Counted] = {}
        self._at: datetime | None = None

    @property
    def moments(self) -> Sequence[Moment]:
        """The oldest first."""
        return tuple(self._moments)

    def points(self, pipeline_id: str) -> Sequence[Point]:
        """Of one pipeline, the oldest first."""
        return tuple(self._points.get(pipeline_id, ()))

    async def run(self) -> None:
        """For ever; while the database is away there are no points."""
        while True:
            try:
                await self.look()
            except ConduixError as error:
                _log.debug("no point of the history: %s", error.message)
            await asyncio.sleep(STEP)

    async def look(self) -> None:
        """Once. Raises DatabaseUnavailable."""
        async with self._store.reading() as tx:
            found = {view.row.id: view for view in await views(tx, await tx.all(select(Pipeline)))}
            (online, offline), now = await _agents(tx), tx.now
        seconds = (now - self._at).total_seconds() if self._at is not None else 0.0
        counted = {key: _Counted(view.row.run_id, view.counts) for key, view in found.items()}
        points = {key: _point(view, counted[key], self._before.get(key), now, seconds) for key, view in found.items()}
        states: dict[str, int] = {}
        for point in points.values():
            states[point.state] = states.get(point.state, 0) + 1
        self._moments.append(
            Moment(
                at=now,
                agents_online=online,
                agents_offline=offline,
                states=states,
                read=sum(point.read for point in points.values()),
                written=sum(point.written for point in points.values()),
                dead=sum(point.dead for point in points.values()),
                restarts=sum(point.restarts for point in points.values()),
            )
        )
        self._points = {key: self._points.get(key, deque(maxlen=KEPT)) for key in points}
        for key, point in points.items():
            self._points[key].append(point)
        self._before, self._at = counted, now


def _point(view: View, counted: _Counted, before: _Counted | None, now: datetime, seconds: float) -> Point:
    counts = counted.counts
    old = before.counts if before is not None else counts
    # another run counts anew, and after a deal a replica may not have told yet: there is no rate between the two
    same = before is not None and before.run_id == counted.run_id and old.read <= counts.read and seconds > 0
    old, over = (old, seconds) if same else (counts, 1.0)
    ages = [now.timestamp() - each.checkpoint_at.ToNanoseconds() / 1e9 for each in view.statuses if each.checkpoint]
    return Point(
        at=now,
        state=view.summary.state,
        restarts=counts.restarts,
        read=(counts.read - old.read) / over,
        written=max(0, counts.written - old.written) / over,
        dead=max(0, counts.dead - old.dead) / over,
        checkpoint_age=max(0.0, *ages) if ages else 0.0,
    )


async def _agents(tx: Transaction) -> tuple[int, int]:
    """How many are online, and how many are not."""
    query = select(Agent.status, func.count(Agent.id)).where(Agent.revoked_at.is_(None)).group_by(Agent.status)
    counts = {status or "": count for status, count in await tx.rows(query)}
    online = counts.pop(ONLINE, 0)
    return online, sum(counts.values())


def metrics_message(points: Sequence[Point]) -> pb.GetPipelineMetricsResponse:
    """As the contract has it."""
    return pb.GetPipelineMetricsResponse(step=timedelta(seconds=STEP), points=map(_point_message, points))


def _point_message(point: Point) -> pb.PipelinePoint:
    return pb.PipelinePoint(
        at=point.at,
        records_in_per_second=point.read,
        records_out_per_second=point.written,
        records_dead_per_second=point.dead,
        checkpoint_age=timedelta(seconds=point.checkpoint_age),
        restarts=point.restarts,
        state=f"PIPELINE_STATE_{point.state}",
    )
