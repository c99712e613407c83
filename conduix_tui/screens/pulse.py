"""How everything was in the last fifteen minutes: one curve a line, with its newest value."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from conduix.v1 import system_service_pb2 as system_pb
from conduix_tui.cli import words
from conduix_tui.client.client import Client
from conduix_tui.screens.asking import asking
from conduix_tui.screens.page import Page
from conduix_tui.widgets.spark import spark

Value = Callable[[system_pb.DashboardPoint], float]
_CURVES: Sequence[tuple[str, Value, Callable[[float], str]]] = (
    ("records in", lambda p: p.records_in_per_second, words.rate),
    ("records out", lambda p: p.records_out_per_second, words.rate),
    ("dead letters", lambda p: p.records_dead_per_second, words.rate),
    ("running", lambda p: p.pipelines_running, lambda v: words.count(int(v))),
    ("failed", lambda p: p.pipelines_failed, lambda v: words.count(int(v))),
    ("paused", lambda p: p.pipelines_paused, lambda v: words.count(int(v))),
    ("restarts", lambda p: p.restarts, lambda v: words.count(int(v))),
    ("agents", lambda p: p.agents_online, lambda v: words.count(int(v))),
    ("offline", lambda p: p.agents_offline, lambda v: words.count(int(v))),
)


class PulsePage(Page):
    """Full at once: the server has kept it."""

    DEFAULT_CSS = """
    PulsePage VerticalScroll { padding: 1 2; }
    """

    def content(self) -> ComposeResult:
        """The curves."""
        with VerticalScroll(can_focus=True):
            yield Static("waiting for the server …", id="curves", markup=False, classes="live")

    def on_mount(self) -> None:
        """Ask once a step."""
        super().on_mount()
        client = self.console.session.client
        if client is None:
            self.query_one("#curves", Static).update("A recording does not have this.")
        else:
            self.run_worker(asking(5.0, lambda: self._fetch(client), self._tell), name="pulse")

    async def _fetch(self, client: Client) -> None:
        work = client.call(client.system.GetDashboard, system_pb.GetDashboardRequest())
        answer = await self.console.calls.run("GetDashboard", "conduix describe cluster", work)
        width = max(10, self.size.width - 34)
        self._tell(curves(answer.points, width))

    def _tell(self, text: str) -> None:
        self.query_one("#curves", Static).update(text)

    def focus_content(self) -> None:
        """Scrolling takes the keys."""
        self.query_one(VerticalScroll).focus()


def curves(points: Sequence[system_pb.DashboardPoint], width: int) -> str:
    """One line a curve."""
    if not points:
        return "The server has just begun: the first point comes within 5 s."
    lines = []
    for name, value, written in _CURVES:
        values = [value(point) for point in points]
        lines.append(f"{name:<13} {written(values[-1]):>12}  {spark(values, width)}")
    minutes = words.duration(5 * len(points))
    return "\n\n".join(lines) + f"\n\n{'':<27}the last {minutes}, a point every 5 s; of each curve the highest is full"
