"""Lines as they come: a ring that drops the oldest, says how many the way has lost, and stops while one reads back."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Log

from conduix_tui.cli import words

RING = 10_000


class LogView(Log):
    """At most 10,000 lines."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "follow", "Follow"),
        Binding("g", "scroll_home", "First line", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, max_lines=RING, auto_scroll=True)

    def add(self, line: str, dropped: int = 0) -> None:
        """A line; `dropped` were lost before it."""
        if dropped:
            self.write_line(f"┄┄ {words.plural(dropped, 'line')} lost on the way ┄┄")
        self.write_line(words.visible(line).replace("\n", "⏎"))

    def action_follow(self) -> None:
        """To the newest line, and stay there."""
        self.auto_scroll = True
        self.scroll_end(animate=False)

    def on_mouse_scroll_up(self) -> None:
        """Who reads back is not pulled away."""
        self.auto_scroll = False
