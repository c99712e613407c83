"""Its log, live."""

from __future__ import annotations

import time
from typing import ClassVar

from textual.app import ComposeResult

from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.client.client import Client
from conduix_tui.client.watch import follow
from conduix_tui.screens.pipeline_tabs.tab import PipelineTab
from conduix_tui.widgets.log_view import LogView

LINES = 500
"""So many lines from before are shown."""


class LogsTab(PipelineTab):
    """Lines of all replicas."""

    ID: ClassVar[str] = "logs"
    TITLE: ClassVar[str] = "Logs"

    def compose(self) -> ComposeResult:
        """The lines."""
        yield LogView(id="log-lines")

    async def work(self, client: Client) -> None:
        """Follow."""
        view = self.query_one(LogView)
        view.clear()
        first = pb.TailLogsRequest(pipeline=self.ref, lines=LINES, follow=True)
        again = pb.TailLogsRequest(pipeline=self.ref, follow=True)
        async for line in follow(client, client.pipelines.TailLogs, first, again):
            at = time.strftime("%H:%M:%S", time.localtime(line.at.seconds))
            view.add(f"{at} {line.level:<7} {line.replica} {line.message}", line.dropped)
