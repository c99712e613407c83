"""OperationService: what was asked for and is not done at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Final

from sqlalchemy import ColumnElement

from conduix.errors import Unavailable
from conduix.rpc.interceptors import Context
from conduix.rpc.serving import Service
from conduix.v1 import operation_service_pb2 as pb
from conduix.v1.common_pb2 import Paging
from conduix.v1.operation_service_pb2_grpc import OperationServiceServicer, add_OperationServiceServicer_to_server
from conduix_server.control import runs
from conduix_server.control.feed import Feed, Overrun
from conduix_server.services.listing import one_of, page_info, page_request, parse_filter
from conduix_server.services.mutation import mutate
from conduix_server.services.shown import operation_message
from conduix_server.store import operations
from conduix_server.store.store import Store
from conduix_server.store.tables import Operation
from conduix_server.store.transaction import Transaction

FILTERS: Final = ("pipeline_id", "state")
NEWEST: Final = "created_at desc"
STATES: Final = (*operations.OPEN, operations.SUCCEEDED, operations.FAILED, operations.CANCELLED, operations.EXPIRED)


class OperationServicer(OperationServiceServicer):
    """Operations end by what agents report; here they are read, waited for and taken back."""

    def __init__(self, store: Store, feed: Feed) -> None:
        self._store = store
        self._feed = feed

    def service(self) -> Service:
        """For the RPC server."""
        return Service("conduix.v1.OperationService", partial(add_OperationServiceServicer_to_server, self))

    async def GetOperation(self, request: pb.GetOperationRequest, context: Context) -> pb.GetOperationResponse:
        """As it stands."""
        return pb.GetOperationResponse(operation=operation_message(await self._read(request.id)))

    async def ListOperations(self, request: pb.ListOperationsRequest, context: Context) -> pb.ListOperationsResponse:
        """The newest first, unless asked otherwise."""
        conditions = _conditions(request.paging)
        async with self._store.reading() as tx:
            page = await operations.page(tx, page_request(request.paging, order_by=NEWEST), conditions)
        shown = [operation_message(row) for row in page.items]
        return pb.ListOperationsResponse(operations=shown, page_info=page_info(page))

    async def WatchOperation(  # type: ignore[override, unused-ignore]  # generated for synchronous servers
        self, request: pb.WatchOperationRequest, context: Context
    ) -> AsyncIterator[pb.WatchOperationResponse]:
        """As it stands, then every change, up to its end."""
        version = 0
        async with self._feed.subscribe([operations.NAME], ids=[request.id]) as changes:
            while True:
                row = await self._read(request.id)
                if row.version != version:
                    version = row.version
                    yield pb.WatchOperationResponse(operation=operation_message(row))
                if row.state not in operations.OPEN:
                    return
                try:
                    await changes.batch()
                except Overrun:
                    raise Unavailable(
                        "more has changed than was read", remedy="watch it again", retry_after=1
                    ) from None

    async def CancelOperation(self, request: pb.CancelOperationRequest, context: Context) -> pb.CancelOperationResponse:
        """Only one that no agent has heard of."""

        async def work(tx: Transaction) -> pb.CancelOperationResponse:
            cancelled = await runs.cancel(tx, await operations.get(tx, request.id))
            return pb.CancelOperationResponse(operation=operation_message(cancelled))

        return await mutate(
            self._store, request, pb.CancelOperationResponse, work, target=lambda done: done.operation.pipeline_id
        )

    async def _read(self, operation_id: str) -> Operation:
        async with self._store.reading() as tx:
            return await operations.get(tx, operation_id)


def _conditions(paging: Paging) -> list[ColumnElement[bool]]:
    wanted = parse_filter(paging, FILTERS)
    conditions = []
    if pipeline_id := wanted.get("pipeline_id"):
        conditions.append(Operation.target_id == pipeline_id)
    if state := wanted.get("state").upper():
        conditions.append(Operation.state == one_of("state", state, STATES))
    return conditions
