"""The console: one application over one session, its pages, and what every page can ask for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import ClassVar, TypeVar

from textual.app import App
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType

from conduix.errors import ConduixError, UsageError
from conduix_tui import themes
from conduix_tui.client.target import Target
from conduix_tui.deeds import Deeds
from conduix_tui.doors import Doors
from conduix_tui.preferences import Chosen, Preferences
from conduix_tui.screens.dialogs import ErrorDialog
from conduix_tui.screens.login import LoginPage
from conduix_tui.screens.offers import named, offers
from conduix_tui.screens.page import Page
from conduix_tui.screens.palette import PalettePage
from conduix_tui.screens.registry import PAGES, fetch_pages, places
from conduix_tui.session import Session
from conduix_tui.store.calls import CallLog
from conduix_tui.store.navigation import History, Location
from conduix_tui.store.palette import Entry
from conduix_tui.store.state import State

T = TypeVar("T")
FETCH_AFTER = 0.5
"""Seconds after which the first frame is out of the way of imports."""


class ConduixApp(App[None]):
    """See the module. `start` is where it begins."""

    TITLE = "Conduix"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True),
        Binding("ctrl+z", "undo", "Undo", show=False),
        # with priority: of keys that come in one go, those after it are meant for the line that it opens
        Binding("ctrl+p", "palette", "What can be done", show=False, priority=True),
    ]

    def __init__(
        self,
        session: Session,
        start: Location | None = None,
        doors: Doors | None = None,
        preferences: Preferences | None = None,
    ) -> None:
        """Without `preferences` nothing is remembered. Raises UsageError where they cannot be understood."""
        super().__init__()
        self.session = session
        self.doors = doors
        self.preferences = preferences or Preferences()
        chosen = self.preferences.read().theme
        for theme in themes.THEMES:
            self.register_theme(theme)
        self.theme = chosen if chosen in themes.NAMES else themes.NAMES[0]
        self.state = State()
        self.calls = CallLog()
        self.history = History(start or Location("triage"))
        self.places = places(self.state)
        self.deeds = Deeds(self)

    # what comes

    def on_mount(self) -> None:
        """Show the first page, and listen."""
        self.run_worker(self._listen(self.session), name="updates", group="updates", exclusive=True)
        self.push_screen(self._page(self.history.current))
        self.set_timer(FETCH_AFTER, lambda: self.run_worker(fetch_pages, name="pages", thread=True))
        if self.session.why_closed:
            self.run_worker(self._sign_in(self.session.name, self.session.user, self.session.why_closed))

    async def _listen(self, session: Session) -> None:
        taken = 0
        async for update in session.origin.updates():
            self.state.take(update)
            taken += 1
            if taken % 200 == 0:  # a flood must not keep keys from being heard
                await asyncio.sleep(0)

    # ways

    def complete(self, text: str) -> list[str]:
        """How a command may go on."""
        lines = [f"theme {name}" for name in themes.NAMES]
        return [*self.places.complete(text), *(line for line in lines if text and line.startswith(text))]

    def action_follow(self, text: str) -> None:
        """A key that leads somewhere."""
        self.follow(text)

    def follow(self, text: str) -> None:
        """Go where a command says."""
        if text.strip() in {"q", "quit", "exit"}:
            self.run_worker(self.action_quit(), name="quit")
            return
        if text.split()[:1] == ["theme"]:
            self.use_theme(text.partition("theme")[2].strip())
            return
        try:
            destination = self.places.read(text)
        except UsageError as error:
            self.notify(f"{error.message}: {error.remedy}", severity="warning")
            return
        if destination.context and destination.context != self.session.name:
            self.change_server(destination.context, destination.location)
        else:
            self.go(destination.location)

    def use_theme(self, name: str) -> None:
        """Look so from now on, and the next time."""
        if name not in themes.NAMES:
            self.notify(f"there is no theme {name}: {', '.join(themes.NAMES)}", severity="warning")
            return
        self.theme = name
        try:
            self.preferences.write(Chosen(theme=name))
        except ConduixError as error:
            self.notify(f"not remembered: {error.message}", severity="warning")

    def change_server(self, context: str, location: Location) -> None:
        """To another server, signing in where that is needed."""
        self.run_worker(self._change_server(context, location), group="enter", exclusive=True)

    def sign_in_elsewhere(self) -> None:
        """To a server that has no context yet."""
        if self.doors is None:
            self.notify("a recording leads nowhere else", severity="warning")
        else:
            self.run_worker(self._sign_in("", "", "name the server"), group="enter", exclusive=True)

    async def _change_server(self, context: str, location: Location) -> None:
        if self.doors is None:
            self.notify("a recording leads nowhere else", severity="warning")
            return
        try:
            target = self.doors.target(context)
        except UsageError as error:
            self.notify(f"{error.message}: {error.remedy}", severity="warning")
            return
        await self._enter(self.doors, target, location)

    async def _enter(self, doors: Doors, target: Target, location: Location) -> None:
        """Through a door; where it is closed, by signing in."""
        try:
            session = await doors.enter(target)
        except ConduixError as error:
            if error.status not in {"UNAUTHENTICATED", "PERMISSION_DENIED"}:
                self.push_screen(ErrorDialog(error, f"conduix whoami --context {target.name}"))
                return
            await self._sign_in(target.context.server, target.context.user, error.message)
            return
        await self._begin(session, location)

    async def _sign_in(self, server: str, user: str, why: str) -> None:
        if self.doors is None:
            return
        target = await self.push_screen_wait(LoginPage(self.doors, server=server, user=user, why=why))
        if target is not None:
            await self._enter(self.doors, target, Location("triage"))
        elif self.session.client is None:
            self.exit()

    async def _begin(self, session: Session, location: Location) -> None:
        """From here on this is the server; nothing of the other one is left on the screen."""
        before, self.session = self.session, session
        self.state = State()
        self.places = places(self.state)
        self.history = History(location)
        self.run_worker(self._listen(session), name="updates", group="updates", exclusive=True)
        await self._show(location)
        if before.client is not None:
            await before.client.close()

    async def action_quit(self) -> None:
        """End the console; the connection first."""
        if self.session.client is not None:
            await self.session.client.close()
        self.exit()

    def go(self, location: Location) -> None:
        """To another place."""
        self._show(self.history.go(location))

    def back(self) -> None:
        """To where one was before."""
        location = self.history.back()
        if location is not None:
            self._show(location)

    def action_forward(self) -> None:
        """The step back, undone."""
        location = self.history.forward()
        if location is not None:
            self._show(location)

    def _show(self, location: Location) -> AwaitComplete:
        """A page instead of the one that is left: what that one still fetches would find its widgets gone."""
        left = self.screen
        for worker in self.workers:
            if left in worker.node.ancestors_with_self:
                worker.cancel()
        return self.switch_screen(self._page(location))

    def _page(self, location: Location) -> Page:
        return PAGES[location.screen](location)

    async def action_palette(self) -> None:
        """Choose what to do from a list."""
        if isinstance(page := self.screen, Page):
            await self.push_screen(PalettePage(offers(self, page), named(self)), self._chosen)

    async def _chosen(self, entry: Entry | None) -> None:
        done = entry.run() if entry is not None else None
        if done is not None:
            await done

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only a page has something to offer: a question is answered first."""
        if action == "palette":
            return isinstance(self.screen, Page)
        return super().check_action(action, parameters)

    def top_line(self, place: str) -> str:
        """Server, place, person."""
        session = self.session
        guards = (("read-only", bool(session.refusal)), ("protected", session.protected))
        who = "  ".join([session.user, *(word for word, holds in guards if holds)])
        return "  ".join(part for part in ("◆ conduix", session.name, ">", place, who) if part)

    # calls

    def action_undo(self) -> None:
        """Take back what was done last."""
        self.deeds.undo()

    async def call(self, method: str, cli: str, work: Awaitable[T]) -> T | None:
        """A call for a page, written into the log; an error is shown, and None comes."""
        try:
            return await self.calls.run(method, cli, work)
        except ConduixError as error:
            self.push_screen(ErrorDialog(error, cli))
            return None
