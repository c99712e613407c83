"""Who is offline: one server judges, by its own clock, from what agents let be heard through any server.

Times that other servers wrote are compared with nothing: what counts is how long ago this server saw them change. It
judges nobody in its first minute, nor in the minute after it lost the database: agents need the time to come back.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from conduix.errors import ConduixError
from conduix_server.store import agents, outbox, servers
from conduix_server.store.store import Store
from conduix_server.store.transaction import Transaction

SILENT: Final = 30.0
"""Seconds without a sign of life after which an agent is offline."""
GRACE: Final = 60.0
EVERY: Final = 2.0
SERVER_ALIVE: Final = timedelta(seconds=15)

log = logging.getLogger(__name__)


class Liveness:
    """`run` in one task. `server_id` is None where this server is alone with its database."""

    def __init__(self, store: Store, server_id: str | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._server_id = server_id
        self._clock = clock
        self._since: float | None = None
        """When this server began to judge; None: it does not."""
        self._seen: dict[str, tuple[datetime | None, float]] = {}
        """By agent: its last sign of life as it is written, and when that was first seen here."""

    async def run(self, every: float = EVERY) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(every)
            try:
                await self.look()
            except ConduixError as error:
                if self._since is not None:
                    log.warning("nobody is judged while the database is away: %s", error.message)
                self._stop()

    async def look(self) -> list[str]:
        """Once; who is offline from now on. Raises DatabaseUnavailable."""
        async with self._store.reading() as tx:
            judge = await self._is_judge(tx)
            heard = dict(await agents.heard(tx)) if judge else {}
        if not judge:
            self._stop()
            return []
        await self._store.run(outbox.expire)
        now = self._clock()
        self._since = now if self._since is None else self._since
        before = self._seen
        self._seen = {
            agent_id: before[agent_id] if agent_id in before and before[agent_id][0] == at else (at, now)
            for agent_id, at in heard.items()
        }
        if now - self._since < GRACE:
            return []
        silent = {agent_id: at for agent_id, (at, seen) in self._seen.items() if now - seen >= SILENT}
        return await self._judged(silent) if silent else []

    async def _judged(self, silent: dict[str, datetime | None]) -> list[str]:
        gone = list(await self._store.run(lambda tx: agents.silent(tx, silent)))
        for agent_id in gone:
            log.warning("agent %s is offline: nothing was heard of it for %.0f s", agent_id, SILENT)
        return gone

    async def _is_judge(self, tx: Transaction) -> bool:
        """The server that has been there longest."""
        if self._server_id is None:
            return True
        there = [row.id for row in await servers.all_servers(tx) if row.seen_at > tx.now - SERVER_ALIVE]
        return there[:1] == [self._server_id]

    def _stop(self) -> None:
        self._since = None
        self._seen.clear()
