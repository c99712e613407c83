"""What changes in the database, brought to the sessions of this server: desired state, commands, ends of sessions."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from typing import Final

from conduix.errors import ConduixError, Resource
from conduix_server.control import desired
from conduix_server.control.feed import Change, Feed, Overrun
from conduix_server.mesh.connection import Switchboard
from conduix_server.mesh.probes import ANSWER, ASK, Probes
from conduix_server.mesh.registry import Registry
from conduix_server.store import agents, outbox
from conduix_server.store.store import Store
from conduix_server.store.transaction import Transaction

AGENT, DESIRED, COMMAND = Resource.AGENT.value, "desired", outbox.NAME
CHUNK: Final = 200
"""Agents that one look at the database is about."""
AGAIN_AFTER: Final = 0.5

log = logging.getLogger(__name__)


class Follower:
    """`follow` and `refresh` in a task each."""

    def __init__(self, store: Store, feed: Feed, board: Switchboard, registry: Registry, probes: Probes) -> None:
        self._store = store
        self._feed = feed
        self._board = board
        self._registry = registry
        self._probes = probes
        self._missed: set[str] = set()
        """Agents of which everything is to be read again."""
        self._woken = asyncio.Event()

    def missed(self, agent_id: str) -> None:
        """Something of it changed while nobody listened."""
        self._missed.add(agent_id)
        self._woken.set()

    async def refresh(self) -> None:
        """Reads what was missed, until it is cancelled."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            missed, self._missed = self._missed, set()
            await self._patiently([], missed)

    async def follow(self) -> None:
        """Until the feed ends or this is cancelled. Raises Unavailable when the server leaves."""
        while True:
            async with self._feed.subscribe([AGENT, DESIRED, COMMAND, ASK, ANSWER]) as changes:
                await self._patiently([], self._registry.agents())
                try:
                    while True:
                        await self._patiently(await changes.batch(), ())
                except Overrun:
                    log.info("more changed than could be followed: the sessions are compared with the database")

    async def _patiently(self, changes: Collection[Change], missed: Collection[str]) -> None:
        for change in changes:
            if change.kind in {ASK, ANSWER}:
                self._probes.changed(change)
        while True:
            try:
                await self._bring(changes, set(missed))
            except ConduixError as error:
                log.debug("changes wait: %s", error)
                await asyncio.sleep(AGAIN_AFTER)
            else:
                return

    async def _bring(self, changes: Collection[Change], missed: set[str]) -> None:
        by_kind: dict[str, set[str]] = {AGENT: set(), DESIRED: set(), COMMAND: set()}
        for change in changes:
            if change.kind in by_kind and not (change.kind == COMMAND and change.action != "CREATED"):
                by_kind[change.kind].add(change.resource_id)
        await self._ends(self._here(by_kind[AGENT] | missed))
        await self._desired(self._here(by_kind[DESIRED] | missed))
        await self._commands(by_kind[COMMAND], self._here(missed))

    def _here(self, agent_ids: Collection[str]) -> list[str]:
        """Those with a session here; who is just coming is marked, and read again when it has one."""
        here = []
        for agent_id in sorted(agent_ids):
            for connection in self._registry.of_agent(agent_id):
                connection.stale = True
            if self._registry.held(agent_id) is not None:
                here.append(agent_id)
        return here

    async def _ends(self, agent_ids: Collection[str]) -> None:
        for chunk in _chunks(agent_ids):
            async with self._store.reading() as tx:
                sessions = await agents.sessions(tx, chunk)
            for agent_id in chunk:
                held = self._registry.held(agent_id)
                session, revoked = sessions.get(agent_id, (0, True))
                if held is None:
                    continue
                if revoked:
                    held.revoked()
                elif session > held.session.session:
                    held.superseded()

    async def _desired(self, agent_ids: Collection[str]) -> None:
        for chunk in _chunks(agent_ids):
            async with self._store.reading() as tx:
                updates = {agent_id: await desired.of_agent(tx, agent_id) for agent_id in chunk}
            for agent_id, update in updates.items():
                held = self._registry.held(agent_id)
                if held is not None:
                    held.do(held.session.desired(update, self._board.now()))

    async def _commands(self, ids: Collection[str], agent_ids: Collection[str]) -> None:
        for chunk in _chunks(ids):
            async with self._store.reading() as tx:
                await self._submit(tx, chunk, ())
        for chunk in _chunks(agent_ids):
            async with self._store.reading() as tx:
                await self._submit(tx, (), chunk)

    async def _submit(self, tx: Transaction, ids: Collection[str], agent_ids: Collection[str]) -> None:
        found = [*await outbox.queued(tx, ids), *await outbox.queued_for(tx, agent_ids)]
        for agent_id, command in found:
            held = self._registry.held(agent_id)
            if held is not None:
                held.do(held.session.submit(command, self._board.now()))


def _chunks(items: Collection[str]) -> list[list[str]]:
    ordered = sorted(items)
    return [ordered[first : first + CHUNK] for first in range(0, len(ordered), CHUNK)]
