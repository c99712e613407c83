"""Its document, and the way into the editor."""

from __future__ import annotations

from typing import ClassVar

from rich.syntax import Syntax
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.client.client import Client
from conduix_tui.screens.editing import Editing, clock
from conduix_tui.screens.pipeline_tabs.tab import PipelineTab
from conduix_tui.store.drafts import Draft
from conduix_tui.widgets.keys import in_order


class DocumentTab(PipelineTab):
    """YAML, highlighted. What was typed in the editor is kept on disk until a server has it."""

    ID: ClassVar[str] = "document"
    TITLE: ClassVar[str] = "Document"
    BINDINGS: ClassVar[list[BindingType]] = in_order(Binding("e", "edit", "Edit"))
    DEFAULT_CSS = """
    DocumentTab #draft { height: auto; color: $warning; display: none; }
    """

    def __init__(self, pipeline: str, *, classes: str = "") -> None:
        super().__init__(pipeline, classes=classes)
        self._revision = 0
        self._shown: pb.GetPipelineResponse | None = None

    def compose(self) -> ComposeResult:
        """The text; above it, whether there is another one that was not applied."""
        yield Static(id="draft", markup=False)
        with VerticalScroll(can_focus=True):
            yield Static("waiting for the server …", id="document-text")

    async def work(self, client: Client) -> None:
        """Fetch it."""
        answer = await client.call(client.pipelines.GetPipeline, pb.GetPipelineRequest(pipeline=self.ref))
        self._shown, self._revision = answer, answer.pipeline.revision
        self.query_one("#document-text", Static).update(
            Syntax(answer.document, "yaml", line_numbers=True, theme="ansi_dark", background_color="default")
        )
        self._tell_draft()

    def _tell_draft(self) -> None:
        left = Draft(self.console.session.name, self.pipeline).changed_at
        line = self.query_one("#draft", Static)
        line.display = bool(left)
        line.update(f"✎ A draft of {clock(left)} was not applied: e goes on with it.")

    def paint(self, pipeline: pb.Pipeline) -> None:
        """Somebody has applied another one."""
        client = self.console.session.client
        if self._revision and pipeline.revision != self._revision and client is not None:
            self._revision = pipeline.revision
            self.run_worker(self._work(client), name="document", group="document", exclusive=True)

    def action_edit(self) -> None:
        """Into the editor and back."""
        client = self.console.session.client
        if not self.console.deeds.refused() and client is not None and self._shown is not None:
            self.run_worker(self._edit(client, self._shown), name="edit", group="edit", exclusive=True)

    async def _edit(self, client: Client, base: pb.GetPipelineResponse) -> None:
        applied = await Editing(self.console, client, base).run()
        if applied is not None:
            self.notify(f"{self.pipeline}: revision {applied.revision}; a start with R, or the next run, takes it")
            await self._work(client)
        self._tell_draft()
