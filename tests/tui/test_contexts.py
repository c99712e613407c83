"""The page of the servers that are known: which one this is, going to another one, signing in where that is needed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from textual.widgets import Input

from conduix_server.policy import Role
from conduix_tui.app import ConduixApp
from conduix_tui.client.contexts import Context
from conduix_tui.doors import Doors
from conduix_tui.screens.login import LoginPage
from conduix_tui.store.navigation import Location
from tests.integration.server.world import PASSWORD
from tests.tui.frames import hides, lines, shows, text, until, visit
from tests.tui.served import House
from tests.tui.world import replayed

SIZE = (140, 30)


@pytest.fixture
async def other(tmp_path: Path) -> AsyncIterator[House]:
    async with House(tmp_path / "other") as running:
        yield running


async def console(doors: Doors) -> ConduixApp:
    return ConduixApp(await doors.enter(doors.target("near")), Location("contexts"), doors)


def line_of(app: ConduixApp, name: str) -> str:
    return next((line for line in lines(app)[1:] if f" {name} " in line), "")


async def test_the_list_says_where_one_is_and_what_guards_each(house: House) -> None:
    near = Context(house.address, token=await house.token(Role.OPERATOR))
    far = Context("conduix.example.com:50051", tls=True, user="ada", protected=True, read_only=True, colour="red")
    app = await console(house.doors(near=near, far=far))
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "contexts (2)", "enter goes there")
        assert "● here" in line_of(app, "near")
        assert "API token" in line_of(app, "near")
        assert "here" not in line_of(app, "far")
        assert "read-only, protected" in line_of(app, "far")
        assert "○ no" in line_of(app, "far")
        await pilot.press("enter")
        await shows(pilot, "near is shown already")


async def test_enter_goes_to_the_other_server_and_nothing_of_the_first_is_left(house: House, other: House) -> None:
    await house.apply("mine")
    await other.apply("theirs")
    near = Context(house.address, token=await house.token(Role.OPERATOR))
    far = Context(other.address, token=await other.token(Role.VIEWER), colour="red")
    app = await console(house.doors(near=near, far=far))
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "contexts (2)")
        await pilot.press("home", "enter")
        await until(pilot, lambda: app.session.name == "far")
        await shows(pilot, "triage", "1 pipeline,", " red ", "read-only")
        await visit(pilot, app, "pipelines")
        await shows(pilot, "theirs")
        assert "mine" not in text(app)
        app.follow("pipelines @near")
        await shows(pilot, "mine")
        await hides(pilot, "theirs", " red ")


async def test_where_nobody_is_signed_in_it_is_asked_for_and_then_gone_there(house: House, other: House) -> None:
    await other.served.user(Role.OPERATOR, "ada")
    near = Context(house.address, token=await house.token(Role.OPERATOR))
    far = Context(other.address, user="ada")
    doors = house.doors(near=near, far=far)
    app = await console(doors)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "contexts (2)")
        await pilot.press("home", "enter")
        await until(pilot, lambda: isinstance(app.screen, LoginPage) and app.screen.is_mounted)
        app.screen.query_one("#password", Input).value = PASSWORD
        await pilot.click("#enter")
        await until(pilot, lambda: app.session.name == "far")
        await shows(pilot, "ada")
        assert doors.file.get("far").session is not None


async def test_a_sign_in_that_is_given_up_leaves_everything_as_it_was(house: House) -> None:
    near = Context(house.address, token=await house.token(Role.OPERATOR))
    app = await console(house.doors(near=near))
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "contexts (1)")
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, LoginPage) and app.screen.is_mounted)
        await pilot.press("escape")
        await shows(pilot, "contexts (1)")
        assert app.session.name == "near"
        assert app.is_running


async def test_a_server_that_does_not_answer_is_told_and_one_stays(house: House) -> None:
    near = Context(house.address, token=await house.token(Role.OPERATOR))
    app = await console(house.doors(near=near, gone=Context("127.0.0.1:1", token="none")))  # noqa: S106 - opens nothing
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "contexts (2)")
        await pilot.press("home", "enter")
        await shows(pilot, "✖", "UNAVAILABLE", "conduix whoami --context gone")
        await pilot.press("enter")
        await shows(pilot, "contexts (2)")
        assert app.session.name == "near"


async def test_a_recording_leads_to_no_server(tmp_path: Path) -> None:
    app = await replayed(tmp_path / "night")
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await visit(pilot, app, "contexts")
        await shows(pilot, "This is a recording")
        await pilot.press("a")
        await shows(pilot, "a recording leads nowhere else")


async def test_what_only_admins_may_see_is_told_on_the_page_and_asked_for_once(house: House) -> None:
    app = await house.console(at="audit")
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "✖", "needs the role admin", "→")
        assert [call.method for call in app.calls] == ["ListAuditRecords"]
        assert len(app.screen_stack) == 2


@pytest.mark.parametrize(
    ("place", "says"),
    [("pipelines", "conduix apply -f FILE"), ("runs", "Start a pipeline"), ("events", "Nothing has happened yet")],
)
async def test_an_empty_page_says_what_to_do(house: House, place: str, says: str) -> None:
    app = await house.console(at=place)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, says)


async def test_a_pipeline_that_never_ran_says_how_to_begin(house: House) -> None:
    await house.apply("orders")
    app = await house.console()
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "pipelines (1)")
        await visit(pilot, app, "pipeline orders")
        await pilot.press("8")
        await shows(pilot, "It never ran.  r starts it.")
