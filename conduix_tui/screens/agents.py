"""All agents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from conduix.v1 import agent_service_pb2 as agent_pb
from conduix_tui.cli import words
from conduix_tui.screens import join_token
from conduix_tui.screens.acting import action_bindings
from conduix_tui.screens.list_page import ListPage
from conduix_tui.screens.states import agent_cell, agent_word, ago, mode_word
from conduix_tui.store.columns import Cell, Column
from conduix_tui.store.navigation import Location
from conduix_tui.store.updates import Kind
from conduix_tui.widgets.keys import in_order


def _labels(agent: agent_pb.Agent) -> str:
    return words.visible(",".join(f"{key}={value}" for key, value in sorted(agent.labels.items())))


COLUMNS: Sequence[Column[agent_pb.Agent]] = (
    Column("name", "NAME", lambda a: a.name, lambda a: Cell(words.visible(a.name)), width=20, priority=0, grows=True),
    Column("state", "STATE", lambda a: agent_word(a.state), lambda a: agent_cell(a.state), 12, 0),
    Column("mode", "MODE", lambda a: mode_word(a.mode), lambda a: Cell(mode_word(a.mode)), 9, 1),
    Column("since", "SINCE", lambda a: a.mode_since.seconds, lambda a: ago(a.mode_since), 7, 4, "right"),
    Column("seen", "SEEN", lambda a: a.seen_at.seconds, lambda a: ago(a.seen_at), 7, 2, "right"),
    Column("replicas", "REPLICAS", lambda a: a.replicas, lambda a: Cell(str(a.replicas)), 8, 3, "right"),
    Column("version", "VERSION", lambda a: a.version, lambda a: Cell(a.version), 9, 6),
    Column("host", "HOST", lambda a: a.hostname, lambda a: Cell(words.visible(a.hostname)), 16, 7),
    Column("labels", "LABELS", _labels, lambda a: Cell(_labels(a), "dim"), 24, 8),
)


class AgentsPage(ListPage):
    """The list; Enter opens one."""

    KIND: ClassVar[Kind] = "agent"
    COLUMNS: ClassVar[Sequence[Column[Any]]] = COLUMNS
    EMPTY: ClassVar[str] = "No agents yet.  t makes a join token; with it conduix-agent on a machine brings one here."
    BINDINGS: ClassVar[list[BindingType]] = [
        *action_bindings("agent"),
        *in_order(Binding("t", "join_token", "Join token")),
    ]

    async def action_join_token(self) -> None:
        """Let another agent in."""
        await join_token.create(self.console)

    def place_of(self, item: agent_pb.Agent) -> Location:
        """It."""
        return Location("agent", item.name)
