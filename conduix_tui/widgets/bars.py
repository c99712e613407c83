"""The lines above and below a page: where one is, how the connection is, what is being typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.widgets import Input, Static

from conduix_tui.store.state import Connection

_STRIPES: Mapping[str, str] = {
    "red": "#e5616b",
    "orange": "#e69f00",
    "yellow": "#f0e442",
    "green": "#7cc47f",
    "cyan": "#56c4c4",
    "blue": "#56a4e9",
    "magenta": "#cc79a7",
}
LEAST = Size(40, 10)
"""Below this nothing can be read."""


class TooSmall(Static):
    """Stands alone on a terminal that is smaller than `LEAST`."""

    DEFAULT_CSS = """
    TooSmall { display: none; height: 1fr; content-align: center middle; text-align: center; }
    """

    def on_mount(self) -> None:
        """Say how large it must be."""
        self.update(f"too small: make it {LEAST.width}x{LEAST.height} or larger")


class TopBar(Static):
    """Server, place and person in one line."""

    DEFAULT_CSS = """
    TopBar { height: 1; background: $primary-background; color: $text; text-style: bold; padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__(id="top", markup=False)
        self._shown = ("", "")

    def show(self, text: str, colour: str = "") -> None:
        """Paint only what is new: this is asked every frame. `colour`: of the stripe before it; empty: none."""
        if (text, colour) != self._shown:
            self._shown = (text, colour)
            stripe = Content.styled(f" {colour} ", f"black on {_STRIPES[colour]}") if colour else Content("")
            self.update(Content.assemble(stripe, " " if colour else "", Content(text)))


class Banner(Static):
    """Hidden while the line to the server is live; else why not, how old everything is, and when it is tried again."""

    DEFAULT_CSS = """
    Banner { height: auto; max-height: 2; background: $error; color: $text; padding: 0 1; display: none; }
    Banner.shown { display: block; }
    """

    def __init__(self) -> None:
        super().__init__(id="banner", markup=False)
        self._text = ""

    def show(self, connection: Connection) -> None:
        """Tell how the line is."""
        text = "" if connection.live else banner_text(connection)
        if text != self._text:
            self._text = text
            self.set_class(bool(text), "shown")
            self.update(text)


def banner_text(connection: Connection) -> str:
    """One line: the cause, the age of the data, the next attempt."""
    if connection.ended is not None:
        ended = connection.ended
        return f"✖ SIGNED OUT  {ended.message}" + (f"  →  {ended.remedy}" if ended.remedy else "")
    parts = ["⚠ NO CONNECTION", connection.cause or "waiting for the server"]
    if connection.age:
        parts.append(f"shown as of {connection.age:.0f} s ago")
    if connection.retry_in > 0:
        parts.append(f"next try in {connection.retry_in:.0f} s")
    return "  ·  ".join(parts)


class FilterBar(Input):
    """Filters the list as one types. Escape takes the filter away, Enter keeps it."""

    DEFAULT_CSS = """
    FilterBar { display: none; height: 1; border: none; padding: 0 1; background: $surface; }
    FilterBar.shown { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "clear", "Clear the filter", show=False)]

    class Closed(Message):
        """Back to the list."""

    def __init__(self, placeholder: str) -> None:
        super().__init__(placeholder=placeholder, id="filter", compact=True, select_on_focus=False)

    def open(self, text: str) -> None:
        """Show it with this text."""
        self.add_class("shown")
        self.value = text
        self.screen.set_focus(self)  # at once: the next keys are meant for it

    def action_clear(self) -> None:
        """Without a filter, back to the list."""
        self.value = ""
        self.close()

    def close(self) -> None:
        """Back to the list; an empty filter is not shown."""
        self.set_class(bool(self.value), "shown")
        self.post_message(self.Closed())

    @on(Input.Submitted)
    def _keep(self, event: Input.Submitted) -> None:
        event.stop()
        self.close()


class CommandLine(Vertical):
    """`:` and what follows, with completions as one types."""

    DEFAULT_CSS = """
    CommandLine { display: none; height: auto; dock: bottom; background: $surface; }
    CommandLine.shown { display: block; }
    CommandLine Input { height: 1; border: none; padding: 0 1; background: $surface; }
    CommandLine Static { height: auto; max-height: 6; padding: 0 2; color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", show=False),
        Binding("tab", "complete", "Complete", show=False, priority=True),
    ]

    class Entered(Message):
        """A command was typed to its end."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Closed(Message):
        """Back to the page."""

    def __init__(self, complete: Callable[[str], list[str]]) -> None:
        super().__init__()
        self._complete = complete
        self._offered: list[str] = []

    def compose(self) -> ComposeResult:
        """The line, and what it may become."""
        yield Static(id="completions")
        yield Input(placeholder=": where to", id="command", select_on_focus=False, compact=True)

    def open(self) -> None:
        """Begin to type."""
        self.add_class("shown")
        line = self.query_one(Input)
        line.value = ""
        self._offer("")
        self.screen.set_focus(line)  # at once: the next keys are meant for it

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._offer(event.value)

    def _offer(self, typed: str) -> None:
        self._offered = self._complete(typed)
        self.query_one("#completions", Static).update("\n".join(self._offered[:6]))

    def action_complete(self) -> None:
        """Take the best completion."""
        if self._offered:
            line = self.query_one(Input)
            line.value = self._offered[0] + " "
            line.cursor_position = len(line.value)

    def action_close(self) -> None:
        """Back to the page."""
        self.remove_class("shown")
        self.post_message(self.Closed())

    @on(Input.Submitted)
    def _enter(self, event: Input.Submitted) -> None:
        event.stop()
        self.remove_class("shown")
        self.post_message(self.Entered(event.value))
