"""All agents that are connected to this server: who they are, what changed for them, and when they have to leave."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import aclosing
from typing import Final

from conduix.errors import ServerBusy, Unavailable
from conduix.mesh import effects as fx
from conduix.mesh.server_session import Terms
from conduix.v1 import mesh_service_pb2 as pb
from conduix_server.control.feed import Feed
from conduix_server.mesh.bucket import TokenBucket
from conduix_server.mesh.connection import Connection
from conduix_server.mesh.follower import Follower
from conduix_server.mesh.group import GroupCommit
from conduix_server.mesh.heartbeats import Heartbeats
from conduix_server.mesh.metrics import MeshMetrics
from conduix_server.mesh.probes import Probes
from conduix_server.mesh.registry import SLICES, Registry
from conduix_server.store.store import Store, new_id

ADMITTED: Final = 300.0
"""Handshakes a second, and so many more at once."""
GREETING: Final = 200
"""Handshakes under way: each is to be over before its agent loses patience, however slow this machine is."""
DRAIN_WITHIN: Final = 3.0
"""Seconds in which agents are to have left a server that leaves."""

log = logging.getLogger(__name__)


def now() -> fx.Now:
    """This moment, by both clocks."""
    return fx.Now(time.monotonic(), time.time())


class Mesh:
    """`run` in one task; `carry` for each stream; `drain` at the end, so that agents go elsewhere."""

    def __init__(
        self,
        store: Store,
        feed: Feed,
        terms: Terms,
        metrics: MeshMetrics,
        *,
        admitted: float = ADMITTED,
        clock: Callable[[], fx.Now] = now,
    ) -> None:
        self.terms = terms
        self.metrics = metrics
        self.now = clock
        self.group = GroupCommit(store, committed=metrics.groups.observe)
        self.heartbeats = Heartbeats(self.group, self._over)
        self._registry = Registry()
        self._probes = Probes(self, self._registry)
        self._follower = Follower(store, feed, self, self._registry, self._probes)
        self._bucket = TokenBucket(admitted, admitted)
        self._greeting: set[str] = set()
        """Names of connections that are not welcome yet."""
        self._leaving = False
        self._emptied = asyncio.Event()

    async def run(self) -> None:
        """Until it is cancelled; `drain` before that."""
        async with asyncio.TaskGroup() as tasks:
            for work in (self.group.serve(), self._follower.follow(), self._follower.refresh(), self._time()):
                tasks.create_task(work)

    @property
    def streams(self) -> int:
        """How many agents are connected here."""
        return len(self._registry)

    @property
    def connections(self) -> list[Connection]:
        """Those of this moment."""
        return list(self._registry)

    async def carry(
        self, agent_id: str, address: str, messages: AsyncIterator[pb.AgentMessage]
    ) -> AsyncGenerator[pb.ServerMessage, None]:
        """One stream, until it ends: what is to be written to it.

        Raises ServerBusy and Unavailable before it begins, and what the stream is ended with.
        """
        self._admit()
        connection = Connection(self, agent_id, new_id(), address)
        self._registry.add(connection)
        self._greeting.add(connection.name)
        reader = asyncio.create_task(connection.read(messages))
        try:
            async with aclosing(connection.written()) as written:
                async for message in written:
                    yield message
        finally:
            # nothing is awaited here: gRPC may cancel the call while it ends, and what came after would be left out
            reader.cancel()
            self._remove(connection)

    def _admit(self) -> None:
        try:
            self.group.check()
            if self._leaving:
                raise Unavailable("this server is leaving", remedy="connect to another one", retry_after=1.0)
            if wait := 1.0 if len(self._greeting) >= GREETING else self._bucket.take():
                raise ServerBusy("more agents connect than are let in at a time", retry_after=wait)
        except Unavailable as refusal:
            self.metrics.refused.labels(refusal.code).inc()
            raise

    def _remove(self, connection: Connection) -> None:
        connection.ended()
        self._greeting.discard(connection.name)
        self._registry.remove(connection)
        self._probes.over(connection)
        self.heartbeats.forget(connection.agent_id, connection.session.session)
        if not len(self._registry):
            self._emptied.set()

    # what connections want

    def opened(self, connection: Connection) -> None:
        """It holds its agent now; whoever did so before is superseded."""
        self._greeting.discard(connection.name)
        before = self._registry.hold(connection)
        if before is not None:
            before.superseded()
        if connection.stale:
            self._follower.missed(connection.agent_id)

    def probe(self, asking: Connection, session: int) -> None:
        """Does the session that is there answer?"""
        self._probes.ask(asking, session)

    def answered(self, connection: Connection) -> None:
        """It does."""
        self._probes.answered(connection)

    def _over(self, agent_id: str, session: int) -> None:
        held = self._registry.held(agent_id)
        if held is not None and held.session.session == session:
            held.superseded()

    # time

    async def _time(self) -> None:
        number = 0
        while True:
            await asyncio.sleep(1 / SLICES)
            for connection in self._registry.slice(number):
                connection.tick()
            number += 1
            if number % SLICES == 0:
                self.heartbeats.flush()
                self._measure()

    def _measure(self) -> None:
        sessions = self._registry.sessions()
        self.metrics.streams.set(len(self._registry))
        self.metrics.sessions.set(len(sessions))
        heard = min((connection.heard_at for connection in sessions), default=self.now().mono)
        self.metrics.heartbeat_age.set(self.now().mono - heard)

    # leaving

    async def drain(self, alternatives: Iterable[str] = (), *, within: float = DRAIN_WITHIN) -> None:
        """Sends the agents elsewhere, and ends the streams of those that are still here `within` seconds later."""
        self._leaving = True
        others = tuple(alternatives)
        for connection in self._registry.sessions():
            connection.do(connection.session.drain(within / 2, others))
        await self._empty(within)
        for connection in self._registry:
            connection.close("SERVER_LEAVING")
        await self._empty(1.0)

    async def _empty(self, within: float) -> None:
        self._emptied.clear()
        if len(self._registry):
            try:
                await asyncio.wait_for(self._emptied.wait(), within)
            except TimeoutError:
                log.info("%d agents are connected still", len(self._registry))
