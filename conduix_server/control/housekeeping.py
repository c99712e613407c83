"""Ends operations that are overdue, drops commands and operations that are over. Every server does it: no harm."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import delete, select

from conduix_server.control import checkpoints, operations
from conduix_server.store import operations as stored
from conduix_server.store import outbox
from conduix_server.store.store import Store
from conduix_server.store.tables import Command, Operation
from conduix_server.store.transaction import Transaction

KEPT_COMMANDS: Final = timedelta(days=1)
"""After they were answered."""
KEPT_OPERATIONS: Final = timedelta(days=30)
"""After they ended."""
AT_ONCE: Final = 1000
"""Rows in one transaction."""


async def tidy(store: Store) -> None:
    """Once; a transaction each, so that none is long."""
    await store.run(operations.expire)
    await store.run(checkpoints.settle)
    for work in (_drop_commands, _drop_operations):
        while await store.run(work) == AT_ONCE:
            continue


async def _drop_commands(tx: Transaction) -> int:
    over = (Command.state == outbox.DONE) & (Command.finished_at < tx.now - KEPT_COMMANDS)
    ids = await tx.all(select(Command.id).where(over).order_by(Command.id).limit(AT_ONCE))
    return await tx.write(delete(Command).where(Command.id.in_(ids)))


async def _drop_operations(tx: Transaction) -> int:
    over = Operation.state.not_in(stored.OPEN) & (Operation.updated_at < tx.now - KEPT_OPERATIONS)
    ids = await tx.all(select(Operation.id).where(over).order_by(Operation.id).limit(AT_ONCE))
    return await tx.write(delete(Operation).where(Operation.id.in_(ids)))
