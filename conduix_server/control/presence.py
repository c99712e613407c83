"""What a server does all its life beside its calls: signs of life, and throwing away what nobody will ask for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import conduix
from conduix.errors import ConduixError
from conduix_server.control import housekeeping
from conduix_server.store import audit, changes, events, identities, requests, servers
from conduix_server.store.store import Store
from conduix_server.store.tables import Server
from conduix_server.store.transaction import Transaction

SEEN_EVERY: Final = 5.0
"""Seconds between two signs of life."""
GIVEN_UP: Final = timedelta(minutes=1)
"""After so long without one a server is taken for dead; if it lives after all it writes itself down again."""
TIDY_EVERY: Final = 60.0
"""Seconds."""
SESSIONS_KEPT: Final = timedelta(days=7)
"""After their end, so that whoever comes late is told that it was theirs."""
EVENTS_KEPT: Final = timedelta(days=30)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Identity:
    """Of this server process."""

    server_id: str
    started_at: datetime


class Presence:
    """This server's row among the servers of its database.

    People reach it at `address`, host:port; `streams` counts the agents that are connected here.
    """

    def __init__(self, store: Store, identity: Identity, address: str, streams: Callable[[], int]) -> None:
        self._store = store
        self._identity = identity
        self._address = address
        self._streams = streams
        self.draining = False

    async def write(self) -> None:
        """A sign of life; the first one makes the row."""
        await self._store.run(self._seen)

    async def forget(self) -> None:
        """At the end: this server has left."""
        await self._store.run(lambda tx: servers.forget(tx, self._identity.server_id))

    async def run(self) -> None:
        """Signs of life, for ever."""
        await _every(SEEN_EVERY, self.write, "this server's sign of life")

    async def _seen(self, tx: Transaction) -> None:
        key = self._identity.server_id
        if await servers.seen(tx, key, draining=self.draining, streams=self._streams()):
            return
        row = Server(
            id=key,
            address=self._address,
            release=conduix.__version__,
            started_at=self._identity.started_at,
            seen_at=tx.now,
            draining=self.draining,
        )
        await servers.register(tx, row)


class Housekeeping:
    """Drops what is over: old answers, changes that no watch resumes from, old events and sign-ins, dead servers."""

    def __init__(self, store: Store, *, audit_kept: timedelta) -> None:
        self._store = store
        self._audit_kept = audit_kept

    async def run(self) -> None:
        """For ever."""
        await _every(TIDY_EVERY, self.tidy, "housekeeping")

    async def tidy(self) -> None:
        """Once; a transaction each, so that none is long."""
        await self._store.run(requests.drop_expired)
        await self._store.run(changes.compact)
        await self._store.run(lambda tx: audit.drop_before(tx, tx.now - self._audit_kept))
        await self._store.run(lambda tx: events.drop_before(tx, tx.now - EVENTS_KEPT))
        await self._store.run(lambda tx: identities.drop_ended(tx, tx.now - SESSIONS_KEPT))
        await self._store.run(_forget_the_dead)
        await housekeeping.tidy(self._store)


async def _forget_the_dead(tx: Transaction) -> None:
    for server in await servers.silent_since(tx, tx.now - GIVEN_UP):
        _log.warning("server %s at %s has not been seen since %s", server.id, server.address, server.seen_at)
        await servers.forget(tx, server.id)


async def _every(seconds: float, work: Callable[[], Awaitable[None]], what: str) -> None:
    """A database that is away is no reason to end: it is tried again next time, and said once."""
    away = False
    while True:
        await asyncio.sleep(seconds)
        try:
            await work()
            away = False
        except ConduixError as error:
            if not away:
                _log.warning("%s waits for the database: %s", what, error.message)
            away = True
