"""Keys that are dealt with in the order in which they come.

Textual forwards a key to the widget that has the focus, and looks for its binding when it has come back from there. Of
keys that come in one go, those with priority overtake the others: `j x` would stop the row above. So all have it.
"""

from __future__ import annotations

from dataclasses import replace

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input, OptionList


def in_order(*bindings: Binding) -> list[BindingType]:
    """The same, each before those of whatever has the focus; see `typing`."""
    return [replace(binding, priority=True) for binding in bindings]


def typing(focused: Widget | None) -> bool:
    """Are letters meant for what has the focus, and for no binding?"""
    return isinstance(focused, Input | OptionList)
