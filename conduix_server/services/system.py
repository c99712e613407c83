"""SystemService: what the server is, who else is there, and what documents may use."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache, partial

import orjson

import conduix
from conduix.engine.catalog import Entry, default_catalog
from conduix.rpc.interceptors import Context
from conduix.rpc.serving import Service
from conduix.spec.schema import document_schema
from conduix.v1 import common_pb2 as pb_common
from conduix.v1 import system_service_pb2 as pb
from conduix.v1.system_service_pb2_grpc import SystemServiceServicer, add_SystemServiceServicer_to_server
from conduix_server.control.presence import Identity
from conduix_server.control.status import FAILED, PAUSED, RUNNING
from conduix_server.services.history import STEP, History, Moment
from conduix_server.store import servers
from conduix_server.store.store import Store
from conduix_server.store.tables import Server

_ROLES = {
    "source": pb_common.NODE_ROLE_SOURCE,
    "stage": pb_common.NODE_ROLE_STAGE,
    "sink": pb_common.NODE_ROLE_SINK,
}


class SystemServicer(SystemServiceServicer):
    """See the contract."""

    def __init__(self, store: Store, identity: Identity, clock: Callable[[], datetime], history: History) -> None:
        self._store = store
        self._history = history
        self._identity = identity
        self._clock = clock

    def service(self) -> Service:
        """For the RPC server."""
        return Service("conduix.v1.SystemService", partial(add_SystemServiceServicer_to_server, self))

    async def GetInfo(self, request: pb.GetInfoRequest, context: Context) -> pb.GetInfoResponse:
        """Answers without the database."""
        return pb.GetInfoResponse(
            version=conduix.__version__,
            server_id=self._identity.server_id,
            started_at=self._identity.started_at,
            now=self._clock(),
        )

    async def GetClusterStatus(
        self, request: pb.GetClusterStatusRequest, context: Context
    ) -> pb.GetClusterStatusResponse:
        """As the database has it."""
        return await self._cluster()

    async def GetDashboard(self, request: pb.GetDashboardRequest, context: Context) -> pb.GetDashboardResponse:
        """The cluster now, and how everything was in the last fifteen minutes."""
        points = map(_dashboard_point, self._history.moments)
        return pb.GetDashboardResponse(cluster=await self._cluster(), points=points, step=timedelta(seconds=STEP))

    async def _cluster(self) -> pb.GetClusterStatusResponse:
        async with self._store.reading() as tx:
            there, census = await servers.all_servers(tx), await servers.census(tx)
        return pb.GetClusterStatusResponse(
            servers=map(_server, there),
            database="sqlite" if self._store.is_sqlite else "mysql",
            agents_connected=census.agents_connected,
            agents_known=census.agents_known,
            pipelines=census.pipelines,
            pipelines_running=census.pipelines_running,
        )

    async def GetStageCatalog(self, request: pb.GetStageCatalogRequest, context: Context) -> pb.GetStageCatalogResponse:
        """The same for as long as the process lives."""
        return _catalogue()


@cache
def _catalogue() -> pb.GetStageCatalogResponse:
    catalog = default_catalog()
    return pb.GetStageCatalogResponse(
        entries=[_entry(entry) for entry in catalog.entries],
        document_schema=orjson.dumps(document_schema(catalog)).decode(),
    )


def _entry(entry: Entry) -> pb.CatalogEntry:
    return pb.CatalogEntry(
        role=_ROLES[entry.role],
        type=entry.type,
        aliases=entry.aliases,
        summary=entry.summary,
        guarantee=entry.guarantee,
        extra=entry.extra or "",
        options_schema=orjson.dumps(entry.options.model_json_schema()).decode(),
    )


def _dashboard_point(moment: Moment) -> pb.DashboardPoint:
    return pb.DashboardPoint(
        at=moment.at,
        agents_online=moment.agents_online,
        agents_offline=moment.agents_offline,
        pipelines_running=moment.states.get(RUNNING, 0),
        pipelines_failed=moment.states.get(FAILED, 0),
        pipelines_paused=moment.states.get(PAUSED, 0),
        records_in_per_second=moment.read,
        records_out_per_second=moment.written,
        records_dead_per_second=moment.dead,
        restarts=moment.restarts,
    )


def _server(row: Server) -> pb.ServerStatus:
    return pb.ServerStatus(
        server_id=row.id,
        version=row.release,
        streams=row.streams,
        started_at=row.started_at,
        seen_at=row.seen_at,
    )
