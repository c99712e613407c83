"""RunService: what pipelines did, from start to end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import aclosing
from functools import partial

from sqlalchemy import ColumnElement

from conduix.rpc.interceptors import Context
from conduix.rpc.serving import Service
from conduix.v1 import run_service_pb2 as pb
from conduix.v1.common_pb2 import Paging
from conduix.v1.run_service_pb2_grpc import RunServiceServicer, add_RunServiceServicer_to_server
from conduix_server.control import runs
from conduix_server.control.feed import Change, Feed
from conduix_server.policy import current_user
from conduix_server.services.listing import one_of, page_info, page_request, parse_filter
from conduix_server.services.mutation import mutate
from conduix_server.services.shown import operation_message, shown_runs
from conduix_server.services.watching import Watched, watch
from conduix_server.store import pipelines, reports
from conduix_server.store import runs as stored
from conduix_server.store.store import Store
from conduix_server.store.tables import Run
from conduix_server.store.transaction import Transaction

STATES = ("PENDING", "STARTING", "RUNNING", "REWINDING", "PAUSED", "DRAINING", "STOPPED", "COMPLETED", "FAILED")
FILTERS = ("pipeline_id", "state")
NEWEST = "started_at desc"
WATCHED = 100
"""Runs in a watch's snapshot, the newest of them."""


class RunServicer(RunServiceServicer):
    """Reads the history of runs; takes up those that stand still."""

    def __init__(self, store: Store, feed: Feed) -> None:
        self._store = store
        self._feed = feed

    def service(self) -> Service:
        """For the RPC server."""
        return Service("conduix.v1.RunService", partial(add_RunServiceServicer_to_server, self))

    async def ListRuns(self, request: pb.ListRunsRequest, context: Context) -> pb.ListRunsResponse:
        """The newest first, unless asked otherwise."""
        conditions = _conditions(request.paging)
        async with self._store.reading() as tx:
            page = await stored.page(tx, page_request(request.paging, order_by=NEWEST), conditions)
            shown = await shown_runs(tx, page.items)
        return pb.ListRunsResponse(runs=shown, page_info=page_info(page))

    async def GetRun(self, request: pb.GetRunRequest, context: Context) -> pb.GetRunResponse:
        """With what is reported now, as long as it goes on."""
        async with self._store.reading() as tx:
            (shown,) = await shown_runs(tx, [await stored.get(tx, request.id)])
        return pb.GetRunResponse(run=shown)

    async def WatchRuns(  # type: ignore[override, unused-ignore]  # generated for synchronous servers
        self, request: pb.WatchRunsRequest, context: Context
    ) -> AsyncIterator[pb.WatchRunsResponse]:
        """The newest runs, then what changes, until the caller or the server leaves."""
        conditions = [Run.pipeline_id == request.pipeline_id] if request.pipeline_id else []

        async def read(tx: Transaction, batch: Collection[Change] | None) -> Sequence[pb.Run]:
            if batch is None:
                return await shown_runs(tx, await stored.newest(tx, conditions, limit=WATCHED))
            wanted = [*conditions, Run.id.in_(await _touched(tx, batch))]
            return await shown_runs(tx, await stored.newest(tx, wanted, limit=len(batch)))

        watched = Watched((stored.NAME, reports.NAME), stored.NAME, read, lambda key: pb.Run(id=key))
        async with aclosing(watch(self._store, self._feed, watched, request.resume_token)) as seen:
            async for each in seen:
                yield pb.WatchRunsResponse(kind=each.kind, run=each.item, resume_token=each.token)

    async def RetryRun(self, request: pb.RetryRunRequest, context: Context) -> pb.RetryRunResponse:
        """Goes on with it where it stands, at its revision."""
        by = current_user().username

        async def work(tx: Transaction) -> pb.RetryRunResponse:
            operation = await runs.retry(tx, await stored.get(tx, request.id), by=by)
            return pb.RetryRunResponse(operation=operation_message(operation))

        return await mutate(
            self._store, request, pb.RetryRunResponse, work, target=lambda done: done.operation.pipeline_id
        )


def _conditions(paging: Paging) -> list[ColumnElement[bool]]:
    wanted = parse_filter(paging, FILTERS)
    conditions = []
    if pipeline_id := wanted.get("pipeline_id"):
        conditions.append(Run.pipeline_id == pipeline_id)
    if state := wanted.get("state").upper():
        conditions.append(Run.status == one_of("state", state, STATES))
    return conditions


async def _touched(tx: Transaction, batch: Collection[Change]) -> list[str]:
    ids = {change.resource_id for change in batch if change.kind == stored.NAME}
    reported = [change.resource_id for change in batch if change.kind == reports.NAME]
    ids.update(row.run_id for row in await pipelines.some(tx, reported) if row.run_id)
    return sorted(ids)
