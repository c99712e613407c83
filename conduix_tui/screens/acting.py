"""Keys of actions: made from the table of actions, for pages on which resources of a kind are selected."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from conduix_tui.store.actions import of_kind
from conduix_tui.store.updates import Kind
from conduix_tui.widgets.keys import in_order


def action_bindings(kind: Kind) -> list[BindingType]:
    """One binding an action."""
    return in_order(*(Binding(action.key, f"act('{action.id}')", action.label) for action in of_kind(kind)))
