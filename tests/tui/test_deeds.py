"""What keys change on a real server: asked about as its grade demands, done once, in the audit, taken back."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input

from conduix.v1 import pipeline_service_pb2 as pb
from conduix_server.policy import Role
from conduix_tui.app import ConduixApp
from conduix_tui.screens.dialogs import ActionDialog
from conduix_tui.screens.page import Page
from conduix_tui.store.actions import of_kind
from tests.integration.control.world import counts
from tests.tui.frames import commands, shows, until, visit
from tests.tui.served import House

SIZE = (150, 40)


async def asked(pilot: Pilot[None], key: str) -> ActionDialog:
    """The question that a key brings."""
    await pilot.press(key)
    await until(pilot, lambda: isinstance(pilot.app.screen, ActionDialog) and pilot.app.screen.is_mounted)
    dialog = pilot.app.screen
    assert isinstance(dialog, ActionDialog)
    return dialog


async def wants(house: House, name: str, state: str, pilot: Pilot[None]) -> None:
    """Wait until the server wants a pipeline to be so."""
    for _ in range(500):
        await pilot.pause(0.01)
        if pb.DesiredState.Name((await house.pipeline(name)).desired_state) == f"DESIRED_STATE_{state}":
            return
    raise AssertionError(f"{name} is not wanted to be {state}")


async def test_keys_start_pause_resume_and_what_is_reversible_is_not_asked_about(house: House) -> None:
    await house.apply("orders")
    app = await house.console()
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "orders", "■ STOPPED")
        await pilot.press("p")
        await shows(pilot, "Pause: it does not run")
        await pilot.press("r")
        await shows(pilot, "Start: orders", "ctrl+z within 10 s")
        await house.agent.applied()
        await house.agent.report("RUNNING")
        await shows(pilot, "● RUNNING")
        await pilot.press("p")
        await wants(house, "orders", "PAUSED", pilot)
        await house.agent.applied()
        await house.agent.report("PAUSED")
        await shows(pilot, "‖ PAUSED")
        await pilot.press("u")
        await wants(house, "orders", "RUNNING", pilot)
        assert [call.method for call in app.calls if "Pipeline" in call.method] == [
            "StartPipeline",
            "PausePipeline",
            "ResumePipeline",
        ]
    assert await house.operations() == ["start", "pause", "resume"]
    assert [did for did, how in await house.audited("operator") if how == "OK"] == [
        "StartPipeline",
        "PausePipeline",
        "ResumePipeline",
    ]


async def test_what_disrupts_is_asked_about_and_enter_cancels(house: House) -> None:
    await house.apply("orders")
    await house.run("orders")
    app = await house.console()
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "● RUNNING")
        dialog = await asked(pilot, "x")
        assert isinstance(dialog.focused, Button)
        assert dialog.focused.id == "cancel"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Page))
        assert (await house.pipeline("orders")).desired_state == pb.DESIRED_STATE_RUNNING
        await asked(pilot, "x")
        await pilot.press("tab", "enter")
        await wants(house, "orders", "STOPPED", pilot)
        await house.agent.applied()
        await house.agent.report("STOPPED")
        await shows(pilot, "■ STOPPED")
    assert await house.operations() == ["start", "stop"]


async def test_what_cannot_be_undone_wants_the_name_letter_by_letter(house: House) -> None:
    await house.apply("orders")
    app = await house.console()
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "pipelines (1)")
        dialog = await asked(pilot, "D")
        assert isinstance(dialog.focused, Input)
        await pilot.press(*"order", "enter")
        await until(pilot, lambda: dialog.query_one(Input).value == "order")
        assert app.screen is dialog
        assert dialog.query_one("#sure", Button).disabled
        await pilot.press("s", "enter")
        await shows(pilot, "pipelines (0)", "Delete: orders", "No pipelines yet")
    assert ("DeletePipeline", "OK") in await house.audited("operator")


async def test_marked_ones_are_dealt_with_together_and_undone_together(house: House) -> None:
    await house.apply("a", "b", "c")
    app = await house.console()
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "pipelines (3)")
        await pilot.press("space", "space", "r")
        await shows(pilot, "2 marked", "Start: 2 of 2")
        for name, state in (("a", "RUNNING"), ("b", "RUNNING"), ("c", "STOPPED")):
            await wants(house, name, state, pilot)
        await house.agent.applied()
        await house.agent.report("RUNNING")
        await until(pilot, lambda: all(p.state == pb.PIPELINE_STATE_RUNNING for p in running(app, "a", "b")))
        dialog = await asked(pilot, "x")
        assert dialog.word == "2"
        await pilot.press("escape", "ctrl+z")
        for name in "ab":
            await wants(house, name, "STOPPED", pilot)
    assert await house.operations() == ["start", "start", "stop", "stop"]


def running(app: ConduixApp, *names: str) -> list[pb.Pipeline]:
    """Pipelines of these names as the console knows them."""
    return [item for item in app.state.items["pipeline"].values() if item.name in names]


async def test_an_error_of_the_server_is_shown_with_what_to_do(house: House) -> None:
    await house.apply("orders")
    await house.run("orders")
    app = await house.console()
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "● RUNNING")
        # the console still sees it stopped: what it offers, the server refuses
        pipeline = running(app, "orders")[0]
        stopped = pb.Pipeline.FromString(pipeline.SerializeToString())
        stopped.state, stopped.etag = pb.PIPELINE_STATE_STOPPED, pipeline.etag
        await app.deeds.act(next(a for a in of_kind("pipeline") if a.id == "delete"), [stopped])
        await until(pilot, lambda: isinstance(app.screen, ActionDialog))
        await pilot.press(*"orders", "enter")
        await shows(pilot, "✖", "→", "code", "request", "conduix delete pipeline orders --yes")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, Page))
        await visit(pilot, app, "calls")
        await shows(pilot, "DeletePipeline", "conduix delete pipeline orders --yes")


@pytest.mark.parametrize(
    ("role", "read_only", "why"),
    [
        (Role.VIEWER, "", "viewer may only read here"),
        (Role.ADMIN, "the console was started with --read-only", "was started with --read-only"),
    ],
)
async def test_who_may_only_read_is_refused_before_any_call(house: House, role: Role, read_only: str, why: str) -> None:
    await house.apply("orders")
    await house.run("orders", nodes=counts(10, 10))
    app = await house.console(role, read_only=read_only)
    before = await house.audited(role.value)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "● RUNNING", "read-only")
        changing = {action.method for kind in ("pipeline", "agent", "run") for action in of_kind(kind)}  # type: ignore[arg-type, unused-ignore]
        for place in ("pipelines", "pipeline", "agents", "agent", "runs"):
            await visit(pilot, app, dict(commands(app))[place])
            await until(pilot, lambda: app.state.loaded)
            kind = {"p": "pipeline", "a": "agent", "r": "run"}[place[0]]
            for action in of_kind(kind):  # type: ignore[arg-type]
                app.clear_notifications()
                await pilot.press(action.key)
                await until(pilot, lambda: any(why in notice.message for notice in app._notifications))
                assert isinstance(app.screen, Page)
        assert not [call for call in app.calls if call.method in changing]
    assert await house.audited(role.value) == before
