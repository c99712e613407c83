"""What happened, the newest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from conduix.v1 import event_service_pb2 as event_pb
from conduix_tui.cli import words
from conduix_tui.screens.list_page import ListPage
from conduix_tui.screens.states import ago
from conduix_tui.store.columns import Cell, Column
from conduix_tui.store.navigation import Location
from conduix_tui.store.updates import Kind

_LEVELS: Mapping[int, tuple[str, str]] = {
    event_pb.EVENT_LEVEL_INFO: ("· info", "dim"),
    event_pb.EVENT_LEVEL_WARNING: ("! warning", "warn"),
    event_pb.EVENT_LEVEL_ERROR: ("✖ error", "bad"),
}


def _level(event: event_pb.Event) -> Cell:
    return Cell(*_LEVELS.get(event.level, ("-", "dim")))


def _about(event: event_pb.Event) -> str:
    pipeline = event.pipeline_name or event.pipeline_id[:8]
    agent = event.agent_name or event.agent_id[:8]
    return words.visible(" @ ".join(part for part in (pipeline, agent) if part))


COLUMNS: Sequence[Column[event_pb.Event]] = (
    Column("at", "WHEN", lambda e: e.at.ToNanoseconds(), lambda e: ago(e.at), 8, 0, "right"),
    Column("level", "LEVEL", lambda e: _level(e).text, _level, 10, 1),
    Column("kind", "WHAT", lambda e: e.kind, lambda e: Cell(e.kind), 18, 0),
    Column("about", "ABOUT", _about, lambda e: Cell(_about(e)), 24, 2),
    Column("message", "MESSAGE", lambda e: e.message, lambda e: Cell(words.visible(e.message)), 30, 3, grows=True),
)


class EventsPage(ListPage):
    """The list; Enter goes to what an event is about."""

    KIND: ClassVar[Kind] = "event"
    COLUMNS: ClassVar[Sequence[Column[Any]]] = COLUMNS
    SORT: ClassVar[str] = "at"
    FALLING: ClassVar[bool] = True
    EMPTY: ClassVar[str] = "Nothing has happened yet."

    def place_of(self, item: event_pb.Event) -> Location | None:
        """What it is about."""
        if item.pipeline_name:
            return Location("pipeline", item.pipeline_name)
        return Location("agent", item.agent_name) if item.agent_name else None
