"""What a pipeline's graph, its plots and the curve in its line show of a real server."""

from __future__ import annotations

from pathlib import Path

from google.protobuf.timestamp_pb2 import Timestamp
from textual.pilot import Pilot

from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.app import ConduixApp
from conduix_tui.screens.pipeline import PipelinePage
from conduix_tui.store.rates import KEPT, Rates
from conduix_tui.store.updates import Put
from tests.integration.control.world import counts
from tests.tui.frames import lines, shows, text, until, visit
from tests.tui.served import House
from tests.tui.world import PIPELINES, replayed

SIZE = (120, 45)
MAPPED = """name: orders
source: {type: generate, count: 3}
stages: [{id: map, type: mapping, mapping: "root = this"}]
sink: {type: file, path: "out/{shard}.jsonl"}
dlq: {type: file, path: "out/dlq-{shard}.jsonl"}
"""


async def shown(pilot: Pilot[None], app: ConduixApp, tab: str) -> PipelinePage:
    await shows(pilot, "pipelines (1)")
    page = await visit(pilot, app, "pipeline orders")
    assert isinstance(page, PipelinePage)
    page.action_show(tab)
    return page


async def test_the_graph_has_counts_rates_and_marks_of_every_node(house: House) -> None:
    await house.apply_text(MAPPED)
    actors = [
        pb.ActorStatus(id="source", kind="source", nodes=["source"], state="running"),
        pb.ActorStatus(id="map", kind="stage", nodes=["map"], state="running", mailbox=2),
        pb.ActorStatus(id="file", kind="sink", nodes=["file"], state="running"),
    ]
    await house.run("orders", nodes=counts(1200, 1100, dead=7), actors=actors, at=Timestamp(seconds=100))
    app = await house.console()
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shown(pilot, app, "graph")
        await shows(pilot, "◀ source  generate", "◆ map  mapping", "▶ file", "▶ dlq  file")
        await shows(pilot, "1,200 passed", "1,100 passed", "7 dead", "‖ backpressured", "● busy  2 waiting", "○ idle")
        at = [next(n for n, line in enumerate(lines(app)) if part in line) for part in ("◀ source", "◆ map", "▶ file")]
        assert at == sorted(at)
        later = Timestamp(seconds=110)
        await house.agent.report("RUNNING", nodes=counts(91200, 91100, dead=7), actors=actors, at=later)
        await shows(pilot, "9,000/s")


async def test_the_plots_are_full_at_once_and_grow(house: House) -> None:
    await house.apply("orders")
    await house.run("orders", nodes=counts(1200, 1100))
    app = await house.console()
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shown(pilot, app, "metrics")
        await until(pilot, lambda: "minutes before now" in text(app) or "No points yet" in text(app))
        await shows(pilot, "records in", "records out", "dead letters", "age of the checkpoint")


async def test_the_list_has_a_curve_of_the_last_rates(tmp_path: Path) -> None:
    app = await replayed(tmp_path / "night")
    async with app.run_test(size=(160, 30), notifications=True) as pilot:
        await visit(pilot, app, "pipelines")
        await shows(pilot, "pipelines (4)", "TREND")
        for rate in (0, 6200, 12400):
            changed = pb.Pipeline()
            changed.CopyFrom(PIPELINES[0])
            changed.records_per_second = rate
            app.state.take(Put("pipeline", "p1", changed))
        await shows(pilot, "█▁▅█")


def test_the_last_thirty_rates_are_kept_and_those_that_never_had_any_cost_nothing() -> None:
    rates = Rates()
    rates.take("still", pb.Pipeline())
    for number in range(1, 41):
        rates.take("p", pb.Pipeline(records_per_second=number))
    assert list(rates.of("p")) == list(range(41 - KEPT, 41))
    assert rates.of("still") == ()
    rates.forget("p")
    assert rates.of("p") == ()
