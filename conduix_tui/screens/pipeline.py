"""One pipeline: a frame of tabs, each a module of its own under `pipeline_tabs`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static, TabbedContent, TabPane

from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.cli import words
from conduix_tui.screens.acting import action_bindings
from conduix_tui.screens.page import Page
from conduix_tui.screens.pipeline_tabs.registry import TABS
from conduix_tui.screens.pipeline_tabs.tab import PipelineTab
from conduix_tui.screens.states import pipeline_cell
from conduix_tui.store.actions import by_id
from conduix_tui.store.navigation import Location
from conduix_tui.store.updates import Kind
from conduix_tui.widgets.keys import in_order


class PipelinePage(Page):
    """What there is to know of one pipeline; the location's target is its name."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *action_bindings("pipeline"),
        *in_order(
            Binding("right_square_bracket", "tab(1)", "Next tab", show=False),
            Binding("left_square_bracket", "tab(-1)", "Tab before", show=False),
            *(Binding(str(number), f"show('{tab.ID}')", tab.TITLE, show=False) for number, tab in enumerate(TABS, 1)),
        ),
    ]
    DEFAULT_CSS = """
    PipelinePage #summary { height: auto; padding: 0 1; }
    PipelinePage TabbedContent { height: 1fr; }
    PipelinePage ContentSwitcher { height: 1fr; }
    PipelinePage TabPane { padding: 0 1; height: 1fr; }
    """

    def __init__(self, location: Location) -> None:
        super().__init__(location)
        self._gone = False

    def content(self) -> ComposeResult:
        """Two lines that are always there, and the tabs."""
        yield Static(id="summary", markup=False, classes="live")
        with TabbedContent(id="tabs"):
            for number, tab in enumerate(TABS, 1):
                with TabPane(f"{number} {tab.TITLE}", id=tab.ID):
                    yield tab(self.location.target, classes="live")

    @property
    def pipeline(self) -> pb.Pipeline | None:
        """As it was heard of last; None: there is none of this name."""
        pipelines = self.console.state.items["pipeline"].values()
        return next((p for p in pipelines if p.name == self.location.target), None)

    @property
    def tab(self) -> PipelineTab:
        """The tab that is shown."""
        return self.query_one(f"#{self.query_one(TabbedContent).active}", TabPane).query_one(PipelineTab)

    def paint(self) -> None:
        """The two lines, and what the tab that is shown makes of it."""
        pipeline = self.pipeline
        if pipeline is None:
            if self.console.state.loaded:
                self.query_one("#summary", Static).update(f"There is no pipeline {self.location.target}.")
            return
        self.query_one("#summary", Static).update(summary(pipeline))
        self.tab.paint(pipeline)

    def on_tabbed_content_tab_activated(self) -> None:
        """Only the tab that is shown works."""
        shown = self.tab
        for tab in self.query(PipelineTab):
            tab.shown(tab is shown)
        if (pipeline := self.pipeline) is not None:
            shown.paint(pipeline)

    def action_tab(self, by: int) -> None:
        """The next tab, or the one before."""
        ids = [tab.ID for tab in TABS]
        tabs = self.query_one(TabbedContent)
        self.action_show(ids[(ids.index(tabs.active) + by) % len(ids)])

    def action_show(self, tab: str) -> None:
        """Show this tab."""
        self.query_one(TabbedContent).active = tab
        self.tab.focus_content()

    def selection(self) -> tuple[Kind, Sequence[Any]] | None:
        """This pipeline."""
        pipeline = self.pipeline
        return "pipeline", [] if pipeline is None else [pipeline]

    async def action_act(self, action_id: str) -> None:
        """Do it to this pipeline."""
        pipeline = self.pipeline
        await self.console.deeds.act(by_id("pipeline", action_id), [] if pipeline is None else [pipeline])

    def focus_content(self) -> None:
        """The tab takes the keys."""
        self.tab.focus_content()


def summary(pipeline: pb.Pipeline) -> str:
    """State, counts, guarantee; below them why it is as it is."""
    parts = [
        pipeline_cell(pipeline.state, pipeline.reason).text,
        f"{words.count(pipeline.records_in)} in",
        f"{words.count(pipeline.records_out)} out",
        f"{words.count(pipeline.records_dead)} dead",
        words.rate(pipeline.records_per_second),
        words.plural(pipeline.restarts, "restart"),
        words.plural(pipeline.replicas, "replica"),
        f"revision {pipeline.revision}",
        pipeline.guarantee,
    ]
    why = "  →  ".join(words.visible(part) for part in (pipeline.detail, pipeline.remedy) if part)
    return "   ".join(part for part in parts if part) + (f"\n{why}" if why else "")
