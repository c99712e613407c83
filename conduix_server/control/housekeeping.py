"""Throws away what is over and ends what is overdue. Every server does it; twice does no harm."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import delete, select

from conduix_server.control import checkpoints, operations
from conduix_server.store import operations as stored
from conduix_server.store import outbox
from conduix_server.store.store import Store
from conduix_server.store.tables import Command, Operation, RefreshToken, Session
from conduix_server.store.transaction import Transaction

KEPT_COMMANDS: Final = timedelta(days=1)
"""After they were answered."""
KEPT_OPERATIONS: Final = timedelta(days=30)
"""After they ended."""
KEPT_SESSIONS: Final = timedelta(days=7)
"""After they ended: who asks why a token is refused is told so for that long."""
AT_ONCE: Final = 1000
"""Rows in one transaction."""


async def tidy(store: Store) -> None:
    """Once; a transaction each, so that none is long."""
    await store.run(operations.expire)
    await store.run(checkpoints.settle)
    for work in (_drop_commands, _drop_operations, _drop_sessions, _drop_refresh_tokens):
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


async def _drop_sessions(tx: Transaction) -> int:
    over = Session.expires_at < tx.now - KEPT_SESSIONS
    ids = await tx.all(select(Session.id).where(over).order_by(Session.id).limit(AT_ONCE))
    return await tx.write(delete(Session).where(Session.id.in_(ids)))


async def _drop_refresh_tokens(tx: Transaction) -> int:
    over = RefreshToken.expires_at < tx.now - KEPT_SESSIONS
    hashes = await tx.all(select(RefreshToken.token_hash).where(over).order_by(RefreshToken.token_hash).limit(AT_ONCE))
    return await tx.write(delete(RefreshToken).where(RefreshToken.token_hash.in_(hashes)))
