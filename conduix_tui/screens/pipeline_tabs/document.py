"""Its document, and the way from the editor to the server: validated, compared, confirmed, applied."""

from __future__ import annotations

import asyncio
import subprocess
from typing import ClassVar

from rich.syntax import Syntax
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from conduix.errors import ConduixError
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.client.client import Client
from conduix_tui.screens.edit_dialog import EditDialog, Verdict
from conduix_tui.screens.pipeline_tabs.tab import PipelineTab
from conduix_tui.store.drafts import Draft, editor_command


class DocumentTab(PipelineTab):
    """YAML, highlighted. What was typed in the editor is kept on disk until a server has it."""

    ID: ClassVar[str] = "document"
    TITLE: ClassVar[str] = "Document"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("e", "edit", "Edit")]

    def __init__(self, pipeline: str, *, classes: str = "") -> None:
        super().__init__(pipeline, classes=classes)
        self._revision = 0
        self._shown: pb.GetPipelineResponse | None = None

    def compose(self) -> ComposeResult:
        """The text."""
        with VerticalScroll(can_focus=True):
            yield Static(id="document-text")

    async def work(self, client: Client) -> None:
        """Fetch it."""
        answer = await client.call(client.pipelines.GetPipeline, pb.GetPipelineRequest(pipeline=self.ref))
        self._shown, self._revision = answer, answer.pipeline.revision
        self.query_one("#document-text", Static).update(
            Syntax(answer.document, "yaml", line_numbers=True, theme="ansi_dark", background_color="default")
        )

    def paint(self, pipeline: pb.Pipeline) -> None:
        """Somebody has applied another one."""
        client = self.console.session.client
        if self._revision and pipeline.revision != self._revision and client is not None:
            self._revision = pipeline.revision
            self.run_worker(self._work(client), name="document", exclusive=True)

    def action_edit(self) -> None:
        """Into the editor and back."""
        client = self.console.session.client
        if not self.console.deeds.refused() and client is not None and self._shown is not None:
            self.run_worker(self._edit(client, self._shown), name="edit", exclusive=True)

    async def _edit(self, client: Client, base: pb.GetPipelineResponse) -> None:
        draft = Draft(self.console.session.name, self.pipeline)
        if draft.left is None:
            draft.begin(base.document)
        else:
            self.notify("going on with what was not applied the last time")
        while True:
            await self._open_editor(draft)
            if draft.text == base.document:
                draft.done()
                self.notify("nothing was changed")
                return
            verdict = await self._judge(client, draft.text)
            choice = await self.app.push_screen_wait(EditDialog(self.pipeline, verdict))
            if choice == "discard":
                draft.done()
                return
            if choice == "keep":
                self.notify(f"kept in {draft.path}; e goes on with it")
                return
            if choice == "apply" and await self._apply(client, base, draft):
                return

    async def _open_editor(self, draft: Draft) -> None:
        command = editor_command(draft.path)
        with self.app.suspend():
            await asyncio.to_thread(subprocess.run, command, check=False)
        self.app.refresh(layout=True)

    async def _judge(self, client: Client, document: str) -> Verdict:
        """What the server says of the text: its problems, or what it would change."""
        request = pb.ValidatePipelineRequest(document=document, file=f"{self.pipeline}.yaml")
        said = await client.call(client.pipelines.ValidatePipeline, request)
        if not said.valid:
            return Verdict(tuple(said.diagnostics), "")
        diff = await client.call(client.pipelines.DiffPipeline, pb.DiffPipelineRequest(document=document))
        return Verdict(tuple(said.diagnostics), diff.diff, applicable=True)

    async def _apply(self, client: Client, base: pb.GetPipelineResponse, draft: Draft) -> bool:
        request = pb.UpdatePipelineRequest(pipeline=self.ref, document=draft.text, etag=base.pipeline.etag)
        request.update_mask.paths.append("document")
        work = client.call(client.pipelines.UpdatePipeline, request)
        answer = await self.console.call("UpdatePipeline", f"conduix apply -f {draft.path}", work)
        if answer is None:
            return False
        draft.done()
        self.notify(f"{self.pipeline}: revision {answer.pipeline.revision}; a start with R, or the next run, takes it")
        await self.work(client)
        return True

    def trouble(self, error: ConduixError) -> None:
        """The text stays, the error stands below it."""
        super().trouble(error)
