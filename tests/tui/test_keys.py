"""Every key of every page and of every dialog is pressed once: none ends the console, all dialogs can be left."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input

from conduix.errors import NotFound, Resource
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.app import ConduixApp
from conduix_tui.client.contexts import ContextFile
from conduix_tui.doors import Doors
from conduix_tui.screens.dialogs import ActionDialog, ErrorDialog
from conduix_tui.screens.edit_dialog import EditDialog, Verdict
from conduix_tui.screens.keys import KeysPage
from conduix_tui.screens.login import LoginPage
from conduix_tui.screens.page import Page
from conduix_tui.screens.registry import PAGES, places
from conduix_tui.store.actions import by_id
from conduix_tui.store.state import State
from tests.tui.frames import commands, shows, until, visit
from tests.tui.world import PIPELINES, replayed

LEAVING = {"app.quit", "quit", "suspend_process", "app.suspend_process"}
"""Actions that end or stop the console; a test would stop with it."""
VERDICT = Verdict([pb.Diagnostic(line=3, column=5, code="UNKNOWN_TYPE", message="[no] such type")], "-a\n+b\n")
DIALOGS: dict[str, Callable[[Doors], Screen[Any]]] = {
    "sure": lambda _: ActionDialog(by_id("pipeline", "stop"), PIPELINES[:1]),
    "typed": lambda _: ActionDialog(by_id("pipeline", "delete"), PIPELINES),
    "error": lambda _: ErrorDialog(NotFound(Resource.PIPELINE, "[orders"), "conduix start '[orders'"),
    "invalid": lambda _: EditDialog("orders", VERDICT),
    "valid": lambda _: EditDialog("orders", Verdict((), "-a\n+b\n", applicable=True)),
    "keys": lambda _: KeysPage({}),
    "login": lambda doors: LoginPage(doors, server="127.0.0.1:1", user="ada", why="the session is over"),
}


async def steady(pilot: Pilot[None]) -> None:
    """What a key has led to is there."""
    for _ in range(2):
        await pilot.pause(0)
    await until(pilot, lambda: pilot.app.screen.is_mounted)


async def press_all(pilot: Pilot[None], app: ConduixApp, home: Callable[[], Awaitable[None]]) -> int:
    """Each key that works on the screen that is shown now; afterwards back there. How many there were."""
    keys = [key for key, active in app.screen.active_bindings.items() if active.binding.action not in LEAVING]
    for key in keys:
        await pilot.press(key)
        await steady(pilot)
        assert app.is_running, key
        await home()
    return len(keys)


def test_every_place_has_a_page_and_every_page_a_place() -> None:
    assert sorted(place.name for place in places(State()).places) == sorted(PAGES)


@pytest.mark.parametrize("place", PAGES)
async def test_every_key_of_every_page_may_be_pressed(tmp_path: Path, place: str) -> None:
    app = await replayed(tmp_path / "night")
    async with app.run_test(size=(140, 40), notifications=True) as pilot:
        await shows(pilot, "triage (3)")
        command = dict(commands(app))[place]
        page = await visit(pilot, app, command)

        async def home() -> None:
            nonlocal page
            while app.screen is not page and not isinstance(app.screen, Page):
                app.pop_screen()
                await steady(pilot)
            if app.screen is not page:
                page = await visit(pilot, app, command)
            elif isinstance(page.focused, Input):
                await pilot.press("escape")
                await until(pilot, lambda: not isinstance(app.screen.focused, Input))

        assert await press_all(pilot, app, home) > 5


@pytest.mark.parametrize("name", DIALOGS)
async def test_every_key_of_every_dialog_may_be_pressed(tmp_path: Path, name: str) -> None:
    app = await replayed(tmp_path / "night")
    doors = Doors(ContextFile(tmp_path / "contexts.yaml"), {})
    async with app.run_test(size=(140, 40), notifications=True) as pilot:
        await shows(pilot, "triage (3)")

        dialog: Screen[Any] | None = None

        async def home() -> None:
            nonlocal dialog
            while app.screen is not dialog and not isinstance(app.screen, Page):
                app.pop_screen()
                await steady(pilot)
            if app.screen is not dialog:
                dialog = DIALOGS[name](doors)
                await app.push_screen(dialog)

        await home()
        assert await press_all(pilot, app, home) > 2
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, Page))
