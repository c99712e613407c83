"""A list of resources, drawn line by line: what is not on the screen costs nothing, however many rows there are.

Textual's DataTable paints its whole viewport for each cell that changes and measures all rows when they come; this one
paints when it is told to (`repaint`), at most as often as the screen's clock ticks.
"""

from __future__ import annotations

from typing import Any, ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from conduix_tui.store.columns import Cell, Column, fitting
from conduix_tui.store.view import View
from conduix_tui.widgets.keys import in_order

HEADER = 1
_MARK = {True: "●", False: " "}
_TONES = ("good", "warn", "bad", "dim", "accent")


class ResourceTable(ScrollView, can_focus=True):
    """Shows a `View`. The cursor stays on its row while others come, go and change places."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--header",
        "table--cursor",
        "table--marked",
        *(f"table--{tone}" for tone in _TONES),
    }
    DEFAULT_CSS = """
    ResourceTable { height: 1fr; }
    ResourceTable .table--header { text-style: bold; color: $foreground; background: $panel; }
    ResourceTable .table--cursor { background: $primary 30%; }
    ResourceTable:focus .table--cursor { background: $primary 60%; text-style: bold; }
    ResourceTable .table--marked { color: $accent; text-style: bold; }
    ResourceTable .table--good { color: $success; }
    ResourceTable .table--warn { color: $warning; }
    ResourceTable .table--bad { color: $error; text-style: bold; }
    ResourceTable .table--dim { color: $text-muted; }
    ResourceTable .table--accent { color: $accent; }
    """
    BINDINGS: ClassVar[list[BindingType]] = in_order(
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("pagedown,ctrl+f", "page(1)", "Page down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", show=False),
        Binding("home,g", "first", "First row", show=False),
        Binding("end,G", "last", "Last row", show=False),
        Binding("enter", "open", "Open"),
        Binding("space", "mark", "Mark", show=False),
        Binding("shift+down,J", "mark_range(1)", "Mark and go down", show=False),
        Binding("shift+up,K", "mark_range(-1)", "Mark and go up", show=False),
        Binding("asterisk", "mark_all", "Mark all that match", show=False),
        Binding("s", "sort", "Sort by the next column"),
        Binding("S", "turn", "Turn the order round", show=False),
    )
    cursor: reactive[int] = reactive(0, repaint=False, always_update=True)

    class Opened(Message):
        """A row was chosen."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    class Moved(Message):
        """The cursor is on another row; None: on none."""

        def __init__(self, key: str | None) -> None:
            super().__init__()
            self.key = key

    class Sorted(Message):
        """The order is another one now."""

    def __init__(self, view: View[Any], *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self.view = view
        self._key: str | None = None
        """The row under the cursor."""
        self._fitted: list[tuple[Column[Any], int]] = []
        self._styles: dict[str, Style] = {}

    # what happens

    def repaint(self) -> None:
        """Show what has changed since the last time."""
        if self.view.refresh():
            self._follow()
            self._resize()
            self.refresh()

    def _follow(self) -> None:
        """Keep the cursor on its row, or where it was if that row is gone."""
        at = self.view.position_of(self._key) if self._key is not None else None
        self._point(self.cursor if at is None else at, scroll=at is not None and at != self.cursor)

    def _point(self, position: int, *, scroll: bool = True) -> None:
        before = self._key
        self.cursor = max(0, min(position, len(self.view) - 1))
        self._key = self.view.key_at(self.cursor) if len(self.view) else None
        if scroll:
            self.scroll_to_region(Region(0, self.cursor, 1, 1), animate=False, force=True)
        if self._key != before:
            self.post_message(self.Moved(self._key))
        self.refresh()

    def _resize(self) -> None:
        self.virtual_size = Size(self.size.width, len(self.view) + HEADER)

    def on_resize(self, event: events.Resize) -> None:
        """Other columns may fit."""
        self._fitted = fitting(self.view.columns, max(1, event.size.width - 2))
        self._resize()

    def notify_style_update(self) -> None:
        """The theme changed."""
        self._styles.clear()
        super().notify_style_update()

    @property
    def key(self) -> str | None:
        """Id of the row under the cursor."""
        return self._key

    @property
    def selected(self) -> list[str]:
        """The marked rows in the order that is shown, else the one under the cursor."""
        if self.view.marked:
            return sorted(self.view.marked, key=lambda key: (self.view.position_of(key) is None, key))
        return [self._key] if self._key is not None else []

    def go_to(self, key: str) -> None:
        """Put the cursor on a row, where it is shown."""
        at = self.view.position_of(key)
        if at is not None:
            self._point(at)

    # keys and mouse

    def action_move(self, by: int) -> None:
        """The cursor goes up or down."""
        self._point(self.cursor + by)

    def action_page(self, by: int) -> None:
        """The cursor goes a page up or down."""
        self._point(self.cursor + by * max(1, self.size.height - HEADER - 1))

    def action_first(self) -> None:
        """The cursor goes to the first row."""
        self._point(0)

    def action_last(self) -> None:
        """The cursor goes to the last row."""
        self._point(len(self.view) - 1)

    def action_open(self) -> None:
        """The row is chosen."""
        if self._key is not None:
            self.post_message(self.Opened(self._key))

    def action_mark(self) -> None:
        """Mark the row under the cursor, or take its mark away, and go on to the next."""
        if self._key is not None:
            self.view.mark([self._key])
            self._point(self.cursor + 1)

    def action_mark_range(self, by: int) -> None:
        """Mark the row under the cursor and go on."""
        if self._key is not None:
            self.view.mark([self._key], on=True)
            self._point(self.cursor + by)

    def action_mark_all(self) -> None:
        """Mark all that the filter shows; if all are, none."""
        keys = list(self.view.keys())
        self.view.mark(keys, on=not self.view.marked.issuperset(keys))
        self.refresh()

    def action_sort(self) -> None:
        """Sort by the next column that is shown."""
        shown = [column.key for column, _ in self._fitted]
        now = shown.index(self.view.sorted_by) if self.view.sorted_by in shown else -1
        self.sort_by(shown[(now + 1) % len(shown)], falling=False)

    def action_turn(self) -> None:
        """Turn the order round."""
        self.sort_by(self.view.sorted_by, falling=not self.view.falling)

    def sort_by(self, key: str, *, falling: bool) -> None:
        """Sort by this column."""
        self.view.order_by(key, falling=falling)
        self.repaint()
        self.post_message(self.Sorted())

    def on_click(self, event: events.Click) -> None:
        """A click on a title sorts, one on a row moves the cursor, a second one opens."""
        if event.y < HEADER:
            self._click_title(event.x)
            return
        row = event.y - HEADER + self.scroll_offset.y
        if row >= len(self.view):
            return
        self._point(row)
        if event.ctrl and self._key is not None:
            self.view.mark([self._key])
        elif event.chain > 1:
            self.action_open()

    def _click_title(self, x: int) -> None:
        at = 2
        for column, width in self._fitted:
            if x < at + width + 1:
                same = column.key == self.view.sorted_by
                self.sort_by(column.key, falling=same and not self.view.falling)
                return
            at += width + 1

    # drawing

    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        width = self.size.width
        if y < HEADER:
            return Strip([Segment(self._titles(), self._style("header"))]).adjust_cell_length(
                width, self._style("header")
            )
        position = y - HEADER + self.scroll_offset.y
        if position >= len(self.view):
            return Strip.blank(width, self.rich_style)
        return self._row(position, width)

    def _titles(self) -> str:
        titles = []
        for column, width in self._fitted:
            sorted_by = column.key == self.view.sorted_by
            title = column.title + (("▼" if self.view.falling else "▲") if sorted_by else "")
            titles.append(_fit(title, width, column.align))
        return "  " + " ".join(titles)

    def _row(self, position: int, width: int) -> Strip:
        key = self.view.key_at(position)
        row = self.view.row_at(position)
        base = self.rich_style
        if position == self.cursor:
            base += self._style("cursor")
        marked = key in self.view.marked
        segments = [Segment(_MARK[marked] + " ", base + self._style("marked") if marked else base)]
        for column, room in self._fitted:
            cell: Cell = column.cell(row)
            style = base + self._style(cell.tone) if cell.tone else base
            segments.append(Segment(_fit(cell.text, room, column.align) + " ", style))
        return Strip(segments).adjust_cell_length(width, base)

    def _style(self, part: str) -> Style:
        style = self._styles.get(part)
        if style is None:
            style = self._styles[part] = self.get_component_rich_style(f"table--{part}", partial=part != "header")
        return style


def _fit(text: str, width: int, align: str) -> str:
    """Exactly `width` cells; what is longer ends in an ellipsis."""
    if text.isascii():
        length = len(text)
        if length > width:
            return text[: width - 1] + "…"
        return text.rjust(width) if align == "right" else text.ljust(width)
    if cell_len(text) > width:
        return set_cell_size(text, width - 1) + "…"
    return " " * (width - cell_len(text)) + text if align == "right" else set_cell_size(text, width)
