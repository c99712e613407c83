"""Pages that are one list: filtered as one types, sorted, marked, acted on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.widgets import Static

from conduix_tui.screens.table_page import FilteredPage
from conduix_tui.store.actions import by_id
from conduix_tui.store.columns import Column
from conduix_tui.store.filters import Filter
from conduix_tui.store.navigation import Location
from conduix_tui.store.updates import Kind
from conduix_tui.store.view import View
from conduix_tui.widgets.bars import FilterBar
from conduix_tui.widgets.resource_table import ResourceTable


class ListPage(FilteredPage):
    """A list of the resources of one kind."""

    KIND: ClassVar[Kind]
    COLUMNS: ClassVar[Sequence[Column[Any]]]
    SORT: ClassVar[str] = ""
    FALLING: ClassVar[bool] = False
    EMPTY: ClassVar[str] = "nothing here yet"
    """What an empty list says, and what to do about it."""
    DEFAULT_CSS = """
    ListPage #empty { display: none; padding: 1 2; color: $text-muted; height: auto; }
    ListPage #problem { display: none; height: 1; padding: 0 1; color: $warning; }
    """

    def __init__(self, location: Location) -> None:
        super().__init__(location)
        self.view = View(
            self.columns(), sort=self._known(location.sort), falling=location.falling if location.sort else self.FALLING
        )
        self.view.filter_by(location.filter)

    def columns(self) -> Sequence[Column[Any]]:
        """Those of the class; more where a page has some that need the console."""
        return self.COLUMNS

    def _known(self, sort: str) -> str:
        return sort if any(column.key == sort for column in self.columns()) else self.SORT

    def content(self) -> ComposeResult:
        """The list, and its filter below."""
        yield Static(self.EMPTY, id="empty")
        yield ResourceTable(self.view, id="table", classes="live")
        yield Static(id="problem")
        yield FilterBar("text  /regex  ~fuzzy  field:value  field:>10  !not")

    def on_mount(self) -> None:
        """Show what is known, and what comes."""
        self._shows = self.console.state
        self._shows.show(self.KIND, self.view)
        super().on_mount()
        self.table.focus()
        if self.location.filter:
            self.query_one(FilterBar).add_class("shown")
            self.query_one(FilterBar).value = self.location.filter

    def on_unmount(self) -> None:
        """It is not looked at any more; the console may be at another server by now."""
        self._shows.hide(self.KIND, self.view)

    def paint(self) -> None:
        """Put what has changed in its place."""
        self.table.repaint()
        self.query_one("#empty").display = self.view.total == 0 and self.console.state.loaded

    def title_text(self) -> str:
        """The place, and how many there are."""
        shown, total = len(self.view), self.view.total
        count = f"{total:,}" if shown == total else f"{shown:,} of {total:,}"
        marked = f", {len(self.view.marked):,} marked" if self.view.marked else ""
        return f"{self.location.screen} ({count}{marked})"

    def filtered(self, read: Filter[Any]) -> None:
        """What of it could not be read is said, and the place is noted with it."""
        super().filtered(read)
        problem = self.query_one("#problem", Static)
        problem.display = bool(read.problem)
        problem.update(read.problem)
        self._note()

    @on(ResourceTable.Sorted)
    def _note(self) -> None:
        self.console.history.note(
            filter_text=self.view.filter.text, sort=self.view.sorted_by, falling=self.view.falling
        )

    def action_back(self) -> None:
        """First without marks, then without filter, then to where one was before."""
        if self.view.marked:
            self.view.marked.clear()
            self.table.refresh()
        elif self.view.filter.text:
            self.query_one(FilterBar).action_clear()
        else:
            super().action_back()

    def selection(self) -> tuple[Kind, Sequence[Any]] | None:
        """The marked ones, else the one under the cursor."""
        return self.KIND, self._selected()

    def _selected(self) -> Sequence[Any]:
        return [item for key in self.table.selected if (item := self.view.get(key)) is not None]

    async def action_act(self, action_id: str) -> None:
        """Do it to the marked ones, else to the one under the cursor."""
        await self.console.deeds.act(by_id(self.KIND, action_id), self._selected())

    def place_of(self, item: Any) -> Location | None:
        """Where Enter leads from this row; None: nowhere."""
        raise NotImplementedError

    @on(ResourceTable.Opened)
    def _open(self, event: ResourceTable.Opened) -> None:
        item = self.view.get(event.key)
        if item is not None and (place := self.place_of(item)) is not None:
            self.console.go(place)
