"""The console on a real server: what comes, what is lost and comes again, who may not stay."""

from __future__ import annotations

from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input

from conduix_server.policy import Role
from conduix_tui.app import ConduixApp
from conduix_tui.client.contexts import Context
from conduix_tui.screens.login import LoginPage
from conduix_tui.session import closed
from tests.integration.control.world import counts
from tests.integration.server.world import PASSWORD
from tests.tui.frames import hides, lines, shows, text, until, visit
from tests.tui.served import House

SIZE = (150, 40)


def row(app: ConduixApp, name: str) -> str:
    """The line of this name."""
    return next((line for line in lines(app) if f" {name} " in line), "")


async def test_what_changes_at_the_server_is_seen_by_itself(house: House) -> None:
    app = await house.console()
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "No pipelines yet.")
        await house.apply("orders")
        await shows(pilot, "pipelines (1)", "orders", "■ STOPPED")
        await house.run("orders", nodes=counts(1200, 1100, dead=7))
        await shows(pilot, "● RUNNING", "1,200", "1,100")
        await house.agent.report("FAILED", detail="the disk is gone")
        await until(pilot, lambda: "✖ FAILED" in row(app, "orders"))
        await house.apply("flights")
        await shows(pilot, "pipelines (2)", "flights")
        await visit(pilot, app, "triage")
        await shows(pilot, "orders", "the disk is gone")
        await visit(pilot, app, "agents")
        await shows(pilot, "alpha", "● ONLINE")
        await house.agent.set_status("OFFLINE")
        await shows(pilot, "○ OFFLINE")


async def test_a_server_that_comes_back_is_gone_on_with(house: House) -> None:
    await house.apply("orders", "flights")
    app = await house.console()
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "pipelines (2)", "orders")
        await house.stop()
        await shows(pilot, "NO CONNECTION", "orders")
        assert app.screen.has_class("stale")
        await pilot.press("r")
        await pilot.pause(0)
        assert not app.calls or all(call.method != "StartPipeline" for call in app.calls)
        await house.start()
        await hides(pilot, "NO CONNECTION")
        assert not app.screen.has_class("stale")
        await house.apply("weather")
        await shows(pilot, "pipelines (3)", "weather")


async def test_who_is_no_longer_let_in_is_told_once_and_does_not_try_again(house: House) -> None:
    await house.apply("orders")
    token = await house.token(Role.OPERATOR)
    app = await house.console(token=token)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "pipelines (1)")
        await house.served.revoke(token)
        await shows(pilot, "SIGNED OUT")
        await until(pilot, lambda: all(line.ended is not None for line in app.state.lines.values()))
        assert app.state.connection.retry_in == 0
        assert "next try" not in text(app)
        assert "orders" in text(app)


async def test_a_wrong_password_is_told_and_the_right_one_opens(house: House) -> None:
    await house.apply("orders")
    doors = house.doors()
    app = ConduixApp(closed(house.address, "admin", "nobody is signed in"), doors=doors)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "Sign in to Conduix", "nobody is signed in")
        await until(pilot, lambda: isinstance(app.focused, Input) and app.focused.password)
        await pilot.press(*"wrong", "enter")
        await shows(pilot, "✖")
        await until(
            pilot, lambda: isinstance(app.screen, LoginPage) and not app.screen.query_one("#password", Input).value
        )
        app.screen.query_one("#password", Input).value = PASSWORD
        await pilot.press("enter")
        await shows(pilot, "triage (0)", "Nothing needs you", "1 pipeline")
        assert doors.file.read().contexts[house.address].user == "admin"


async def test_another_server_is_gone_to_and_nothing_of_the_first_is_left(house: House, tmp_path: Path) -> None:
    await house.apply("orders")
    async with House(tmp_path / "other") as other:
        await other.apply("elsewhere")
        app = await house.console()
        house.doors(there=Context(other.address, token=await other.token(Role.VIEWER)))
        async with app.run_test(size=SIZE, notifications=True) as pilot:
            await shows(pilot, "here", "orders")
            await type_command(pilot, "pipelines @there")
            await shows(pilot, "there", "elsewhere", "pipelines (1)", "read-only")
            assert "orders" not in text(app)
            await type_command(pilot, "pipelines @nowhere")
            await shows(pilot, "there is no context 'nowhere'")
            await type_command(pilot, "pipelines @here")
            await shows(pilot, "orders")
            assert "elsewhere" not in text(app)


async def type_command(pilot: Pilot[None], command: str) -> None:
    await pilot.press("colon", *(key if key != " " else "space" for key in command), "enter")
