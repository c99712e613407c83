"""The servers that are known here: which one this is, who is signed in, Enter goes there."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from conduix.errors import UsageError
from conduix_tui.cli import words
from conduix_tui.client.contexts import Context
from conduix_tui.screens.table_page import TablePage
from conduix_tui.store.columns import Cell, Column
from conduix_tui.store.navigation import Location
from conduix_tui.store.view import View
from conduix_tui.widgets.keys import in_order
from conduix_tui.widgets.resource_table import ResourceTable


@dataclass(frozen=True, slots=True)
class Known:
    """One context."""

    name: str
    context: Context
    here: bool
    """Is this the server that the console shows?"""
    current: bool
    """Is it what commands speak to that name none?"""


def _here(known: Known) -> Cell:
    return Cell("● here", "good") if known.here else Cell("")


def _signed_in(known: Known) -> Cell:
    if known.context.token is not None:
        return Cell("✔ API token", "good")
    if known.context.session is None:
        return Cell("○ no", "dim")
    return Cell("✔ yes", "good") if known.context.session.expires_at > time.time() else Cell("✖ over", "warn")


def _guards(known: Known) -> str:
    said = (("read-only", known.context.read_only), ("protected", known.context.protected))
    return ", ".join(word for word, holds in said if holds)


COLUMNS: Sequence[Column[Known]] = (
    Column("name", "NAME", lambda k: k.name, lambda k: Cell(words.visible(k.name)), 16, 0, grows=True),
    Column("here", "SHOWN", lambda k: not k.here, _here, 7, 0),
    Column("server", "SERVER", lambda k: k.context.server, lambda k: Cell(words.visible(k.context.server)), 24, 1),
    Column("user", "USER", lambda k: k.context.user, lambda k: Cell(words.visible(k.context.user) or "-"), 12, 3),
    Column("signed_in", "SIGNED IN", lambda k: _signed_in(k).text, _signed_in, 12, 2),
    Column("guards", "GUARDS", _guards, lambda k: Cell(_guards(k), "warn"), 20, 4),
    Column("current", "CURRENT", lambda k: k.current, lambda k: Cell("*" if k.current else ""), 7, 5),
)


class ContextsPage(TablePage):
    """The list; a server that one is not signed in to asks for it."""

    BINDINGS: ClassVar[list[BindingType]] = in_order(Binding("a", "add", "Sign in to another"))
    DEFAULT_CSS = """
    ContextsPage #about { padding: 0 1; color: $text-muted; height: auto; }
    """

    def __init__(self, location: Location) -> None:
        super().__init__(location)
        self.view = View(COLUMNS)

    def content(self) -> ComposeResult:
        """The list, and how others come into it."""
        yield ResourceTable(self.view, id="table")
        yield Static(id="about", markup=False)

    def on_mount(self) -> None:
        """Read the file."""
        super().on_mount()
        self._read()
        self.focus_content()

    def _read(self) -> None:
        doors = self.console.doors
        about = self.query_one("#about", Static)
        if doors is None:
            about.update("This is a recording: it leads to no server.  conduix-tui without --replay does.")
            return
        try:
            file = doors.file.read()
        except UsageError as error:
            about.update(f"✖ {error.message}\n→ {error.remedy}")
            return
        here = self.console.session.name
        rows = {n: Known(n, c, n == here, n == file.current) for n, c in file.contexts.items()}
        self.view.reset(rows)
        self.table.repaint()
        self.table.go_to(here)
        none = "No server is known here yet: a signs in to one, conduix up starts one."
        many = "enter goes there, a signs in to another; conduix context set NAME gives one a colour and guards"
        about.update(many if rows else none)

    def action_add(self) -> None:
        """To a server that is not known yet."""
        self.console.sign_in_elsewhere()

    @on(ResourceTable.Opened)
    def _open(self, event: ResourceTable.Opened) -> None:
        if event.key == self.console.session.name:
            self.notify(f"{event.key} is shown already")
        else:
            self.console.change_server(event.key, Location("triage"))

    def title_text(self) -> str:
        """The place, and how many there are."""
        return f"contexts ({self.view.total})"
