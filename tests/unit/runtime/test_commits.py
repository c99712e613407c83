"""The order of durability, as the doubles saw it: flush → prepared → sink-held → handle-held → complete → source."""

from __future__ import annotations

import asyncio
from itertools import groupby
from pathlib import Path

import pytest

from conduix.engine.api import Fence, Flush
from conduix.engine.runtime.commits import Commits
from conduix.engine.runtime.flushes import Flushes
from tests.unit.runtime.doubles import CountOptions, HandleSink, HeldSink, NumberOptions, SinkOptions
from tests.unit.runtime.flows import node, pipeline, run, three_sinks, until
from tests.unit.runtime.test_plan import contexts, planned
from tests.unit.runtime.test_rewind import check, expected
from tests.unit.runtime.world import Store, World


def order(world: World, n: int) -> list[tuple[str, str]]:
    """What happened for barrier n, without how it was done inside a step."""
    seen = [(method, name) for method, name, at in world.log if at == n]
    wanted = {("prepare", "handle"), ("prepare", "held"), ("commit", "held"), ("commit", "handle"), ("save", "store")}
    kept = [entry for entry in seen if entry in wanted or entry == ("committed", "in")]
    return [entry for entry, _ in groupby(sorted(kept[:2]) + kept[2:])]


async def test_the_order_at_every_barrier(tmp_path: Path) -> None:
    world = World(1)
    check(world, await run(three_sinks(), world, tmp_path), restarts=0)
    last = world.records[-1].n
    for n in range(1, last):
        assert order(world, n) == [
            ("prepare", "handle"),
            ("prepare", "held"),
            ("save", "store"),
            ("commit", "held"),
            ("save", "store"),
            ("committed", "in"),
        ]
    assert order(world, last) == [
        ("prepare", "handle"),
        ("prepare", "held"),
        ("save", "store"),
        ("commit", "held"),
        ("commit", "handle"),
        ("save", "store"),
        ("committed", "in"),
    ]
    assert [(r.n, r.phase) for r in world.records if r.n in {1, last}] == [
        (1, "prepared"),
        (1, "complete"),
        (last, "prepared"),
        (last, "complete"),
    ]


async def test_with_nothing_pending_the_record_is_written_once(tmp_path: Path) -> None:
    world = World(1)
    await run(three_sinks(sinks=["handle"]), world, tmp_path)
    phases = [record.phase for record in world.records if not record.final]
    assert phases == ["complete"] * len(phases)
    assert len({record.n for record in world.records if not record.final}) == len(phases)


async def test_checkpoint_0_comes_before_anything_is_read_or_written(tmp_path: Path) -> None:
    world = World(1)
    await run(three_sinks(), world, tmp_path)
    zero = world.log.index(("save", "store", 0))
    before = [(method, name) for method, name, _ in world.log[:zero]]
    assert set(before) == {
        ("cut", "in"),
        ("start", "handle"),
        ("start", "held"),
        ("start", "refusing"),
        ("start", "dlq"),
    }
    assert world.records[0].nodes["handle"] == {"length": 0}


async def test_what_stood_in_a_sink_before_the_run_stays(tmp_path: Path) -> None:
    """*Tried: without checkpoint 0 existing output is destroyed.*"""
    world = World(1)
    world.disks["handle"].rows = [{"old": 1}]
    world.fail("handle", "write", RuntimeError("at the first write"))
    status = await run(three_sinks(sinks=["handle"]), world, tmp_path)
    assert status.state == "COMPLETED"
    assert world.out("handle") == [{"old": 1}, *expected()]


async def test_sources_hear_only_of_what_is_on_the_disk(tmp_path: Path) -> None:
    world = World(1)
    gate = world.hold("store", "save")
    gate.set()
    world.when("handle", "prepare", 1, gate.clear)
    task = asyncio.create_task(run(three_sinks(), world, tmp_path))
    await until(lambda: ("save", "store", 1) in world.log)
    for _ in range(100):
        await asyncio.sleep(0)
    assert world.count("in", "committed") == world.count("held", "commit") == 0
    gate.set()
    check(world, await task, restarts=0)


