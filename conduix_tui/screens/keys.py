"""What every key does where one is, made from the bindings; typing searches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Static


class KeysPage(ModalScreen[None]):
    """All keys of the page that it was opened from."""

    DEFAULT_CSS = """
    KeysPage { align: center middle; }
    KeysPage > Vertical {
        width: 70; max-width: 95%; height: 80%; border: thick $primary; background: $surface; padding: 0 1;
    }
    KeysPage Input { height: 1; border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark", "dismiss", "Close")]

    def __init__(self, bindings: Mapping[str, ActiveBinding]) -> None:
        super().__init__()
        self._lines = sorted({_line(active) for active in bindings.values() if active.binding.description})

    def compose(self) -> ComposeResult:
        """A search line and the keys."""
        with Vertical():
            yield Input(placeholder="search", id="search")
            with VerticalScroll():
                yield Static("\n".join(self._lines), id="lines", markup=False)

    @on(Input.Changed, "#search")
    def _search(self, event: Input.Changed) -> None:
        wanted = event.value.lower()
        self.query_one("#lines", Static).update("\n".join(line for line in self._lines if wanted in line.lower()))


def _line(active: ActiveBinding) -> str:
    key = active.binding.key_display or active.binding.key.replace("question_mark", "?").replace("colon", ":")
    return f"{key:<16} {active.binding.description}"
