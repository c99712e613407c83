"""Everything that can be done, in one list: actions on what is selected first, then places, then the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from conduix_tui.store.palette import Entry, ranked

_WIDTH = 72


class PalettePage(ModalScreen[Entry | None]):
    """Gives what was chosen; what cannot be done now is dimmed and says why."""

    DEFAULT_CSS = f"""
    PalettePage {{ align: center top; }}
    PalettePage > Vertical {{
        width: {_WIDTH + 8}; max-width: 100%; height: auto; max-height: 90%; margin-top: 2;
        border: thick $primary; background: $surface; padding: 0 1;
    }}
    PalettePage Input {{ height: 1; border: none; }}
    PalettePage OptionList {{ height: auto; max-height: 20; border: none; padding: 0; }}
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Close"),
        Binding("down", "move(1)", "Down", show=False, priority=True),
        Binding("up", "move(-1)", "Up", show=False, priority=True),
    ]

    def __init__(self, entries: Sequence[Entry], targets: Callable[[str], Sequence[Entry]]) -> None:
        """`targets` gives the resources whose names have what is typed."""
        super().__init__()
        self._entries = entries
        self._targets = targets
        self._offered: Sequence[Entry] = ()

    def compose(self) -> ComposeResult:
        """A line to type, and what it finds."""
        with Vertical():
            yield Input(placeholder="what to do, or where to go", id="typed", compact=True)
            yield OptionList(id="offered")

    def on_mount(self) -> None:
        """Keys are meant for the line."""
        self.query_one(OptionList).can_focus = False
        self.set_focus(self.query_one(Input))
        self._offer("")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._offer(event.value)

    def _offer(self, typed: str) -> None:
        more = self._targets(typed.strip()) if typed.strip() else ()
        self._offered = ranked([*self._entries, *more], typed)
        offered = self.query_one(OptionList)
        offered.clear_options()
        width = min(_WIDTH, max(20, self.app.size.width - 6))
        offered.add_options(Option(_line(entry, width), disabled=bool(entry.why_not)) for entry in self._offered)
        offered.highlighted = next((at for at, entry in enumerate(self._offered) if not entry.why_not), None)

    def action_move(self, by: int) -> None:
        """Up or down, past what cannot be done."""
        offered = self.query_one(OptionList)
        if by > 0:
            offered.action_cursor_down()
        else:
            offered.action_cursor_up()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self._offer(event.value)  # of keys that come in one go, the last may not have been heard of yet
        at = self.query_one(OptionList).highlighted
        if at is not None:
            self.dismiss(self._offered[at])

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._offered[event.option_index])


def _line(entry: Entry, width: int) -> Text:
    right = f"({entry.why_not})" if entry.why_not else entry.hint
    left = Text(entry.label, no_wrap=True)
    left.truncate(max(10, width - len(right) - 2), overflow="ellipsis")
    return Text.assemble(left, " " * max(2, width - left.cell_len - len(right)), (right, "dim"), no_wrap=True)
