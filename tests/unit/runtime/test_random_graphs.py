"""Random graphs with mailboxes of one: no deadlock, and every barrier cuts all paths at the same place."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from conduix.engine.runtime.checkpoint import Checkpoint, expand
from conduix.spec.model import NodeSpec
from tests.unit.runtime.doubles import CountOptions, NumberOptions, SinkOptions
from tests.unit.runtime.flows import node, pipeline, run, seeds
from tests.unit.runtime.world import World

GRAPHS = int(os.environ.get("CONDUIX_GRAPHS", "150"))


@dataclass(frozen=True)
class Graph:
    """A random DAG, and in how many ways a record of a source reaches a sink."""

    nodes: Sequence[NodeSpec]
    paths: dict[tuple[str, str], int]


def draw(rng: random.Random) -> Graph:
    sources, middle, sinks = rng.randint(1, 4), rng.randint(0, 6), rng.randint(1, 3)
    size = sources + middle + sinks
    inputs = {
        v: rng.sample(range(min(v, sources + middle)), rng.randint(1, min(3, v, sources + middle)))
        for v in range(sources, size)
    }
    for u in range(sources + middle):
        if not any(u in i for i in inputs.values()):
            inputs[rng.choice(range(max(sources, u + 1), size))].append(u)
    names = [f"n{v}" for v in range(size)]
    nodes = []
    for v in range(size):
        reads = [names[u] for u in inputs.get(v, [])]
        if v < sources:
            options = NumberOptions(
                total=rng.randint(0, 40), shards=rng.randint(1, 3), flush_every=rng.choice([0, 1, 5])
            )
            nodes.append(node(names[v], "source", "numbers", options))
        elif v < sources + middle:
            nodes.append(node(names[v], "stage", rng.choice(["count", "copy"]), CountOptions(), reads))
        else:
            nodes.append(node(names[v], "sink", "memory", SinkOptions(refuse=rng.choice([0, 0, 7])), reads))
    return Graph(nodes, _paths(names, sources, inputs))


def _paths(names: Sequence[str], sources: int, inputs: dict[int, list[int]]) -> dict[tuple[str, str], int]:
    ways = {(s, s): 1 for s in range(sources)}
    for v, reads in inputs.items():
        for s in range(sources):
            ways[s, v] = sum(ways.get((s, u), 0) for u in reads)
    return {(names[s], names[v]): count for (s, v), count in ways.items()}


@pytest.mark.parametrize("seed", seeds(GRAPHS, 50))
async def test_no_deadlock_and_every_barrier_is_consistent(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    graph, world = draw(rng), World(seed)
    refusing = {n.id for n in graph.nodes if isinstance(n.options, SinkOptions) and n.options.refuse}
    world.paths = {(source, sink): ways for (source, sink), ways in graph.paths.items() if sink not in refusing}
    async with asyncio.timeout(30):
        status = await run(pipeline(graph.nodes, interval=rng.choice([0.0005, 0.002, 5.0])), world, tmp_path)
    assert status.state == "COMPLETED", status.detail
    assert world.records[-1].final
    for record in world.records:
        for sink, handle in record.nodes.items():
            if sink not in refusing | {"dlq"}:
                assert handle.get("counts", {}) == _expected(graph, world, record, sink), (record.n, sink)


def _expected(graph: Graph, world: World, record: Checkpoint, sink: str) -> dict[str, int]:
    """Ways times position of every shard, as the checkpoint says."""
    assert world.cut is not None
    finished = expand(record.finished)
    expected: dict[str, int] = {}
    for index, (source, shard) in enumerate((n, s) for n in world.cut.sources for s in world.cut.shards(n)):
        known = record.shards.get(shard.id)
        at = int(shard.spec["end"]) if index in finished else 0
        if known is not None and known.position is not None:
            at = int(known.position["offset"])
        if count := at * graph.paths.get((source, sink), 0):
            expected[shard.id] = count
    return expected


async def test_every_flush_is_answered_while_the_flow_goes_on(tmp_path: Path) -> None:
    """No stateful stage and no barrier before the end: answers can only come from flushes."""
    world = World(1)
    nodes = [
        node("in", "source", "numbers", NumberOptions(total=200, flush_every=3)),
        node("a", "sink", "memory", SinkOptions(), ["in"]),
        node("b", "stage", "copy", CountOptions(), ["in"]),
        node("c", "sink", "memory", SinkOptions(), ["b"]),
    ]
    world.paths = {("in", "a"): 1, ("in", "c"): 1}
    status = await run(pipeline(nodes, interval=60.0), world, tmp_path)
    assert status.state == "COMPLETED", status.detail
    assert [record.n for record in world.records if record.n] == [1, 1], (
        "only the final checkpoint, prepared and complete"
    )
    source = world.sources["in"]
    assert source.flushes > 20
    assert source.answered == list(range(1, source.flushes + 1))
    assert source.refused == []
