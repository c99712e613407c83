"""Its revisions, and what each has changed."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Static

from conduix.v1 import common_pb2
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.cli import words
from conduix_tui.client.client import Client
from conduix_tui.screens.diff import coloured
from conduix_tui.screens.pipeline_tabs.tab import PipelineTab
from conduix_tui.screens.states import ago
from conduix_tui.store.columns import Cell, Column
from conduix_tui.store.view import View
from conduix_tui.widgets.resource_table import ResourceTable

COLUMNS: Sequence[Column[pb.Revision]] = (
    Column("number", "REV", lambda r: r.number, lambda r: Cell(str(r.number)), 5, 0, "right"),
    Column("age", "AGE", lambda r: r.created_at.seconds, lambda r: ago(r.created_at), 8, 1, "right"),
    Column("by", "BY", lambda r: r.created_by, lambda r: Cell(words.visible(r.created_by)), 12, 2, grows=True),
)


class RevisionsTab(PipelineTab):
    """A list; beside it the difference of the chosen one to the one before."""

    ID: ClassVar[str] = "revisions"
    TITLE: ClassVar[str] = "Revisions"
    DEFAULT_CSS = """
    RevisionsTab ResourceTable { width: 36; }
    """

    def __init__(self, pipeline: str, *, classes: str = "") -> None:
        super().__init__(pipeline, classes=classes)
        self._view: View[Any] = View(COLUMNS, falling=True)

    def compose(self) -> ComposeResult:
        """List and difference."""
        with Horizontal():
            yield ResourceTable(self._view, id="revision-list")
            with VerticalScroll():
                yield Static(id="revision-diff", markup=False)

    async def work(self, client: Client) -> None:
        """The last hundred, with their documents."""
        request = pb.ListRevisionsRequest(
            pipeline=self.ref, paging=common_pb2.Paging(page_size=100, order_by="number desc")
        )
        answer = await client.call(client.pipelines.ListRevisions, request)
        self._view.reset({str(revision.number): revision for revision in answer.revisions})
        self.query_one(ResourceTable).repaint()

    @on(ResourceTable.Moved)
    def _moved(self, event: ResourceTable.Moved) -> None:
        revision = self._view.get(event.key) if event.key else None
        if revision is None:
            return
        before = self._view.get(str(revision.number - 1))
        diff = "\n".join(
            difflib.unified_diff(
                before.document.splitlines() if before else [],
                revision.document.splitlines(),
                f"revision {revision.number - 1}",
                f"revision {revision.number}",
                lineterm="",
            )
        )
        self.query_one("#revision-diff", Static).update(coloured(diff or "the same text"))
