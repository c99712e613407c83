"""A failure anywhere: one restart, nothing lost, nothing twice, nothing read again beyond the last checkpoint."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from conduix.engine import failpoints
from conduix.engine.api import Batch, Shard
from conduix.engine.failpoints import NAMES
from conduix.engine.link import Status
from conduix.errors import MappingError, RecordError, SourceChanged, SystemicError, TransientError, UsageError
from tests.unit.runtime.doubles import NumberOptions, NumberSource, SinkOptions
from tests.unit.runtime.flows import SINKS, Line, arm, node, pipeline, run, three_sinks, until
from tests.unit.runtime.world import World

INTERVAL = 6 + 2
"""The buffer, and what the last batch has beyond it."""
ONCE_A_PROCESS = {"checkpoint.claimed", "checkpoint.zero", "commit.renamed"}
HALF = {"sink.half_written"}
REACHED = [(name, k) for name in NAMES for k in (1, 2, 3) if k == 1 or name not in ONCE_A_PROCESS]


def expected(total: int = 24, shards: int = 2) -> list[dict[str, object]]:
    """What `three_sinks` must write, computed without it."""
    sizes = [total // shards + (i < total % shards) for i in range(shards)]
    return [
        {"source": "in", "shard": f"in/{s}", "i": i, "count": i} for s, size in enumerate(sizes) for i in range(size)
    ]


def check(world: World, status: Status, *, restarts: int = 1) -> None:
    rows = expected()
    assert status.state == "COMPLETED", status.detail
    assert world.out("handle") == rows
    assert world.out("held") == rows
    assert world.out("refusing") == [row for row in rows if int(str(row["i"])) % 5]
    assert sorted(str(row["payload"]) for row in world.out("dlq")) == sorted(
        json.dumps(row) for row in rows if int(str(row["i"])) % 5 == 0
    )
    assert status.restarts == restarts
    assert {name: counts.passed for name, counts in status.ledger.items() if name in SINKS} == {
        "handle": 24,
        "held": 24,
        "refusing": 18,
    }


def check_reads(world: World) -> None:
    """Reading went back to the newest record each time, and no further."""
    source = world.sources["in"]
    assert source.read_in_all == 24 + source.read_again
    assert world.forgotten == {"in/0": 12, "in/1": 12}, "the source was not told of the last checkpoint"
    assert source.read_again <= INTERVAL * (len(source.opened) - 1), "more than what lies between two checkpoints"


async def test_a_clean_run(tmp_path: Path) -> None:
    world = World(1)
    status = await run(three_sinks(), world, tmp_path)
    check(world, status, restarts=0)
    check_reads(world)
    assert len({record.n for record in world.records}) >= 4


@pytest.mark.parametrize(("name", "k"), REACHED)
async def test_every_failpoint_costs_one_restart_and_nothing_else(name: str, k: int, tmp_path: Path) -> None:
    world = World(k)
    arm(f"{name}:{k}=raise")
    line = Line()
    status = await run(three_sinks(), world, tmp_path, link=line)
    assert not failpoints._armed, f"{name} was not passed {k} times"
    check(world, status)
    check_reads(world)
    assert line.states().count("REWINDING") == 1
    told = next(s for s in line.statuses if s.state == "REWINDING")
    assert f"injected at {name}" in told.detail


FAULTS = [
    ("in", "cut", 0),
    ("in", "open", 0),
    ("in", "open", 1),
    ("in", "read", 5),
    ("in", "committed", 0),
    ("in", "committed", 2),
    ("in", "committed", -1),
    ("count", "apply", 4),
    ("count", "snapshot", 1),
    ("count", "restore", 0),
    ("count", "restore", 1),
    ("store", "save", 0),
    ("store", "save", 3),
    ("handle", "start", 0),
    *[(sink, method, at) for sink in ("handle", "held") for method, at in (("open", 0), ("write", 3), ("prepare", 1))],
    ("handle", "commit", 0),
    ("handle", "discard_after", 0),
    ("held", "recover", 0),
    ("held", "commit", 0),
    ("held", "commit", 2),
    ("held", "committed", 1),
    ("dlq", "write", 1),
]
"""Node, method, and how many calls succeed before one fails; `open` 1 fails in the rewind that another failure asked
for; -1: the last call of a clean run."""


@pytest.mark.parametrize(("node", "method", "at"), FAULTS)
async def test_every_call_may_fail(node: str, method: str, at: int, tmp_path: Path) -> None:
    if at < 0:
        clean = World(1)
        await run(three_sinks(), clean, tmp_path / "clean")
        at += clean.count(node, method)
    world = World(1)
    world.fail(node, method, *[None] * at, TransientError("the cable"))
    in_the_rewind = (node, method, at) in {("in", "open", 1), ("count", "restore", 1)}
    if in_the_rewind:
        world.fail("handle", "write", *[None] * 6, RuntimeError("first"))
    line = Line()
    status = await run(three_sinks(), world, tmp_path, link=line)
    assert "the cable" in "".join(s.detail for s in line.statuses)
    check(world, status, restarts=2 if in_the_rewind else 1)
    check_reads(world)


async def test_a_rewind_waits_for_the_old_attempts_write(tmp_path: Path) -> None:
    """The write is still under way when another actor fails: nothing is cut back, opened or read before it ends."""
    world = World(1)
    gate = world.hold("handle", "write")
    world.fail("refusing", "write", None, RuntimeError("elsewhere"))
    line = Line()
    task = asyncio.create_task(run(three_sinks(), world, tmp_path, link=line))
    await until(lambda: world.count("refusing", "write") == 2 and world.count("handle", "write") == 1)
    for _ in range(200):
        await asyncio.sleep(0)
    assert world.count("handle", "open") == 1, "opened again under a write"
    assert world.count("in", "open") == 1
    gate.set()
    status = await task
    check(world, status)
    assert world.count("handle", "open") == 2


async def test_a_run_that_fails_waits_for_its_writes_too(tmp_path: Path) -> None:
    world = World(1)
    gate = world.hold("handle", "write")
    world.fail("refusing", "write", None, RecordError("for good"))
    task = asyncio.create_task(run(three_sinks(), world, tmp_path))
    await until(lambda: world.count("refusing", "write") == 2 and world.count("handle", "write") == 1)
    for _ in range(200):
        await asyncio.sleep(0)
    assert not task.done()
    gate.set()
    assert (await task).state == "FAILED"
    assert world.count("handle", "close") == 1


async def test_a_sink_held_commit_that_fails_again_and_again_keeps_what_it_goes_back_to(tmp_path: Path) -> None:
    """Each attempt prepares another record; they must not push out the last one that was committed."""
    world = World(1)
    world.fail("held", "commit", None, *[TransientError("no coordinator")] * 5)
    check(world, await run(three_sinks(), world, tmp_path), restarts=5)


async def test_a_write_that_never_ends_fails_the_replica(tmp_path: Path) -> None:
    world = World(1)
    world.hold("handle", "write")
    world.fail("refusing", "write", None, RuntimeError("elsewhere"))
    status = await run(replace(three_sinks(), drain_timeout=0.05), world, tmp_path)
    assert status.state == "FAILED"
    assert "a write did not end within 0.05 s" in status.detail
    assert "--resume" in status.remedy
    assert world.count("handle", "close") == 0, "closed under a write"
    assert status.ledger["in"].passed == 0, "more than the newest checkpoint says"


async def test_a_read_that_cannot_be_ended_fails_the_replica(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def stubborn(_self: NumberSource) -> Batch | None:
        while not released.is_set():
            with suppress(asyncio.CancelledError):
                await released.wait()
        return None

    released = asyncio.Event()
    monkeypatch.setattr(NumberSource, "read", stubborn)
    monkeypatch.setattr("conduix.engine.runtime.region.GRACE", 0.02)
    line = Line(then=lambda status: "stop" if status.state == "RUNNING" else None)
    status = await run(replace(three_sinks(), drain_timeout=0.02), World(1), tmp_path, link=line)
    released.set()
    assert status.state == "FAILED"
    assert "an actor did not end within 0.02 s" in status.detail


async def test_an_actor_that_is_cancelled_from_inside_is_a_failure(tmp_path: Path) -> None:
    """A client library that raises CancelledError must not make an actor vanish."""
    world = World(1)
    world.fail("handle", "write", None, asyncio.CancelledError())
    check(world, await run(three_sinks(), world, tmp_path))


async def test_a_node_that_fails_for_ever_fails_the_run_with_its_last_cause(tmp_path: Path) -> None:
    world = World(1)
    world.fail("handle", "write", None, *[ValueError(f"number {i}") for i in range(6)])
    status = await run(three_sinks(), world, tmp_path)
    assert status.state == "FAILED"
    assert status.detail == "handle failed again after 5 restarts in 300 s: ValueError: number 5"
    assert status.restarts == 5


@pytest.mark.parametrize(
    "error", [MappingError("no such field"), RecordError("refused"), SourceChanged("shorter"), UsageError("no")]
)
async def test_what_would_fail_again_is_not_tried_again(error: Exception, tmp_path: Path) -> None:
    world = World(1)
    world.fail("count", "apply", None, error)
    status = await run(three_sinks(), world, tmp_path)
    assert status.state == "FAILED"
    assert status.restarts == 0
    assert status.detail == f"count: {error}"


async def test_a_first_start_that_a_person_must_mend_fails_at_once(tmp_path: Path) -> None:
    world = World(1)
    world.fail("in", "open", SystemicError("no such topic", remedy="create it"))
    status = await run(three_sinks(), world, tmp_path)
    assert (status.state, status.detail, status.remedy) == ("FAILED", "in: no such topic", "create it")


async def test_letters_without_a_queue_are_not_lost(tmp_path: Path) -> None:
    world = World(1)
    status = await run(replace(three_sinks(), dlq=None), world, tmp_path)
    assert status.state == "FAILED"
    assert "refusing refused 1 records" in status.detail


async def test_two_sources_of_one_shard_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def same(_self: NumberSource) -> list[Shard]:
        return [Shard("the/file", {"end": 3})]

    monkeypatch.setattr(NumberSource, "cut", same)
    nodes = [node(name, "source", "numbers", NumberOptions()) for name in ("a", "b")]
    sink = node("out", "sink", "memory", SinkOptions(), ["a", "b"])
    status = await run(pipeline([*nodes, sink]), World(1), tmp_path)
    assert status.state == "FAILED"
    assert status.detail == "the sources a and b both read the/file"
