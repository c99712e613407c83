"""What the tabs of a pipeline show of a server: its log and its records as they come, its document, its revisions."""

from __future__ import annotations

import json

from textual.pilot import Pilot

from conduix.v1 import mesh_service_pb2 as mesh
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.app import ConduixApp
from conduix_tui.screens.pipeline import PipelinePage
from tests.tui.frames import hides, shows, until, visit
from tests.tui.served import House

SIZE = (150, 40)
NODES = [
    pb.NodeCounts(node="source", role="NODE_ROLE_SOURCE", passed=1200),
    pb.NodeCounts(node="file", role="NODE_ROLE_SINK", passed=1100),
]


async def opened(pilot: Pilot[None], app: ConduixApp, tab: str) -> PipelinePage:
    """The page of the pipeline, with this tab shown."""
    page = await visit(pilot, app, "pipeline orders")
    assert isinstance(page, PipelinePage)
    await shows(pilot, "● RUNNING", "1,200 in")
    page.action_show(tab)
    await until(pilot, lambda: tab == page.tab.ID and page.tab.size.height > 0)
    return page


async def answers(pilot: Pilot[None], house: House, kind: str, result: str = "") -> mesh.Command:
    """The agent does the next command of this kind."""
    for _ in range(1000):
        await pilot.pause(0.01)
        if done := await house.agent.answer(kind, result=result):
            return done[0]
    raise AssertionError(f"nobody has asked for a {kind}")


async def test_the_log_has_what_was_and_what_comes(house: House) -> None:
    await house.apply("orders")
    await house.run("orders", nodes=NODES)
    app = await house.console()
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await opened(pilot, app, "logs")
        was = {"at": "2026-11-21T12:00:01Z", "level": "INFO", "logger": "l", "message": "begun", "replica": 0}
        asked = await answers(pilot, house, "tail", json.dumps([was]))
        await shows(pilot, "INFO", "begun")
        line = mesh.LogLine(pipeline_id=asked.tail.pipeline_id, level="WARNING", message="slow\x1b[31m disk", dropped=3)
        line.at.FromJsonString("2026-11-21T12:00:02Z")
        house.served.app.core.hub.publish(house.agent.id, mesh.StreamTelemetryRequest(log=line))
        await shows(pilot, "WARNING", "slow", "3 lines lost on the way")


async def test_a_tap_shows_records_while_it_is_looked_at_and_ends_when_it_is_not(house: House) -> None:
    await house.apply("orders")
    await house.run("orders", nodes=NODES)
    app = await house.console()
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        page = await opened(pilot, app, "tap")
        begun = (await answers(pilot, house, "tap")).tap
        assert (begun.node, begun.stop) == ("source", False)
        record = mesh.TapRecord(tap_id=begun.tap_id, node="source", record='{"n": 1}')
        house.served.app.core.hub.publish(house.agent.id, mesh.StreamTelemetryRequest(tap=record))
        await shows(pilot, '{"n": 1}')
        page.action_show("runs")
        ended = (await answers(pilot, house, "tap")).tap
        assert (ended.tap_id, ended.stop) == (begun.tap_id, True)


async def test_the_document_and_its_revisions_are_those_of_the_server(house: House) -> None:
    await house.apply("orders")
    await house.run("orders", nodes=NODES)
    app = await house.console()
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        page = await opened(pilot, app, "document")
        await shows(pilot, "type: generate, count: 3")
        await house.apply("orders", count=4)
        await shows(pilot, "revision 2", "type: generate, count: 4")
        page.action_show("revisions")
        await shows(pilot, "admin", "REV")
        await until(pilot, lambda: page.tab.query_one("ResourceTable").has_focus)
        await pilot.press("home", "down", "up")
        await shows(pilot, "-source: {type: generate, count: 3}", "+source: {type: generate, count: 4}")
        page.action_show("runs")
        await hides(pilot, "count: 4")
        await shows(pilot, "orders", "RUNNING", "STARTED")
