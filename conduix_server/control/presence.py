"""Signs of life, by which the servers of a database know of each other."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import conduix
from conduix.errors import ConduixError
from conduix_server.store import servers
from conduix_server.store.store import Store
from conduix_server.store.tables import Server
from conduix_server.store.transaction import Transaction

SEEN_EVERY: Final = 5.0
"""Seconds between two signs of life."""

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
        await every(SEEN_EVERY, self.write, "this server's sign of life")

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


async def every(seconds: float, work: Callable[[], Awaitable[None]], what: str) -> None:
    """`work` again and again. A database that is away is no reason to end: it is tried again, and said once."""
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
