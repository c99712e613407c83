"""The console: one application over one session, its pages, and what every page can ask for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, ClassVar, TypeVar

from textual.app import App
from textual.binding import Binding, BindingType

from conduix.errors import ConduixError, UsageError
from conduix_tui.client.target import Target
from conduix_tui.doors import Doors
from conduix_tui.screens.dialogs import ActionDialog, ErrorDialog
from conduix_tui.screens.keys import KeysPage
from conduix_tui.screens.login import LoginPage
from conduix_tui.screens.page import Page
from conduix_tui.screens.registry import PAGES, places
from conduix_tui.session import Session
from conduix_tui.store.actions import Action, Grade, by_id, name_of
from conduix_tui.store.calls import CallLog
from conduix_tui.store.navigation import History, Location
from conduix_tui.store.state import State

T = TypeVar("T")
UNDO_FOR = 10.0
"""Seconds in which a reversible action can be taken back."""


class ConduixApp(App[None]):
    """See the module. `start` is where it begins."""

    TITLE = "Conduix"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True),
        Binding("ctrl+z", "undo", "Undo", show=False),
    ]

    def __init__(self, session: Session, start: Location | None = None, doors: Doors | None = None) -> None:
        super().__init__()
        self.session = session
        self._doors = doors
        self.state = State()
        self.calls = CallLog()
        self.history = History(start or Location("triage"))
        self.places = places(self.state)
        self._undo: tuple[Action, Sequence[Any], float] | None = None

    # what comes

    def on_mount(self) -> None:
        """Show the first page, and listen."""
        self.run_worker(self._listen(self.session), name="updates", group="updates", exclusive=True)
        self.push_screen(self._page(self.history.current))
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
        return self.places.complete(text)

    def follow(self, text: str) -> None:
        """Go where a command says."""
        if text.strip() in {"q", "quit", "exit"}:
            self.exit()
            return
        try:
            destination = self.places.read(text)
        except UsageError as error:
            self.notify(f"{error.message}: {error.remedy}", severity="warning")
            return
        if destination.context and destination.context != self.session.name:
            self.run_worker(self._change_server(destination.context, destination.location), group="enter")
        else:
            self.go(destination.location)

    async def _change_server(self, context: str, location: Location) -> None:
        if self._doors is None:
            self.notify("a recording leads nowhere else", severity="warning")
            return
        try:
            target = self._doors.target(context)
        except UsageError as error:
            self.notify(f"{error.message}: {error.remedy}", severity="warning")
            return
        await self._enter(self._doors, target, location)

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
        if self._doors is None:
            return
        target = await self.push_screen_wait(LoginPage(self._doors, server=server, user=user, why=why))
        if target is not None:
            await self._enter(self._doors, target, Location("triage"))
        elif self.session.client is None:
            self.exit()

    async def _begin(self, session: Session, location: Location) -> None:
        """From here on this is the server; nothing of the other one is left on the screen."""
        before, self.session = self.session, session
        self.state = State()
        self.places = places(self.state)
        self.history = History(location)
        self.run_worker(self._listen(session), name="updates", group="updates", exclusive=True)
        await self.switch_screen(self._page(location))
        if before.client is not None:
            await before.client.close()

    async def action_quit(self) -> None:
        """End the console; the connection first."""
        if self.session.client is not None:
            await self.session.client.close()
        self.exit()

    def go(self, location: Location) -> None:
        """To another place."""
        self.switch_screen(self._page(self.history.go(location)))

    def back(self) -> None:
        """To where one was before."""
        location = self.history.back()
        if location is not None:
            self.switch_screen(self._page(location))

    def action_forward(self) -> None:
        """The step back, undone."""
        location = self.history.forward()
        if location is not None:
            self.switch_screen(self._page(location))

    def _page(self, location: Location) -> Page:
        return PAGES[location.screen](location)

    def action_keys(self) -> None:
        """What every key does here."""
        self.push_screen(KeysPage(self.screen.active_bindings))

    def top_line(self, place: str) -> str:
        """Server, place, person."""
        session = self.session
        who = session.user + ("  read-only" if session.refusal else "")
        return "  ".join(part for part in ("◆ conduix", session.name, ">", place, who) if part)

    # deeds

    def act(self, action: Action, items: Sequence[Any]) -> None:
        """Do something to these, after asking as its grade demands."""
        if refusal := self.session.refusal:
            self.notify(f"nothing is changed: {refusal}", severity="warning")
            return
        able = [item for item in items if not action.why_not(item)]
        if not able:
            why = action.why_not(items[0]) if items else "nothing is selected"
            self.notify(f"{action.label}: {why}", severity="warning")
            return
        if action.grade_for(len(able)) is Grade.REVERSIBLE:
            self._do(action, able)
        else:
            self.push_screen(ActionDialog(action, able), lambda sure: self._do(action, able) if sure else None)

    def _do(self, action: Action, items: Sequence[Any]) -> None:
        self.run_worker(self._perform(action, items), name=action.id, exit_on_error=False)

    async def _perform(self, action: Action, items: Sequence[Any]) -> None:
        done = [item for item in items if await self._attempt(action, item)]
        if not done:
            return
        what = name_of(action.kind, done[0]) if len(done) == 1 else f"{len(done)} of {len(items)}"
        text = f"{action.label}: {what}"
        if action.undo:
            self._undo = (by_id(action.kind, action.undo), done, self.state.clock() + UNDO_FOR)
            text += f"   (ctrl+z within {UNDO_FOR:.0f} s takes it back)"
        self.notify(text)

    async def _attempt(self, action: Action, item: Any) -> bool:
        client = self.session.client
        command = action.command(name_of(action.kind, item))
        if client is None:
            return False
        try:
            await self.calls.run(action.method, command, action.call(client, item))
        except ConduixError as error:
            self.push_screen(ErrorDialog(error, command))
            return False
        return True

    def action_undo(self) -> None:
        """Take back what was done last, as long as it can be."""
        undo, self._undo = self._undo, None
        if undo is None or undo[2] < self.state.clock():
            self.notify("nothing to take back")
            return
        action, items, _ = undo
        self._do(action, items)

    async def call(self, method: str, cli: str, work: Awaitable[T]) -> T | None:
        """A call for a page, written into the log; an error is shown, and None comes."""
        try:
            return await self.calls.run(method, cli, work)
        except ConduixError as error:
            self.push_screen(ErrorDialog(error, cli))
            return None
