"""Does the session that is there still answer? Asked here, or through the database of the server that holds it.

A question to another server is a change of kind `probe`, whose action is that server's id; the answer is one of kind
`probe_answer`. Nothing else is written: a question that nobody hears is silence, and silence is an answer too.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Final

from conduix_server.control.feed import Change
from conduix_server.mesh.connection import Connection, Switchboard
from conduix_server.mesh.registry import Registry
from conduix_server.store import servers
from conduix_server.store.transaction import Transaction

ASK, ANSWER = "probe", "probe_answer"
ANSWERED, UNHELD = "ANSWERED", "UNHELD"
ALIVE_WITHIN: Final = timedelta(seconds=30)
REMOTE_WAIT: Final = 2.0
"""Seconds for the question and the answer to be seen by servers that look once a second."""

log = logging.getLogger(__name__)


class Probes:
    """Who asks, for which agent."""

    def __init__(self, board: Switchboard, registry: Registry) -> None:
        self._board = board
        self._registry = registry
        self._asking: dict[str, set[Connection]] = {}
        self._asked_from_afar: set[str] = set()

    def ask(self, asking: Connection, session: int) -> None:
        """A newcomer says that it follows the agent's process of this session."""
        agent_id, here = asking.agent_id, self._board.terms.server_id
        self._asking.setdefault(agent_id, set()).add(asking)
        held = self._registry.held(agent_id)
        if held is not None and held.session.session == session:
            held.do(held.session.probe(self._board.now()))
        elif asking.holder in {"", here}:
            self._tell(agent_id, answering=False)
        else:
            self._ask_server(asking)

    def answered(self, connection: Connection) -> None:
        """The agent of this connection answered."""
        self._tell(connection.agent_id, answering=True)
        if connection.agent_id in self._asked_from_afar:
            self._asked_from_afar.discard(connection.agent_id)
            self._say(ANSWER, connection.agent_id, ANSWERED)

    def changed(self, change: Change) -> None:
        """From the feed: a question to this server, or an answer that somebody here may wait for."""
        agent_id = change.resource_id
        if change.kind == ANSWER:
            self._tell(agent_id, answering=change.action == ANSWERED)
        elif change.action == self._board.terms.server_id:
            held = self._registry.held(agent_id)
            if held is None:
                self._say(ANSWER, agent_id, UNHELD)
            else:
                self._asked_from_afar.add(agent_id)
                held.do(held.session.probe(self._board.now()))

    def over(self, connection: Connection) -> None:
        """This connection asks no more."""
        asking = self._asking.get(connection.agent_id, set())
        asking.discard(connection)
        if not asking:
            self._asking.pop(connection.agent_id, None)

    def _ask_server(self, asking: Connection) -> None:
        holder, agent_id = asking.holder, asking.agent_id
        asking.quiet_until = self._board.now().mono + REMOTE_WAIT * 2

        async def put(tx: Transaction) -> bool:
            alive = [row.id for row in await servers.all_servers(tx) if row.seen_at > tx.now - ALIVE_WITHIN]
            if holder in alive:
                tx.changed(ASK, agent_id, holder)
            return holder in alive

        def done(outcome: asyncio.Future[bool]) -> None:
            if not outcome.cancelled() and outcome.exception() is None and not outcome.result():
                self._tell(agent_id, answering=False)

        self._board.group.submit(put, patient=False).add_done_callback(done)

    def _tell(self, agent_id: str, *, answering: bool) -> None:
        for connection in self._asking.pop(agent_id, set()):
            connection.probed(answering=answering)

    def _say(self, kind: str, agent_id: str, action: str) -> None:
        async def put(tx: Transaction) -> None:
            tx.changed(kind, agent_id, action)

        def done(outcome: asyncio.Future[None]) -> None:
            if not outcome.cancelled() and (error := outcome.exception()) is not None:
                log.warning("another server waits in vain for an answer about agent %s: %s", agent_id, error)

        self._board.group.submit(put, patient=False).add_done_callback(done)
