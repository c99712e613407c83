"""What pages have in common on which one list takes the keys."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import Input

from conduix_tui.screens.page import Page
from conduix_tui.store.filters import Filter
from conduix_tui.store.view import View
from conduix_tui.widgets.bars import FilterBar
from conduix_tui.widgets.keys import in_order
from conduix_tui.widgets.resource_table import ResourceTable


class TablePage(Page):
    """Subclasses make the view, and a table of it in `content`."""

    view: View[Any]

    @property
    def table(self) -> ResourceTable:
        """The list."""
        return self.query_one(ResourceTable)

    def focus_content(self) -> None:
        """The list takes the keys."""
        self.table.focus()


class FilteredPage(TablePage):
    """Subclasses have a `FilterBar` in `content`, too."""

    BINDINGS: ClassVar[list[BindingType]] = in_order(Binding("slash", "filter", "Filter"))

    def action_filter(self) -> None:
        """Type a filter."""
        self.query_one(FilterBar).open(self.view.filter.text)

    @on(Input.Changed, "#filter")
    def _typed(self, event: Input.Changed) -> None:
        self.filtered(self.view.filter_by(event.value))

    @on(FilterBar.Closed)
    def _filter_closed(self) -> None:
        self.focus_content()

    def filtered(self, _read: Filter[Any]) -> None:
        """Show what the filter leaves; called as one types."""
        self.table.repaint()
