"""Operations: what was asked for and how far it is."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from conduix.errors import FailedPrecondition, Resource
from conduix_server.store.paging import Page, PageRequest, fetch_page
from conduix_server.store.tables import Operation
from conduix_server.store.transaction import Transaction
from conduix_server.store.versions import change

NAME = Resource.OPERATION
QUEUED, RUNNING, DONE, FAILED, CANCELLED = "QUEUED", "RUNNING", "DONE", "FAILED", "CANCELLED"
OPEN = (QUEUED, RUNNING)


async def start(tx: Transaction, operation: Operation) -> None:
    """Raises KeyTaken."""
    await tx.add(operation)
    tx.changed(NAME, operation.id, "CREATED")


async def get(tx: Transaction, operation_id: str) -> Operation:
    """Raises NotFound."""
    return await tx.get(Operation, operation_id, name=NAME)


async def advance(
    tx: Transaction, operation_id: str, state: str, *, message: str = "", error_code: str | None = None
) -> Operation:
    """Its new state. One that has ended stays so: raises FailedPrecondition; NotFound."""
    before = await tx.get(Operation, operation_id, name=NAME, lock=True)
    if before.state not in OPEN:
        raise FailedPrecondition(f"operation {operation_id} has ended {before.state}")
    values = {"state": state, "message": message, "error_code": error_code, "updated_at": tx.now}
    return await change(tx, Operation, operation_id, resource=NAME, version=None, **values)


async def open_for(tx: Transaction, target_id: str) -> Sequence[Operation]:
    """Those of this pipeline or agent that have not ended, the oldest first."""
    query = select(Operation).where(Operation.target_id == target_id, Operation.state.in_(OPEN))
    return await tx.all(query.order_by(Operation.id))


async def overdue(tx: Transaction) -> Sequence[Operation]:
    """Those that should have ended by now."""
    query = select(Operation).where(Operation.state.in_(OPEN), Operation.expires_at <= tx.now)
    return await tx.all(query.order_by(Operation.id).with_for_update())


async def page(tx: Transaction, ask: PageRequest, *, target_id: str = "", state: str = "") -> Page[Operation]:
    """Ordered by `created_at`."""
    query = select(Operation)
    if target_id:
        query = query.where(Operation.target_id == target_id)
    if state:
        query = query.where(Operation.state == state)
    return await fetch_page(tx, query, ask, orders={"created_at": Operation.created_at}, key=Operation.id)
