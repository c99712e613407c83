"""Lists that are asked for now and then, not watched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.widgets import Static

from conduix_tui.client.client import Client
from conduix_tui.screens.asking import asking
from conduix_tui.screens.table_page import FilteredPage
from conduix_tui.store.columns import Column
from conduix_tui.store.navigation import Location
from conduix_tui.store.view import View
from conduix_tui.widgets.bars import FilterBar
from conduix_tui.widgets.resource_table import ResourceTable


class AskedPage(FilteredPage):
    """Subclasses fetch their rows."""

    COLUMNS: ClassVar[Sequence[Column[Any]]]
    SORT: ClassVar[str] = ""
    FALLING: ClassVar[bool] = False
    EVERY: ClassVar[float] = 5.0

    def __init__(self, location: Location) -> None:
        super().__init__(location)
        self.view = View(self.COLUMNS, sort=self.SORT, falling=self.FALLING)
        self.view.filter_by(location.filter)

    async def fetch(self, client: Client) -> Mapping[str, Any]:
        """All rows by id. Raises ConduixError."""
        raise NotImplementedError

    def content(self) -> ComposeResult:
        """What stands above, the list, its filter."""
        yield Static(id="above", markup=False)
        yield ResourceTable(self.view, id="table", classes="live")
        yield FilterBar("text  /regex  field:value")

    def on_mount(self) -> None:
        """Ask at once, then now and then."""
        super().on_mount()
        self.focus_content()
        client = self.console.session.client
        if client is None:
            self.query_one("#above", Static).update("A recording does not have this.")
            return

        self.run_worker(asking(self.EVERY, lambda: self._fetch(client), self._tell), name=self.location.screen)

    async def _fetch(self, client: Client) -> None:
        self.view.reset(await self.fetch(client))
        self.table.repaint()

    def _tell(self, trouble: str) -> None:
        self.query_one("#above", Static).update(trouble)

    def title_text(self) -> str:
        """The place, and how many there are."""
        return f"{self.location.screen} ({self.view.total})"
