"""Where the console begins: what needs a person, why, and the key that mends it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.cli import words
from conduix_tui.screens.table_page import TablePage
from conduix_tui.store.actions import by_id
from conduix_tui.store.columns import Cell, Column
from conduix_tui.store.navigation import Location
from conduix_tui.store.trouble import Trouble, troubles
from conduix_tui.store.updates import Kind
from conduix_tui.store.view import View
from conduix_tui.widgets.keys import in_order
from conduix_tui.widgets.resource_table import ResourceTable

_GLYPHS = {"down": ("✖", "bad"), "waits": ("‖", "warn"), "odd": ("!", "accent")}


def _severity(trouble: Trouble) -> Cell:
    glyph, tone = _GLYPHS[trouble.severity]
    return Cell(f"{glyph} {trouble.severity}", tone)


def _remedy(trouble: Trouble) -> str:
    key = f"[enter look, m {by_id(trouble.kind, trouble.action).label.lower()}] " if trouble.action else ""
    return key + words.visible(trouble.remedy)


def _in_full(trouble: Trouble) -> list[str]:
    """Why, and what to do."""
    remedy = [f"→ {trouble.remedy}"] if trouble.remedy else []
    return [words.visible(line) for line in (f"{trouble.name}: {trouble.cause or trouble.what}", *remedy)]


COLUMNS: Sequence[Column[Trouble]] = (
    Column("severity", "HOW BAD", lambda t: t.rank[0], _severity, 8, 0),
    Column("name", "NAME", lambda t: t.name, lambda t: Cell(words.visible(t.name)), 18, 0),
    Column("what", "WHAT", lambda t: t.what, lambda t: Cell(t.what), 18, 1),
    Column("cause", "WHY", lambda t: t.cause, lambda t: Cell(words.visible(t.cause)), 24, 2, grows=True),
    Column("remedy", "WHAT TO DO", _remedy, lambda t: Cell(_remedy(t), "accent"), 40, 3),
)


class TriagePage(TablePage):
    """The list of troubles; without any it says so, and what runs."""

    BINDINGS: ClassVar[list[BindingType]] = in_order(
        Binding("m", "mend", "Mend"),
        Binding("p", "app.follow('pipelines')", "Pipelines"),
        Binding("a", "app.follow('agents')", "Agents"),
        Binding("h", "app.follow('runs')", "Runs"),
    )
    DEFAULT_CSS = """
    TriagePage #well { padding: 1 2; height: auto; }
    """

    def __init__(self, location: Location) -> None:
        super().__init__(location)
        self.view: View[Trouble] = View(COLUMNS)

    def content(self) -> ComposeResult:
        """The list, and how the rest is."""
        yield ResourceTable(self.view, id="table", classes="live")
        yield Static(id="well", markup=False)

    def on_mount(self) -> None:
        """Keys go to the list."""
        super().on_mount()
        self.focus_content()

    def paint(self) -> None:
        """Judge all anew."""
        items = self.console.state.items
        found = troubles(items["pipeline"].values(), items["agent"].values())
        self.view.reset({f"{trouble.kind}/{trouble.item.id}/{trouble.what}": trouble for trouble in found})
        self.table.repaint()
        self._tell()

    @on(ResourceTable.Moved)
    def _tell(self) -> None:
        """Below the list: the trouble under the cursor in full, for which columns may have no room; and the rest."""
        trouble = self._selected()
        told = [] if trouble is None else [*_in_full(trouble), ""]
        self.query_one("#well", Static).update("\n".join([*told, self._rest(len(self.view))]))

    def _rest(self, found: int) -> str:
        state = self.console.state
        if not state.loaded:
            return "waiting for the server …"
        pipelines = state.items["pipeline"].values()
        # one that has ended still has the rate that it had
        rates = [each.records_per_second for each in pipelines if each.state == pb.PIPELINE_STATE_RUNNING]
        rest = f"{words.plural(len(pipelines), 'pipeline')}, {len(rates)} running, {words.rate(sum(rates))}"
        agents = words.plural(len(state.items["agent"]), "agent")
        return f"{rest}, {agents}" if found else f"✔ Nothing needs you.  {rest}, {agents}"

    def selection(self) -> tuple[Kind, Sequence[Any]] | None:
        """What the trouble under the cursor is about."""
        trouble = self._selected()
        return None if trouble is None else (trouble.kind, [trouble.item])

    async def action_mend(self) -> None:
        """Do what mends the trouble under the cursor."""
        trouble = self._selected()
        if trouble is None:
            return
        if not trouble.action:
            self.notify(trouble.remedy or "nothing that a key could do", severity="warning")
            return
        await self.console.deeds.act(by_id(trouble.kind, trouble.action), [trouble.item])

    def _selected(self) -> Trouble | None:
        key = self.table.key
        return None if key is None else self.view.get(key)

    @on(ResourceTable.Opened)
    def _open(self) -> None:
        trouble = self._selected()
        if trouble is not None:
            self.console.go(Location(trouble.kind, trouble.name))

    def title_text(self) -> str:
        """The place."""
        return f"triage ({len(self.view)})"
