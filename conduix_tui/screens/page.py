"""What all pages have: the bar above, the banner, the command line, the clock that repaints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Footer

from conduix_tui.screens.keys import KeysPage
from conduix_tui.store.navigation import Location
from conduix_tui.store.updates import Kind
from conduix_tui.widgets.bars import LEAST, Banner, CommandLine, TooSmall, TopBar
from conduix_tui.widgets.keys import in_order, typing

if TYPE_CHECKING:
    from conduix_tui.app import ConduixApp

FRAME = 0.2
"""Seconds between two repaints; whatever comes meanwhile is painted at once."""


class Page(Screen[None]):
    """One place of the console. Subclasses give `content` and paint what has changed in `paint`."""

    BINDINGS: ClassVar[list[BindingType]] = in_order(
        Binding("colon", "command", "Go to"),
        Binding("question_mark", "keys", "Keys"),
        Binding("escape,backspace", "back", "Back", show=False),
        Binding("alt+right", "app.forward", "Forward", show=False),
    )
    DEFAULT_CSS = """
    Page { layout: vertical; overflow: hidden; }
    Page.stale .live { opacity: 60%; }
    Page.too-small > * { display: none; }
    Page.too-small > TooSmall { display: block; }
    """

    def __init__(self, location: Location) -> None:
        super().__init__()
        self.location = location
        self._painted = -1

    @property
    def console(self) -> ConduixApp:
        """The application, typed."""
        return cast("ConduixApp", self.app)

    def compose(self) -> ComposeResult:
        """The frame around the content."""
        yield TooSmall()
        yield TopBar()
        yield Banner()
        yield from self.content()
        yield CommandLine(self.console.complete)
        yield Footer()

    def content(self) -> ComposeResult:
        """The page's own widgets."""
        raise NotImplementedError

    def paint(self) -> None:
        """Show what has changed; called at most every 0.2 s, and only when something has."""

    def selection(self) -> tuple[Kind, Sequence[Any]] | None:
        """What actions would be done to; None: this page has no such thing."""
        return None

    def title_text(self) -> str:
        """What the bar says of this place."""
        return self.location.command

    def on_mount(self) -> None:
        """Paint from now on."""
        self.set_interval(FRAME, self.tick)
        self.tick()

    def tick(self) -> None:
        """Once a frame."""
        state = self.console.state
        connection = state.connection
        self.query_one(Banner).show(connection)
        self.set_class(not connection.live, "stale")
        self.query_one(TopBar).show(self.console.top_line(self.title_text()), self.console.session.colour)
        if state.version != self._painted:
            self._painted = state.version
            self.paint()

    def on_resize(self, event: events.Resize) -> None:
        """What cannot be read is not shown."""
        self.set_class(event.size.width < LEAST.width or event.size.height < LEAST.height, "too-small")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Who types a text means the letters themselves."""
        if typing(self.focused):
            return False
        return super().check_action(action, parameters)

    def action_command(self) -> None:
        """Type where to go."""
        self.query_one(CommandLine).open()

    async def action_keys(self) -> None:
        """What every key does here."""
        await self.console.push_screen(KeysPage(self.active_bindings))

    def action_back(self) -> None:
        """To where one was before."""
        self.console.back()

    @on(CommandLine.Entered)
    def _command_entered(self, event: CommandLine.Entered) -> None:
        self.focus_content()
        self.console.follow(event.text)

    @on(CommandLine.Closed)
    def _command_closed(self) -> None:
        self.focus_content()

    def focus_content(self) -> None:
        """Let keys reach the page again."""
        self.set_focus(None)
        self.focus_next()
