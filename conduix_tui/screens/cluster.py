"""Servers, database, agents: what the console stands on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from textual.widgets import Static

from conduix.v1 import system_service_pb2 as system_pb
from conduix_tui.cli import words
from conduix_tui.client.client import Client
from conduix_tui.screens.asked_page import AskedPage
from conduix_tui.screens.states import ago
from conduix_tui.store.columns import Cell, Column

COLUMNS: Sequence[Column[system_pb.ServerStatus]] = (
    Column("server", "SERVER", lambda s: s.server_id, lambda s: Cell(s.server_id), 36, 0, grows=True),
    Column("version", "VERSION", lambda s: s.version, lambda s: Cell(s.version), 9, 1),
    Column("started", "STARTED", lambda s: s.started_at.seconds, lambda s: ago(s.started_at), 8, 2, "right"),
    Column("seen", "SEEN", lambda s: s.seen_at.seconds, lambda s: ago(s.seen_at), 8, 3, "right"),
    Column("streams", "AGENTS HERE", lambda s: s.streams, lambda s: Cell(str(s.streams)), 11, 4, "right"),
)


class ClusterPage(AskedPage):
    """Asked every five seconds."""

    COLUMNS: ClassVar[Sequence[Column[Any]]] = COLUMNS

    async def fetch(self, client: Client) -> Mapping[str, Any]:
        """The servers; what else there is stands above them."""
        work = client.call(client.system.GetClusterStatus, system_pb.GetClusterStatusRequest())
        status = await self.console.calls.run("GetClusterStatus", "conduix describe cluster", work)
        agents = f"{status.agents_connected} of {words.plural(status.agents_known, 'agent')} connected"
        pipelines = f"{status.pipelines_running} of {words.plural(status.pipelines, 'pipeline')} running"
        self.query_one("#above", Static).update(f" database {status.database}   {agents}   {pipelines}")
        return {server.server_id: server for server in status.servers}
