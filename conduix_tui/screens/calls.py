"""The calls that this console made, the newest first, each with the same as a command."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from conduix_tui.cli import words
from conduix_tui.screens.table_page import TablePage
from conduix_tui.store.calls import CallRecord
from conduix_tui.store.columns import Cell, Column
from conduix_tui.store.navigation import Location
from conduix_tui.store.view import View
from conduix_tui.widgets.keys import in_order
from conduix_tui.widgets.resource_table import ResourceTable


def _outcome(record: CallRecord) -> Cell:
    return Cell(record.code or "OK", "bad" if record.code else "good")


COLUMNS: Sequence[Column[CallRecord]] = (
    Column("at", "WHEN", lambda r: r.at, lambda r: Cell(_clock(r.at)), 8, 0),
    Column("method", "CALL", lambda r: r.method, lambda r: Cell(r.method), 20, 0),
    Column("took", "TOOK", lambda r: r.seconds, lambda r: Cell(f"{r.seconds * 1000:.0f} ms"), 8, 1, "right"),
    Column("outcome", "OUTCOME", lambda r: r.code or "OK", _outcome, 20, 1),
    Column("command", "AS A COMMAND", lambda r: r.cli, lambda r: Cell(words.visible(r.cli)), 30, 2, grows=True),
)


def _clock(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))


class CallsPage(TablePage):
    """`y` copies the command."""

    BINDINGS: ClassVar[list[BindingType]] = in_order(Binding("y", "copy", "Copy the command"))

    def __init__(self, location: Location) -> None:
        super().__init__(location)
        self.view = View(COLUMNS, falling=True)
        self._shown = -1

    def content(self) -> ComposeResult:
        """The list."""
        yield ResourceTable(self.view, id="table")

    def tick(self) -> None:
        """Calls come without updates."""
        super().tick()
        calls = self.console.calls
        if len(calls) != self._shown:
            self._shown = len(calls)
            self.view.reset({str(number): record for number, record in enumerate(calls)})
            self.table.repaint()

    def action_copy(self) -> None:
        """The command under the cursor goes to the clipboard."""
        key = self.table.key
        record = self.view.get(key) if key is not None else None
        if record is not None:
            self.app.copy_to_clipboard(record.cli)
            self.notify("copied")
