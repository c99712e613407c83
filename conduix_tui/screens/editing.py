"""The way of a document from the editor to the server: validated, compared, confirmed, applied. No step loses it."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from conduix.errors import ConduixError, UsageError
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.client.client import Client
from conduix_tui.screens.edit_dialog import Choice, EditDialog, Verdict
from conduix_tui.store.drafts import Draft, editor_command

if TYPE_CHECKING:
    from conduix_tui.app import ConduixApp


class Editing:
    """One document that is being edited, from a base that the server had when it began."""

    def __init__(self, app: ConduixApp, client: Client, base: pb.GetPipelineResponse) -> None:
        self._app = app
        self._client = client
        self._base = base
        self._name = base.pipeline.name
        self.draft = Draft(app.session.name, self._name)
        self._note = ""
        """What must be known before anything is applied."""

    async def run(self) -> pb.Pipeline | None:
        """Until the server has the text (then the pipeline), or somebody wants to stop."""
        try:
            return await self._steps()
        except ConduixError as error:
            remedy = f"  →  {error.remedy}" if error.remedy else ""
            self._app.notify(f"{error.message}{remedy}", severity="error", timeout=10)
            return None

    async def _steps(self) -> pb.Pipeline | None:
        self._begin()
        choice: Choice = "edit"
        while True:
            if choice == "edit":
                await open_editor(self._app, editor_command(self.draft.path))
                if self.draft.text == self._base.document:
                    self.draft.done()
                    self._app.notify("nothing was changed")
                    return None
            choice = await self._app.push_screen_wait(EditDialog(self._name, await self._judge()))
            if choice == "apply":
                applied = await self._apply()
                if applied is not None:
                    return applied
            elif choice in {"keep", "discard"}:
                self._end(choice)
                return None

    def _begin(self) -> None:
        now = self._base.pipeline.revision
        if self.draft.left is None:
            self.draft.begin(self._base.document, now)
            return
        self._app.notify(f"going on with the draft of {clock(self.draft.changed_at)}, which was not applied")
        if self.draft.revision != now:
            self._note = _overtaken(self._base.pipeline)

    def _end(self, choice: Choice) -> None:
        if choice == "discard":
            self.draft.done()
        else:
            self._app.notify(f"kept in {self.draft.path}; e goes on with it")

    async def _judge(self) -> Verdict:
        """What the server says of the text: its problems, or what it would change."""
        text, path, pipelines = self.draft.text, self.draft.path, self._client.pipelines
        validate = pb.ValidatePipelineRequest(document=text, file=f"{self._name}.yaml")
        compare = pb.DiffPipelineRequest(document=text)
        run = self._app.calls.run
        try:
            said = await run(
                "ValidatePipeline", f"conduix validate {path}", self._client.call(pipelines.ValidatePipeline, validate)
            )
            if not said.valid:
                return Verdict(tuple(said.diagnostics), "", note=self._note)
            diff = await run("DiffPipeline", f"conduix diff {path}", self._client.call(pipelines.DiffPipeline, compare))
        except ConduixError as error:
            return Verdict((), "", note=f"✖ not checked, nothing was applied: {told(error)}\nThe text is in {path}.")
        return Verdict(tuple(said.diagnostics), diff.diff, applicable=True, note=self._note)

    async def _apply(self) -> pb.Pipeline | None:
        """None: it was not; `note` says why."""
        if refusal := self._app.deeds.refusal():
            self._note = f"✖ nothing was applied: {refusal}"
            return None
        request = pb.UpdatePipelineRequest(
            pipeline=pb.PipelineRef(id=self._base.pipeline.id), document=self.draft.text, etag=self._base.pipeline.etag
        )
        request.update_mask.paths.append("document")
        work = self._client.call(self._client.pipelines.UpdatePipeline, request)
        try:
            answer = await self._app.calls.run("UpdatePipeline", f"conduix apply -f {self.draft.path}", work)
        except ConduixError as error:
            if error.status == "ABORTED":
                await self._catch_up()
            else:
                self._note = f"✖ nothing was applied: {told(error)}"
            return None
        self.draft.done()
        return answer.pipeline

    async def _catch_up(self) -> None:
        """Somebody has applied another document meanwhile: from here on the text is compared with theirs."""
        request = pb.GetPipelineRequest(pipeline=pb.PipelineRef(id=self._base.pipeline.id))
        self._base = await self._client.call(self._client.pipelines.GetPipeline, request)
        self._note = _overtaken(self._base.pipeline)
        self.draft.based_on(self._base.pipeline.revision)


async def open_editor(app: ConduixApp, command: Sequence[str]) -> None:
    """Hand the terminal over, until the editor has ended. Raises UsageError where it did not end well."""
    try:
        # nothing may be painted meanwhile: what nobody takes off the driver's queue would stop the loop
        with app.batch_update(), app.suspend():
            ended = await asyncio.to_thread(subprocess.run, command, check=False)
    except OSError as error:
        remedy = "set EDITOR to an editor that is installed"
        raise UsageError(f"cannot run {command[0]}: {error.strerror}", remedy=remedy) from error
    finally:
        app.refresh(layout=True)
    if ended.returncode:
        remedy = f"nothing was applied; the text is in {command[-1]}, e goes on with it"
        raise UsageError(f"{command[0]} ended with status {ended.returncode}", remedy=remedy)


def told(error: ConduixError) -> str:
    """All that there is to tell about an error in one line."""
    request_id = getattr(error, "request_id", "")
    about = ", ".join(part for part in (error.code, request_id and f"request {request_id}") if part)
    return f"{error.message} ({about})" + (f"  →  {error.remedy}" if error.remedy else "")


def clock(at: float) -> str:
    """`14:03`, of an earlier day with its date."""
    then = time.localtime(at)
    return time.strftime("%H:%M" if then[:3] == time.localtime()[:3] else "%Y-%m-%d %H:%M", then)


def _overtaken(now: pb.Pipeline) -> str:
    return (
        f"⚠ Meanwhile somebody has applied revision {now.revision}. Below is what your text changes of theirs: "
        "Apply puts yours in its place, Edit on takes you back to your text, Keep leaves everything as it is."
    )
