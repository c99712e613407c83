"""Throws away what nobody will ask for, and ends operations that are overdue. Every server does it: no harm."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, select

from conduix_server.control import checkpoints, operations
from conduix_server.control.presence import every
from conduix_server.store import audit, changes, events, identities, outbox, requests, servers
from conduix_server.store import operations as stored
from conduix_server.store.store import Store
from conduix_server.store.tables import Command, Operation
from conduix_server.store.transaction import Transaction

GIVEN_UP: Final = timedelta(minutes=1)
"""After so long without a sign of life a server is taken for dead; if it lives it writes itself down again."""
TIDY_EVERY: Final = 60.0
"""Seconds."""
SESSIONS_KEPT: Final = timedelta(days=7)
"""After their end, so that whoever comes late is told that it was theirs."""
EVENTS_KEPT: Final = timedelta(days=30)
KEPT_COMMANDS: Final = timedelta(days=1)
"""After they were answered."""
KEPT_OPERATIONS: Final = timedelta(days=30)
"""After they ended."""
AT_ONCE: Final = 1000
"""Rows in one transaction."""

_log = logging.getLogger(__name__)


class Housekeeping:
    """Drops what is over: old answers, changes that no watch resumes from, old events and sign-ins, dead servers."""

    def __init__(self, store: Store, *, audit_kept: timedelta) -> None:
        self._store = store
        self._audit_kept = audit_kept

    async def run(self) -> None:
        """For ever."""
        await every(TIDY_EVERY, self.tidy, "housekeeping")

    async def tidy(self) -> None:
        """Once; a transaction each, so that none is long."""
        await self._store.run(requests.drop_expired)
        await self._store.run(changes.compact)
        await self._store.run(lambda tx: audit.drop_before(tx, tx.now - self._audit_kept))
        await self._store.run(lambda tx: events.drop_before(tx, tx.now - EVENTS_KEPT))
        await self._store.run(lambda tx: identities.drop_ended(tx, tx.now - SESSIONS_KEPT))
        await self._store.run(_forget_the_dead)
        await tidy(self._store)


async def tidy(store: Store) -> None:
    """Operations and their commands, once; a transaction each, so that none is long."""
    await store.run(operations.expire)
    await store.run(checkpoints.settle)
    for work in (_drop_commands, _drop_operations):
        while await store.run(work) == AT_ONCE:
            continue


async def _forget_the_dead(tx: Transaction) -> None:
    for server in await servers.silent_since(tx, tx.now - GIVEN_UP):
        _log.warning("server %s at %s has not been seen since %s", server.id, server.address, server.seen_at)
        await servers.forget(tx, server.id)


async def _drop_commands(tx: Transaction) -> int:
    over = (Command.state == outbox.DONE) & (Command.finished_at < tx.now - KEPT_COMMANDS)
    ids = await tx.all(select(Command.id).where(over).order_by(Command.id).limit(AT_ONCE))
    return await tx.write(delete(Command).where(Command.id.in_(ids)))


async def _drop_operations(tx: Transaction) -> int:
    over = Operation.state.not_in(stored.OPEN) & (Operation.updated_at < tx.now - KEPT_OPERATIONS)
    ids = await tx.all(select(Operation.id).where(over).order_by(Operation.id).limit(AT_ONCE))
    return await tx.write(delete(Operation).where(Operation.id.in_(ids)))
