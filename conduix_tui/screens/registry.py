"""All pages, by the name that `:` goes to."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from conduix_tui.screens.agent import AgentPage
from conduix_tui.screens.agents import AgentsPage
from conduix_tui.screens.audit import AuditPage
from conduix_tui.screens.calls import CallsPage
from conduix_tui.screens.cluster import ClusterPage
from conduix_tui.screens.contexts import ContextsPage
from conduix_tui.screens.events import EventsPage
from conduix_tui.screens.page import Page
from conduix_tui.screens.pipelines import PipelinesPage
from conduix_tui.screens.pulse import PulsePage
from conduix_tui.screens.runs import RunsPage
from conduix_tui.screens.triage import TriagePage
from conduix_tui.store.navigation import Location, Place, Places
from conduix_tui.store.state import State


def pipeline_page(location: Location) -> Page:
    """What draws graphs, plots and documents is imported late: without it the first frame is there sooner."""
    from conduix_tui.screens.pipeline import PipelinePage  # noqa: PLC0415

    return PipelinePage(location)


def fetch_pages() -> None:
    """Import what was left out, so that nobody waits for it; for a thread beside the first page."""
    import conduix_tui.screens.pipeline  # noqa: F401, PLC0415


PAGES: Mapping[str, Callable[[Location], Page]] = {
    "triage": TriagePage,
    "pipelines": PipelinesPage,
    "pipeline": pipeline_page,
    "agents": AgentsPage,
    "agent": AgentPage,
    "runs": RunsPage,
    "events": EventsPage,
    "audit": AuditPage,
    "cluster": ClusterPage,
    "pulse": PulsePage,
    "calls": CallsPage,
    "contexts": ContextsPage,
}


def places(state: State) -> Places:
    """What `:` knows; names of resources come from `state`."""
    return Places(
        [
            Place("triage", "what needs a person", ("t", "home")),
            Place("pipelines", "all pipelines", ("p", "pipes"), targets=lambda: _names(state, "pipeline")),
            Place("pipeline", "one pipeline", needs_target=True, targets=lambda: _names(state, "pipeline")),
            Place("agent", "one agent", needs_target=True, targets=lambda: _names(state, "agent")),
            Place("agents", "all agents", ("a",), targets=lambda: _names(state, "agent")),
            Place("runs", "the history of runs", ("r", "history")),
            Place("events", "what happened", ("e",)),
            Place("pulse", "the last fifteen minutes", ("dashboard",)),
            Place("audit", "who did what, for admins"),
            Place("cluster", "servers and database", ("servers",)),
            Place("calls", "what this console has called", ("log",)),
            Place("contexts", "the servers that are known here", ("ctx", "context")),
        ]
    )


def _names(state: State, kind: str) -> list[str]:
    items = state.items["agent" if kind == "agent" else "pipeline"]
    return sorted(item.name for item in items.values())
