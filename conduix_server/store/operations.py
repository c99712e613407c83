"""Operations: what was asked for and how far it is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, select

from conduix.errors import FailedPrecondition, Resource
from conduix_server.store.paging import Page, PageRequest, fetch_page
from conduix_server.store.tables import Operation
from conduix_server.store.transaction import Transaction
from conduix_server.store.versions import change

NAME = Resource.OPERATION
QUEUED, RUNNING, SUCCEEDED, FAILED = "QUEUED", "RUNNING", "SUCCEEDED", "FAILED"
CANCELLED, EXPIRED = "CANCELLED", "EXPIRED"
OPEN = (QUEUED, RUNNING)


async def start(tx: Transaction, operation: Operation) -> Operation:
    """Raises KeyTaken."""
    key = operation.id
    await tx.add(operation)
    tx.changed(NAME, key, "CREATED")
    return await get(tx, key)


async def get(tx: Transaction, operation_id: str) -> Operation:
    """Raises NotFound."""
    return await tx.get(Operation, operation_id, name=NAME)


async def advance(tx: Transaction, operation_id: str, state: str, **values: Any) -> Operation:
    """Its new state. One that has ended stays so: raises FailedPrecondition; NotFound."""
    before = await tx.get(Operation, operation_id, name=NAME, lock=True)
    if before.state not in OPEN:
        raise FailedPrecondition(f"operation {operation_id} has ended {before.state}")
    return await change(
        tx, Operation, operation_id, resource=NAME, version=None, state=state, updated_at=tx.now, **values
    )


async def open_for(tx: Transaction, target_ids: Collection[str]) -> Sequence[Operation]:
    """Those of these pipelines that have not ended, the oldest first."""
    query = select(Operation).where(Operation.target_id.in_(sorted(target_ids)), Operation.state.in_(OPEN))
    return await tx.all(query.order_by(Operation.id))


async def unheard(tx: Transaction, agent_id: str, version: int) -> Sequence[Operation]:
    """Those that this agent hears of by version `version` of its desired state, or has by an earlier one."""
    mine = (Operation.agent_id == agent_id) & (Operation.state == QUEUED) & (Operation.desired_version <= version)
    return await tx.all(select(Operation).where(mine).order_by(Operation.id))


async def overdue(tx: Transaction, *, limit: int = 500) -> Sequence[Operation]:
    """Those that should have ended by now."""
    query = select(Operation).where(Operation.state.in_(OPEN), Operation.expires_at <= tx.now)
    return await tx.all(query.order_by(Operation.id).limit(limit).with_for_update())


async def page(tx: Transaction, ask: PageRequest, conditions: Collection[ColumnElement[bool]] = ()) -> Page[Operation]:
    """Those that fulfil all `conditions`, ordered by `created_at`."""
    orders = {"created_at": Operation.created_at}
    return await fetch_page(tx, select(Operation).where(*conditions), ask, orders=orders, key=Operation.id)
