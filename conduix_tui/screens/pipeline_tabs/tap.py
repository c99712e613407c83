"""Records as they leave a node."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.widgets import Select

from conduix.errors import ConduixError
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.client.client import Client
from conduix_tui.screens.pipeline_tabs.tab import PipelineTab
from conduix_tui.widgets.log_view import LogView


class TapTab(PipelineTab):
    """Choose a node; its records come, lossy, at most fifty a second."""

    ID: ClassVar[str] = "tap"
    TITLE: ClassVar[str] = "Tap"
    DEFAULT_CSS = """
    TapTab Select { width: 40; }
    """

    def compose(self) -> ComposeResult:
        """The choice and the records."""
        yield Select[str]([], prompt="node", id="tap-node")
        yield LogView(id="tap-records")

    async def work(self, client: Client) -> None:
        """Offer the nodes; the first one's records at once."""
        status = await client.call(client.pipelines.GetPipelineStatus, pb.GetPipelineStatusRequest(pipeline=self.ref))
        nodes = list(dict.fromkeys(counts.node for replica in status.replicas for counts in replica.nodes))
        choice = self.query_one("#tap-node", Select)
        choice.set_options([(node, node) for node in nodes])
        if nodes:
            choice.value = nodes[0]

    @on(Select.Changed, "#tap-node")
    def _chosen(self, event: Select.Changed) -> None:
        client = self.console.session.client
        if client is not None and isinstance(event.value, str):
            self.run_worker(self._tap(client, event.value), name="records", group="records", exclusive=True)

    async def _tap(self, client: Client, node: str) -> None:
        view = self.query_one(LogView)
        view.clear()
        request = pb.TapPipelineRequest(pipeline=self.ref, node=node)
        command = f"conduix tap {self.pipeline} {node}"

        async def read() -> None:
            async for record in client.stream(client.pipelines.TapPipeline, request):
                view.add(record.record, record.dropped)

        try:
            await self.console.calls.run("TapPipeline", command, read())
        except ConduixError as error:
            view.add(f"✖ {error.message}" + (f"  →  {error.remedy}" if error.remedy else ""))

    def shown(self, is_shown: bool) -> None:
        """Who does not look does not tap."""
        super().shown(is_shown)
        if not is_shown:
            self.workers.cancel_group(self, "records")
