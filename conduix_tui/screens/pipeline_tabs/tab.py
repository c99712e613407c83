"""What all tabs of a pipeline have: they work only while they are shown."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, ClassVar, cast

from textual.containers import Vertical
from textual.widgets import Static
from textual.worker import Worker

from conduix.errors import ConduixError
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.client.client import Client

if TYPE_CHECKING:
    from conduix_tui.app import ConduixApp

_WELL_AFTER = 1.0
"""Seconds after which a call that has not failed is taken for one that goes well."""


class PipelineTab(Vertical):
    """Subclasses paint what streams in anyway, and fetch in `work` what only they show."""

    ID: ClassVar[str]
    TITLE: ClassVar[str]
    ASKS: ClassVar[bool] = True
    """Does it show what only a server can tell, and no recording?"""
    DEFAULT_CSS = """
    PipelineTab > .told { height: auto; color: $warning; }
    """

    def __init__(self, pipeline: str, *, classes: str = "") -> None:
        super().__init__(classes=classes)
        self.pipeline = pipeline
        """Its name."""
        self._worker: Worker[None] | None = None

    @property
    def console(self) -> ConduixApp:
        """The application, typed."""
        return cast("ConduixApp", self.app)

    @property
    def ref(self) -> pb.PipelineRef:
        """How calls name the pipeline."""
        return pb.PipelineRef(name=self.pipeline)

    def shown(self, is_shown: bool) -> None:
        """It is looked at now, or not any more."""
        client = self.console.session.client
        if is_shown and client is None and self.ASKS:
            for child in self.children:
                child.display = False
            self._tell("A recording does not have this: it shows what streamed in.")
        elif is_shown and self._worker is None and client is not None:
            self._worker = self.run_worker(self._work(client), name=self.ID)
        elif not is_shown and self._worker is not None:
            self._worker.cancel()
            self._worker = None

    async def _work(self, client: Client) -> None:
        while True:
            well = self.set_timer(_WELL_AFTER, lambda: self._tell(""))
            try:
                await self.work(client)
            except ConduixError as error:
                well.stop()
                self.trouble(error)
            else:
                return
            await asyncio.sleep(2)

    async def work(self, client: Client) -> None:
        """Fetch and show, as long as it is worth it; a ConduixError is shown, and it is tried again after 2 s."""

    def paint(self, pipeline: pb.Pipeline) -> None:
        """The pipeline has changed."""

    def trouble(self, error: ConduixError) -> None:
        """Say that something could not be fetched, above what was fetched before."""
        self._tell(f"✖ {error.message}" + (f"  →  {error.remedy}" if error.remedy else ""))

    def _tell(self, text: str) -> None:
        for line in self.query(".told"):
            line.remove()
        if text:
            self.mount(Static(text, classes="told", markup=False), before=0)

    def focus_content(self) -> None:
        """Take the keys."""
        self.screen.set_focus(None)
        for child in self.query("*"):
            if child.focusable:
                child.focus()
                return


async def every(seconds: float, fetch: Callable[[], Awaitable[None]]) -> None:
    """Fetch again and again."""
    while True:
        await fetch()
        await asyncio.sleep(seconds)
