"""Changes that ask for more than a yes, guards of a server, and the ten seconds: against a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from textual.pilot import Pilot

from conduix.v1 import pipeline_service_pb2 as pb
from conduix_server.policy import Role
from conduix_tui.app import ConduixApp
from conduix_tui.client.contexts import Context
from conduix_tui.store.navigation import Location
from tests.tui.frames import hides, shows, text, until, visit
from tests.tui.served import House

SIZE = (140, 40)
UNSHARDED = "name: {}\nsource: {{type: generate, count: 3}}\nsink: {{type: file, path: out.jsonl}}\n"


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def listed(app: ConduixApp, count: int) -> AsyncIterator[Pilot[None]]:
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, f"pipelines ({count})")
        yield pilot


async def guarded(house: House, context: Context) -> ConduixApp:
    doors = house.doors(here=context)
    return ConduixApp(await doors.enter(doors.target("here")), Location("pipelines"), doors)


def called(app: ConduixApp) -> list[str]:
    return [call.method for call in app.calls]


async def wanted(house: House, name: str) -> str:
    return pb.DesiredState.Name((await house.pipeline(name)).desired_state).removeprefix("DESIRED_STATE_")


async def test_what_is_reversible_is_done_at_once_and_taken_back_within_ten_seconds(house: House) -> None:
    await house.apply("orders")
    await house.run("orders")
    app = await house.console()
    app.state.clock = clock = Clock()
    async with listed(app, 1) as pilot:
        await shows(pilot, "RUNNING")
        await pilot.press("p")
        await shows(pilot, "Pause: orders", "ctrl+z within 10 s")
        assert await wanted(house, "orders") == "PAUSED"
        clock.now += 9.9
        await pilot.press("ctrl+z")
        await shows(pilot, "Resume: orders")
        assert await wanted(house, "orders") == "RUNNING"
        assert called(app) == ["PausePipeline", "ResumePipeline"]


async def test_after_ten_seconds_nothing_is_taken_back(house: House) -> None:
    await house.apply("orders")
    await house.run("orders")
    app = await house.console()
    app.state.clock = clock = Clock()
    async with listed(app, 1) as pilot:
        await shows(pilot, "RUNNING")
        await pilot.press("p")
        await shows(pilot, "Pause: orders")
        clock.now += 10.1
        await pilot.press("ctrl+z")
        await shows(pilot, "nothing to take back")
        assert await wanted(house, "orders") == "PAUSED"


async def test_marks_that_come_with_the_key_in_one_go_are_what_it_acts_on(house: House) -> None:
    await house.apply("a", "b", "c")
    for name in "abc":
        await house.run(name)
    app = await house.console()
    async with listed(app, 3) as pilot:
        await until(pilot, lambda: text(app).count("RUNNING") == 3)
        await pilot.press("shift+down", "shift+down", "x")
        await shows(pilot, "2 marked", "Stop: a, b", "Type 2 to go on")
        await pilot.press("2", "enter")
        await shows(pilot, "Stop: 2 of 2")
        assert [await wanted(house, name) for name in "abc"] == ["STOPPED", "STOPPED", "RUNNING"]
        await pilot.press("escape", "asterisk")
        await shows(pilot, "3 marked")
        await pilot.press("asterisk")
        await hides(pilot, "marked")


async def test_scaling_asks_for_a_number_and_goes_back_to_the_one_from_before(house: House) -> None:
    await house.apply("orders")
    app = await house.console()
    async with listed(app, 1) as pilot:
        await pilot.press("n", "3", "enter")  # in one go: the number reaches the line that the first key opens
        await shows(pilot, "Scale to 3: orders")
        assert (await house.pipeline("orders")).replicas == 3
        assert [call.cli for call in app.calls] == ["conduix scale orders 3"]
        await pilot.press("ctrl+z")
        await shows(pilot, "Scale to 1: orders")
        assert (await house.pipeline("orders")).replicas == 1


async def test_a_number_that_cannot_be_is_told_at_once(house: House) -> None:
    await house.apply("orders")
    app = await house.console()
    async with listed(app, 1) as pilot:
        await pilot.press("n")
        await shows(pilot, "replicas, 1 to 256; now 1")
        await pilot.press("0", "enter")
        await shows(pilot, "a number from 1 to 256 is needed")
        await pilot.press("escape")
        await hides(pilot, "1 to 256")
        assert called(app) == []


async def test_scaling_that_the_server_refuses_is_told_with_remedy_code_request_and_command(house: House) -> None:
    await house.apply_text(UNSHARDED.format("orders"))
    await house.run("orders")
    app = await house.console()
    async with listed(app, 1) as pilot:
        await pilot.press("n", "2", "enter")
        await shows(pilot, "✖", "→", "{shard}", "code     ", "request  ", "command  conduix scale orders 2")
        await pilot.press("enter")
        await visit(pilot, app, "calls")
        await shows(pilot, "ScalePipeline", "conduix scale orders 2")
        assert (await house.pipeline("orders")).replicas == 1


async def test_of_many_each_outcome_is_told(house: House) -> None:
    await house.apply("a")
    await house.apply_text(UNSHARDED.format("b"))
    for name in "ab":
        await house.run(name)
    app = await house.console()
    async with listed(app, 2) as pilot:
        await pilot.press("asterisk", "n", "2", "enter")
        await shows(pilot, "Scale to 2: 1 of 2 refused", "✖ b: ", "✔ a")


async def test_a_context_that_is_read_only_refuses_before_any_call(house: House) -> None:
    await house.apply("orders")
    app = await guarded(house, Context(house.address, token=await house.token(Role.ADMIN), read_only=True))
    async with listed(app, 1) as pilot:
        await shows(pilot, "read-only")
        await pilot.press("r")
        await shows(pilot, "the context here is read-only")
        await pilot.press("ctrl+p")
        await shows(pilot, "Start: orders", "(the context here is read-only)")
        assert called(app) == []
    assert await house.operations() == []


async def test_on_a_protected_server_all_is_asked_about_one_grade_more_strictly(house: House) -> None:
    await house.apply("orders")
    mine = Context(house.address, token=await house.token(Role.OPERATOR), protected=True, colour="red")
    app = await guarded(house, mine)
    async with listed(app, 1) as pilot:
        await shows(pilot, " red ", "protected")
        await pilot.press("r")
        await shows(pilot, "Start: orders", "Cancel")
        await pilot.press("enter")
        await hides(pilot, "Cancel")
        assert called(app) == []
        await pilot.press("r")
        await shows(pilot, "Cancel")
        await pilot.click("#sure")
        await until(pilot, lambda: called(app) == ["StartPipeline"])


async def test_nothing_is_changed_while_there_is_no_connection(house: House) -> None:
    await house.apply("orders")
    app = await house.console()
    async with listed(app, 1) as pilot:
        await house.stop()
        await shows(pilot, "NO CONNECTION", "Connection refused")
        assert app.screen.has_class("stale")
        await pilot.press("r")
        await shows(pilot, "there is no connection")
        assert called(app) == []
        await house.start()
        await hides(pilot, "NO CONNECTION")
        await pilot.press("r")
        await shows(pilot, "Start: orders")


async def test_a_join_token_is_shown_once_with_the_command_that_starts_an_agent(house: House) -> None:
    app = await house.console(Role.ADMIN, at="agents")
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "agents (1)")
        await pilot.press("t", *"rack-3", "enter")
        await shows(pilot, "Join token rack-3", f"conduix-agent run --servers {house.address} --join-token-file")
        shown = text(app)
        await pilot.press("y")
        await until(pilot, lambda: bool(app.clipboard))
        assert app.clipboard in shown
        await pilot.press("escape")
        await hides(pilot, "Join token rack-3")
        assert not any(app.clipboard in f"{call.cli}{call.message}" for call in app.calls)


async def test_only_admins_make_join_tokens(house: House) -> None:
    app = await house.console(at="agents")
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "agents (1)")
        await pilot.press("t")
        await shows(pilot, "nothing is changed:", "role admin")
        assert called(app) == []
