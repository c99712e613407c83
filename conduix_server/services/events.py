"""EventService: what happened, and who did what."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import aclosing
from functools import partial

from sqlalchemy import ColumnElement, select

from conduix.rpc.interceptors import Context
from conduix.rpc.serving import Service
from conduix.v1 import event_service_pb2 as pb
from conduix.v1.common_pb2 import Paging
from conduix.v1.event_service_pb2_grpc import EventServiceServicer, add_EventServiceServicer_to_server
from conduix_server.control.feed import Change, Feed
from conduix_server.services.listing import one_of, page_info, page_request, parse_filter
from conduix_server.services.watching import Watched, watch
from conduix_server.store import audit, events
from conduix_server.store.store import Store
from conduix_server.store.tables import Agent, AuditRecord, Event, Pipeline
from conduix_server.store.transaction import Transaction

FILTERS = ("kind", "level", "pipeline_id", "agent_id")
LEVELS = (events.INFO, events.WARNING, events.ERROR)
NEWEST = "at desc"
WATCHED = 200
"""Events in a watch's snapshot, the newest of them."""


class EventServicer(EventServiceServicer):
    """See the contract."""

    def __init__(self, store: Store, feed: Feed) -> None:
        self._store = store
        self._feed = feed

    def service(self) -> Service:
        """For the RPC server."""
        return Service("conduix.v1.EventService", partial(add_EventServiceServicer_to_server, self))

    async def ListEvents(self, request: pb.ListEventsRequest, context: Context) -> pb.ListEventsResponse:
        """The newest first, unless asked otherwise."""
        conditions = _conditions(request.paging)
        async with self._store.reading() as tx:
            page = await events.page(tx, page_request(request.paging, order_by=NEWEST), conditions)
            shown = await _shown(tx, page.items)
        return pb.ListEventsResponse(events=shown, page_info=page_info(page))

    async def WatchEvents(  # type: ignore[override, unused-ignore]  # generated for synchronous servers
        self, request: pb.WatchEventsRequest, context: Context
    ) -> AsyncIterator[pb.WatchEventsResponse]:
        """The newest, then what happens, until the caller or the server leaves."""
        conditions = _conditions(Paging(filter=request.filter))

        async def read(tx: Transaction, batch: Collection[Change] | None) -> Sequence[pb.Event]:
            if batch is None:
                return await _shown(tx, await events.newest(tx, conditions, limit=WATCHED))
            wanted = [*conditions, Event.id.in_([change.resource_id for change in batch])]
            return await _shown(tx, await events.newest(tx, wanted, limit=len(batch)))

        watched = Watched((events.NAME,), events.NAME, read, lambda key: pb.Event(id=key))
        async with aclosing(watch(self._store, self._feed, watched, request.resume_token)) as told:
            async for seen in told:
                yield pb.WatchEventsResponse(kind=seen.kind, event=seen.item, resume_token=seen.token)

    async def ListAuditRecords(
        self, request: pb.ListAuditRecordsRequest, context: Context
    ) -> pb.ListAuditRecordsResponse:
        """The newest first, unless asked otherwise."""
        asked = parse_filter(request.paging, ("actor", "target_id"))
        ask = page_request(request.paging, order_by=NEWEST)
        async with self._store.reading() as tx:
            page = await audit.page(tx, ask, actor=asked.get("actor"), target_id=asked.get("target_id"))
        return pb.ListAuditRecordsResponse(audit_records=map(_audit, page.items), page_info=page_info(page))


def _conditions(paging: Paging) -> list[ColumnElement[bool]]:
    asked = parse_filter(paging, FILTERS)
    conditions = [getattr(Event, name) == asked.get(name) for name in FILTERS if name != "level" and asked.get(name)]
    if level := asked.get("level"):
        conditions.append(Event.level == one_of("level", level.upper(), LEVELS))
    return conditions


async def _shown(tx: Transaction, rows: Sequence[Event]) -> list[pb.Event]:
    """As messages, with the names that pipelines and agents have now."""
    pipelines = await _names(tx, Pipeline, {row.pipeline_id for row in rows})
    agents = await _names(tx, Agent, {row.agent_id for row in rows})
    return [
        pb.Event(
            id=row.id,
            at=row.at,
            kind=row.kind,
            level=f"EVENT_LEVEL_{row.level}",
            message=row.message,
            pipeline_id=row.pipeline_id,
            pipeline_name=pipelines.get(row.pipeline_id, ""),
            agent_id=row.agent_id,
            agent_name=agents.get(row.agent_id, ""),
            replica=row.replica,
        )
        for row in rows
    ]


async def _names(tx: Transaction, kind: type[Pipeline | Agent], ids: Iterable[str]) -> Mapping[str, str]:
    wanted = sorted(key for key in ids if key)
    if not wanted:
        return {}
    return dict(await tx.rows(select(kind.id, kind.name).where(kind.id.in_(wanted))))


def _audit(row: AuditRecord) -> pb.AuditRecord:
    return pb.AuditRecord(
        id=row.id,
        at=row.at,
        actor=row.actor,
        method=row.method,
        target_id=row.target_id,
        outcome=row.outcome,
        request_id=row.request_id,
        address=row.address,
        detail=row.detail,
    )
