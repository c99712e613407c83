"""What all tabs of a pipeline have: they work only while they are shown."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from textual.containers import Vertical
from textual.worker import Worker

from conduix.errors import ConduixError
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.client.client import Client

if TYPE_CHECKING:
    from conduix_tui.app import ConduixApp

T = TypeVar("T")


class PipelineTab(Vertical):
    """Subclasses paint what streams in anyway, and fetch in `work` what only they show."""

    ID: ClassVar[str]
    TITLE: ClassVar[str]

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
        if is_shown and self._worker is None and self.console.session.client is not None:
            self._worker = self.run_worker(self._work(self.console.session.client), name=self.ID)
        elif not is_shown and self._worker is not None:
            self._worker.cancel()
            self._worker = None

    async def _work(self, client: Client) -> None:
        while True:
            try:
                await self.work(client)
            except ConduixError as error:
                self.trouble(error)
            else:
                return
            await asyncio.sleep(2)

    async def work(self, client: Client) -> None:
        """Fetch and show, as long as it is worth it; a ConduixError is shown, and it is tried again after 2 s."""

    def paint(self, pipeline: pb.Pipeline) -> None:
        """The pipeline has changed."""

    def trouble(self, error: ConduixError) -> None:
        """Say that something could not be fetched, where it would stand."""
        self.border_subtitle = f"{error.message}" + (f" → {error.remedy}" if error.remedy else "")

    def focus_content(self) -> None:
        """Take the keys."""
        self.screen.set_focus(None)
        for child in self.query("*"):
            if child.focusable:
                child.focus()
                return


def every(seconds: float, fetch: Callable[[], Awaitable[None]]) -> Coroutine[Any, Any, None]:
    """Fetch again and again."""

    async def again() -> None:
        while True:
            await fetch()
            await asyncio.sleep(seconds)

    return again()
