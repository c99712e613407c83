"""The newest copy of its checkpoint at the server: how far it is, and where it would go on."""

from __future__ import annotations

from typing import ClassVar

import orjson
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.client.client import Client
from conduix_tui.screens.pipeline_tabs.tab import PipelineTab, every
from conduix_tui.screens.states import ago


class CheckpointTab(PipelineTab):
    """Of replica 0; agents send copies once a minute and whenever they stop."""

    ID: ClassVar[str] = "checkpoint"
    TITLE: ClassVar[str] = "Checkpoint"

    def compose(self) -> ComposeResult:
        """The record as it is."""
        with VerticalScroll():
            yield Static("no copy has come yet", id="checkpoint-text", markup=False)

    async def work(self, client: Client) -> None:
        """Ask now and then."""
        request = pb.GetCheckpointRequest(pipeline=self.ref)

        async def fetch() -> None:
            copy = await client.call(client.pipelines.GetCheckpoint, request)
            record = orjson.dumps(orjson.loads(copy.record or "{}"), option=orjson.OPT_INDENT_2).decode()
            head = f"checkpoint {copy.n}, {ago(copy.at).text} ago, of agent {copy.agent_id}"
            self.query_one("#checkpoint-text", Static).update(f"{head}\n\n{record}")

        await every(5.0, fetch)
