"""What a replica does about what is not the flow's business: lines that break, nodes that do not close, faults."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from conduix.engine.link import Status, Verb
from conduix.errors import TransientError
from conduix.spec.model import CheckpointSpec
from tests.unit.runtime.console import Console, hung
from tests.unit.runtime.flows import Line, run, three_sinks, until
from tests.unit.runtime.test_rewind import check
from tests.unit.runtime.world import World


async def test_a_barrier_that_takes_long_is_told_and_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    spec, world = three_sinks(), World(1)
    spec = replace(spec, checkpoint=CheckpointSpec.model_construct(interval=600.0, timeout=0.01))
    gate = world.hold("handle", "prepare")
    console = Console(spec, world, tmp_path)
    with caplog.at_level(logging.WARNING, "conduix.engine"):
        await until(lambda: console.line.statuses and console.last.barrier_age > 0.01)
        assert console.last.state == "RUNNING"
        gate.set()
        check(world, await console.task, restarts=0)
    assert next(r.message for r in caplog.records if r.levelno == logging.WARNING) == (
        "barrier 1 is older than 0.01 s; it goes on"
    )
    assert console.last.barrier_age == 0.0


async def test_a_broken_line_is_told_and_the_run_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Line):
        async def command(self) -> Verb:
            raise ConnectionResetError("the agent is gone")

    world = World(1)
    with caplog.at_level(logging.ERROR, "conduix.engine"):
        check(world, await run(three_sinks(), world, tmp_path, link=Broken()), restarts=0)
    assert "is broken" in caplog.text


async def test_a_viewer_that_fails_does_not_fail_the_run(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Failing(Line):
        def report(self, status: Status) -> None:
            raise BrokenPipeError("nobody reads")

    world = World(1)
    with caplog.at_level(logging.ERROR, "conduix.engine"):
        check(world, await run(three_sinks(), world, tmp_path, link=Failing()), restarts=0)
    assert caplog.text.count("Traceback") == 1


async def test_a_flush_that_nobody_can_serve_is_refused_at_once(tmp_path: Path) -> None:
    """A request that comes in while the pipeline is paused: 503, not silence."""
    world = World(1)
    console = Console(three_sinks(), world, tmp_path)
    console.at("committed", 1, "pause")
    await console.state("PAUSED", "OPERATOR")
    source = world.sources["in"]
    source._covered[7] = {}
    source._context.flush(7)
    await until(lambda: source.refused == [7])
    console.say("resume")
    check(world, await console.task, restarts=0)


async def test_a_node_that_does_not_close_keeps_no_other_open(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    world = World(1)
    world.fail("in", "close", RuntimeError("stuck"))
    with caplog.at_level(logging.WARNING, "conduix.engine"):
        check(world, await run(three_sinks(), world, tmp_path), restarts=0)
    assert "in could not be closed" in caplog.text
    assert all(world.count(sink, "close") for sink in ("handle", "held", "refusing", "dlq"))


async def test_a_fault_of_ours_ends_failed_with_its_trace_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conduix.engine.runtime.region.Progress", lambda *_: 1 / 0)
    with caplog.at_level(logging.ERROR, "conduix.engine"):
        status = await run(three_sinks(), World(1), tmp_path)
    assert status.state == "FAILED"
    assert status.detail == "ZeroDivisionError: division by zero"
    assert "ended by a fault of Conduix" in caplog.text


async def test_nothing_is_left_pending(tmp_path: Path) -> None:
    """Every way to end: no task is left behind, no exception unseen (the loop's handler would be told)."""
    unseen: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: unseen.append(context))
    for k, (node, method) in enumerate([("handle", "write"), ("in", "read"), ("held", "commit"), ("count", "apply")]):
        world = World(k)
        world.fail(node, method, None, TransientError("x"))
        await run(three_sinks(), world, tmp_path / str(k))
        assert [t for t in asyncio.all_tasks() if t is not asyncio.current_task()] == []
    world = World(9)
    await hung("write", tmp_path / "hung")
    assert [t for t in asyncio.all_tasks() if t is not asyncio.current_task()] == []
    assert unseen == []


async def test_a_cancelled_replica_waits_for_its_writes_and_leaves_a_checkpoint(tmp_path: Path) -> None:
    world = World(1)
    gate = world.hold("handle", "write")
    console = Console(three_sinks(), world, tmp_path)
    await until(lambda: world.count("handle", "write") == 1)
    console.task.cancel()
    for _ in range(50):
        await asyncio.sleep(0)
    assert not console.task.done()
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await console.task
    after = world.survivors()
    check(after, await run(three_sinks(), after, tmp_path, g=2), restarts=0)