async def test_two_sinks_that_hold_the_truth_are_refused(tmp_path: Path) -> None:
    world, spec = World(1), three_sinks()
    context = contexts(spec)
    sinks = {name: HeldSink(SinkOptions(), context["held"], world) for name in ("a", "b")}
    with pytest.raises(ValueError, match="at most one sink may hold the truth itself, here are a, b"):
        Commits(Store(tmp_path, world), Fence(1, 1), sinks)
    Commits(
        Store(tmp_path, world), Fence(1, 1), {"a": sinks["a"], "c": HandleSink(SinkOptions(), context["handle"], world)}
    )


# flushes


def test_a_flush_is_done_when_every_sink_that_it_reaches_says_so() -> None:
    nodes = [
        node("a", "source", "numbers", NumberOptions()),
        node("b", "source", "numbers", NumberOptions()),
        node("x", "sink", "memory", SinkOptions(), ["a"]),
        node("y", "sink", "memory", SinkOptions(), ["a", "b"]),
    ]
    flushes = Flushes(planned(*nodes))
    for k in (1, 2, 3):
        flushes.ask("a", k)
    flushes.ask("b", 1)
    flushes.acknowledge(Flush("a", 2), "x")
    assert flushes.take_done() == []
    flushes.acknowledge(Flush("b", 1), "y")
    flushes.acknowledge(Flush("a", 2), "y")
    assert flushes.take_done() == [Flush("a", 1), Flush("a", 2), Flush("b", 1)], "the second covers the first"
    flushes.acknowledge(Flush("a", 1), "x")
    assert flushes.take_covered({"a": 2}) == []
    flushes.ask("a", 4)
    assert flushes.take_covered({"a": 3, "b": 9}) == [Flush("a", 3)]
    assert flushes.take_all() == [Flush("a", 4)]
    assert flushes.take_all() == []


async def test_flushes_through_a_stateful_stage_wait_for_its_checkpoint(tmp_path: Path) -> None:
    world = World(2)
    nodes = [
        node("in", "source", "numbers", NumberOptions(total=60, flush_every=4)),
        node("count", "stage", "count", CountOptions(), ["in"]),
        node("out", "sink", "memory", SinkOptions(), ["count"]),
    ]
    world.paths = {("in", "out"): 1}
    status = await run(pipeline(nodes, interval=600.0), world, tmp_path)
    assert status.state == "COMPLETED", status.detail
    source = world.sources["in"]
    assert source.answered == list(range(1, source.flushes + 1))
    assert source.flushes > 3
    told = [method for method, name, _ in world.log if name == "in" and method in {"committed", "flushed"}]
    assert told[0] == "committed", "what the stage counted was not durable yet"


async def test_flushes_that_a_rewind_dropped_are_refused(tmp_path: Path) -> None:
    world = World(2)
    nodes = [
        node("in", "source", "numbers", NumberOptions(total=40, flush_every=2)),
        node("out", "sink", "memory", SinkOptions(), ["in"]),
    ]
    world.paths = {("in", "out"): 1}
    gate = world.hold("out", "flush")
    task = asyncio.create_task(run(pipeline(nodes, interval=600.0), world, tmp_path))
    await until(lambda: world.sources and world.sources["in"].flushes >= 1 and world.count("out", "flush") == 1)
    source = world.sources["in"]
    world.fail("in", "read", RuntimeError("while a flush is open"))
    world.fail("out", "write", RuntimeError("while a flush is open"))
    await until(lambda: source.refused)
    assert source.answered == []
    gate.set()
    status = await task
    assert status.state == "COMPLETED", status.detail
    assert sorted(source.answered + source.refused) == list(range(1, source.flushes + 1))
