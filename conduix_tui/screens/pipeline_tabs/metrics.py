"""The last fifteen minutes as plots; full at once, the server has kept them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Grid
from textual.widgets import Static
from textual_plotext import PlotextPlot

from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.cli import words
from conduix_tui.client.client import Client
from conduix_tui.screens.pipeline_tabs.tab import PipelineTab, every


@dataclass(frozen=True, slots=True)
class Curve:
    """One plot: what it is of, and its unit's text."""

    id: str
    title: str
    value: Callable[[pb.PipelinePoint], float]
    written: Callable[[float], str]


CURVES: Sequence[Curve] = (
    Curve("in", "records in", lambda p: p.records_in_per_second, words.rate),
    Curve("out", "records out", lambda p: p.records_out_per_second, words.rate),
    Curve("dead", "dead letters", lambda p: p.records_dead_per_second, words.rate),
    Curve("age", "age of the checkpoint", lambda p: p.checkpoint_age.ToNanoseconds() / 1e9,
          lambda value: words.duration(round(value))),
)  # fmt: skip


class MetricsTab(PipelineTab):
    """A point every 5 s."""

    ID: ClassVar[str] = "metrics"
    TITLE: ClassVar[str] = "Metrics"
    DEFAULT_CSS = """
    MetricsTab Grid { grid-size: 2 2; grid-gutter: 0 1; }
    MetricsTab PlotextPlot { min-height: 6; }
    MetricsTab #metrics-about { height: 1; color: $text-muted; }
    """

    def compose(self) -> ComposeResult:
        """Four plots."""
        yield Static("waiting for the server …", id="metrics-about", markup=False)
        with Grid():
            for curve in CURVES:
                yield PlotextPlot(id=f"plot-{curve.id}")

    async def work(self, client: Client) -> None:
        """Ask once a step."""
        request = pb.GetPipelineMetricsRequest(pipeline=self.ref)

        async def fetch() -> None:
            answer = await client.call(client.pipelines.GetPipelineMetrics, request)
            self._show(answer.points)

        await every(5.0, fetch)

    def _show(self, points: Sequence[pb.PipelinePoint]) -> None:
        about = self.query_one("#metrics-about", Static)
        if not points:
            about.update("No points yet: the first comes within 5 s.")
            return
        minutes = [(point.at.seconds - points[-1].at.seconds) / 60 for point in points]
        about.update(f"the last {words.duration(round(-minutes[0] * 60))}, minutes before now")
        for curve in CURVES:
            values = [curve.value(point) for point in points]
            widget = self.query_one(f"#plot-{curve.id}", PlotextPlot)
            plot = widget.plt
            plot.clear_figure()
            plot.title(f"{curve.title}: {curve.written(values[-1])}, at most {curve.written(max(values))}")
            plot.plot(minutes, values, marker="braille")
            plot.ylim(0, max(values) or 1)
            widget.refresh()
