"""Signs of life, written once a second for all sessions together: a handful of statements for 10,000 agents."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from google.protobuf.json_format import MessageToDict

from conduix.v1 import mesh_service_pb2 as pb
from conduix_server.mesh.group import GroupCommit
from conduix_server.store import agents
from conduix_server.store.transaction import Transaction

HOSTS = 500
"""Descriptions of hosts in one statement; more wait for the next."""

Beat = tuple[str, int]
"""Agent id and session."""


class Heartbeats:
    """`heard` for each, `flush` once a second. `over` is told of sessions that another has followed."""

    def __init__(self, group: GroupCommit, over: Callable[[str, int], None]) -> None:
        self._group = group
        self._over = over
        self._alive: set[Beat] = set()
        self._hosts: dict[str, str] = {}
        self._flushing: asyncio.Future[set[Beat]] | None = None

    def heard(self, agent_id: str, session: int, heartbeat: pb.Heartbeat) -> None:
        """It lives; what it said of its machine is kept until it is written."""
        self._alive.add((agent_id, session))
        if heartbeat.HasField("host"):
            self._hosts[agent_id] = agents.to_json(MessageToDict(heartbeat.host, preserving_proto_field_name=True))

    def forget(self, agent_id: str, session: int) -> None:
        """The session has ended here: whatever it was, its sign of life is of no use any more."""
        self._alive.discard((agent_id, session))

    def flush(self) -> None:
        """Begins to write what was heard, unless that is under way still."""
        if self._flushing is not None or not (self._alive or self._hosts):
            return
        alive, self._alive = self._alive, set()
        hosts = {agent_id: self._hosts.pop(agent_id) for agent_id in list(self._hosts)[:HOSTS]}

        async def write(tx: Transaction) -> set[Beat]:
            over = await agents.beat(tx, alive)
            await agents.describe_hosts(tx, hosts)
            return over

        self._flushing = self._group.submit(write, patient=False)
        self._flushing.add_done_callback(lambda done: self._written(done, alive, hosts))

    def _written(self, done: asyncio.Future[set[Beat]], alive: set[Beat], hosts: dict[str, str]) -> None:
        self._flushing = None
        if done.cancelled():
            return
        if done.exception() is not None:  # the group has told why; what was heard since is newer
            self._alive |= alive
            self._hosts = hosts | self._hosts
            return
        for agent_id, session in done.result():
            self._over(agent_id, session)
