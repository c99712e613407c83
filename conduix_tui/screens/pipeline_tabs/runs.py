"""Its runs, the newest first."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.widgets import Static

from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.screens.pipeline_tabs.tab import PipelineTab
from conduix_tui.screens.runs import COLUMNS
from conduix_tui.store.view import View
from conduix_tui.widgets.resource_table import ResourceTable


class RunsTab(PipelineTab):
    """As on the page of all runs."""

    ID: ClassVar[str] = "runs"
    TITLE: ClassVar[str] = "Runs"
    ASKS: ClassVar[bool] = False
    DEFAULT_CSS = """
    RunsTab #no-runs { display: none; height: auto; color: $text-muted; }
    """

    def __init__(self, pipeline: str, *, classes: str = "") -> None:
        super().__init__(pipeline, classes=classes)
        self._view: View[Any] = View(COLUMNS, sort="run", falling=True)

    def compose(self) -> ComposeResult:
        """The list."""
        yield Static("It never ran.  r starts it.", id="no-runs", markup=False)
        yield ResourceTable(self._view, id="pipeline-runs")

    def paint(self, pipeline: pb.Pipeline) -> None:
        """Those of this pipeline."""
        runs = self.console.state.items["run"]
        self._view.reset({key: run for key, run in runs.items() if run.pipeline_id == pipeline.id})
        self.query_one(ResourceTable).repaint()
        self.query_one("#no-runs").display = self._view.total == 0
