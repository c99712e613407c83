"""Most records become dead letters: the document is wrong, so the flow pauses before the output is complete."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conduix.engine.link import Status
from conduix.engine.runtime.flood import IN_A_ROW, WINDOW, Flood
from conduix.spec.model import NodeSpec, PipelineSpec
from tests.unit.runtime.console import Console
from tests.unit.runtime.doubles import NumberOptions, SinkOptions
from tests.unit.runtime.flows import node, pipeline, run, until
from tests.unit.runtime.world import World


def refusing(total: int, every: int, *, ratio: float = 0.5, buffer: int = 0) -> PipelineSpec:
    nodes: list[NodeSpec] = [
        node("in", "source", "numbers", NumberOptions(total=total, buffer=buffer)),
        node("out", "sink", "memory", SinkOptions(refuse=every), ["in"]),
    ]
    return replace(pipeline(nodes, interval=600.0), dlq_max_ratio=ratio)


def test_more_than_a_hundred_in_a_row() -> None:
    flood = Flood(0.5)
    assert flood.note(IN_A_ROW, IN_A_ROW) is None
    assert flood.note(5, 4) is None, "one that came through begins a new row"
    assert flood.note(60, 60) is None
    assert flood.note(41, 41) == "the last 101 records all became dead letters"


def test_half_of_the_last_thousand() -> None:
    flood = Flood(0.5)
    for _ in range(9):
        assert flood.note(100, 40) is None
    assert flood.note(100, 100) is None, "460 of 1,000"
    assert flood.note(100, 80) == "500 of the last 1000 records became dead letters"


def test_long_ago_does_not_count() -> None:
    flood = Flood(0.5)
    assert flood.note(900, 890) is None, "not yet a thousand"
    assert flood.note(1000, 1) is None
    assert flood.note(500, 400) is None


@given(st.lists(st.integers(1, 1000).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))), max_size=30))
def test_a_ratio_of_one_never_pauses_and_the_window_is_kept_small(batches: list[tuple[int, int]]) -> None:
    never = Flood(1.0)
    for records, dead in batches:
        assert never.note(records, dead) is None
        assert sum(r for r, _ in list(never._window)[1:]) < WINDOW


async def test_a_flood_pauses_with_its_letters_durable_and_nobody_but_a_person_resumes(tmp_path: Path) -> None:
    world = World(1)
    console = Console(refusing(600, 1, buffer=50), world, tmp_path)
    paused = await console.state("PAUSED", "DLQ_FLOOD")
    assert "all became dead letters" in paused.detail
    assert "dlq.max_ratio" in paused.remedy
    assert paused.ledger["dlq"].passed == paused.ledger["in"].passed < 300
    assert len(world.out("dlq")) == paused.ledger["in"].passed
    assert world.disks["out"].published is None
    console.say("resume")
    await console.state("RUNNING")
    again = await console.state("PAUSED", "DLQ_FLOOD")
    assert again.ledger["in"].passed > paused.ledger["in"].passed, "every resume gets on"
    console.say("stop")
    assert (await console.task).state == "STOPPED"


def final_barrier(status: Status, attempt: int) -> bool:
    return bool(status.attempt == attempt and status.actors[0].state == "ended" and status.barrier_age)


@pytest.mark.parametrize("total", [101, 150])
async def test_a_small_input_that_is_read_before_anybody_noticed_is_not_completed(total: int, tmp_path: Path) -> None:
    """All is read, the final barrier is on its way: the old output must not be replaced by an empty one."""
    world = World(1)
    gate = world.hold("out", "write")
    console = Console(replace(refusing(total, 1), mailbox=200), world, tmp_path)
    await console.state("RUNNING")
    for attempt in (1, 2):  # the second one reads again, to pause with everything durable but nothing final
        await until(lambda: console.task.done() or final_barrier(console.last, attempt))  # noqa: B023 - awaited here
        world.when("in", "open", -1, gate.clear)
        gate.set()
    paused = await console.state("PAUSED", "DLQ_FLOOD")
    assert world.disks["out"].published is None
    assert paused.restarts == 0
    assert paused.ledger["dlq"].passed == paused.ledger["in"].passed > 100
    console.say("stop")
    assert (await console.task).state == "STOPPED"
    after = world.survivors()
    status = await run(refusing(total, 1), after, tmp_path, g=2)
    assert status.state == "COMPLETED", "resuming says that the letters are right"
    assert after.disks["out"].published == []
    letters = [json.loads(str(row["payload"]))["i"] for row in after.out("dlq")]
    assert sorted(letters) == list(range(total)), "each once"


@pytest.mark.parametrize(("total", "every", "ratio"), [(100, 1, 0.5), (400, 3, 0.5), (400, 1, 1.0)])
async def test_no_flood(total: int, every: int, ratio: float, tmp_path: Path) -> None:
    status = await run(refusing(total, every, ratio=ratio), World(1), tmp_path)
    assert status.state == "COMPLETED"
