"""Pause, resume, stop and checkpoint, at any moment; and what a drain does with a node that hangs."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from conduix.engine.link import Verb
from conduix.errors import DiskError, TransientError
from conduix.spec.model import BackoffSpec
from tests.unit.runtime.console import Console, hung, slow
from tests.unit.runtime.flows import run, three_sinks, until
from tests.unit.runtime.test_rewind import check, check_reads, expected
from tests.unit.runtime.world import World


@pytest.mark.parametrize("n", [1, 2, 3])
async def test_pause_drains_and_resume_goes_on(n: int, tmp_path: Path) -> None:
    world = World(n)
    console = Console(three_sinks(), world, tmp_path)
    console.at("committed", n, "pause")
    paused = await console.state("PAUSED", "OPERATOR")
    assert paused.detail == ""
    read = world.sources["in"].read_in_all
    assert paused.ledger["in"].passed == read, "what was read is durable"
    assert paused.n > n
    for _ in range(200):
        await asyncio.sleep(0)
    assert world.sources["in"].read_in_all == read
    console.say("resume")
    check(world, await console.task, restarts=0)
    assert world.sources["in"].read_again == 0
    assert console.line.states() == [
        *["STARTING"] * (console.line.statuses[0].state == "STARTING"),
        "RUNNING",
        "DRAINING",
        "PAUSED",
        "RUNNING",
        *["DRAINING"] * (console.line.states()[-2] == "DRAINING"),
        "COMPLETED",
    ]


async def test_pause_and_resume_in_one_breath(tmp_path: Path) -> None:
    world = World(1)
    console = Console(three_sinks(), world, tmp_path)
    console.at("committed", 1, "pause")
    console.at("prepare", 2, "resume", node="handle")
    check(world, await console.task, restarts=0)


@pytest.mark.parametrize("n", [1, 2, 3])
async def test_stop_drains_and_a_second_run_goes_on(n: int, tmp_path: Path) -> None:
    world = World(n)
    console = Console(three_sinks(), world, tmp_path)
    console.at("committed", n, "stop")
    stopped = await console.task
    assert (stopped.state, stopped.detail) == ("STOPPED", "")
    assert stopped.ledger["in"].passed == world.sources["in"].read_in_all
    after = world.survivors()
    check(after, await run(three_sinks(), after, tmp_path, g=2), restarts=0)
    assert after.sources["in"].read_in_all + world.sources["in"].read_in_all == 24, "read twice, or not at all"


async def test_stop_while_paused(tmp_path: Path) -> None:
    world = World(1)
    console = Console(three_sinks(), world, tmp_path)
    console.at("committed", 1, "pause")
    await console.state("PAUSED", "OPERATOR")
    console.say("stop")
    assert (await console.task).state == "STOPPED"
    assert world.count("in", "open") == 1, "opened again only to be stopped"
    after = world.survivors()
    check(after, await run(three_sinks(), after, tmp_path, g=2), restarts=0)


async def test_a_command_before_the_flow_began(tmp_path: Path) -> None:
    world = World(1)
    console = Console(three_sinks(), world, tmp_path)
    console.say("stop")
    assert (await console.task).state == "STOPPED"
    after = world.survivors()
    check(after, await run(three_sinks(), after, tmp_path, g=2), restarts=0)


async def test_a_realtime_source_that_waits_is_stopped_at_once(tmp_path: Path) -> None:
    spec, world = three_sinks(endless=True, buffer=0), World(1)
    console = Console(spec, world, tmp_path)
    await until(lambda: len(world.disks["handle"].rows) == 24)
    console.say("checkpoint")
    await until(lambda: world.count("in", "committed") == 1)
    console.say("stop")
    status = await console.task
    assert (status.state, status.detail) == ("STOPPED", "")
    assert world.out("held") == expected()


async def test_a_checkpoint_on_demand(tmp_path: Path) -> None:
    spec, world = three_sinks(endless=True, buffer=0), World(1)
    console = Console(spec, world, tmp_path)
    for n in (1, 2, 3):
        console.say("checkpoint")
        await until(lambda: world.count("in", "committed") == n)  # noqa: B023 - awaited before n changes
    console.say("stop")
    assert (await console.task).n == 4


@pytest.mark.parametrize(("node", "method"), [("handle", "write"), ("handle", "prepare"), ("held", "commit")])
async def test_stop_with_a_sink_that_hangs_leaves_the_last_checkpoint(node: str, method: str, tmp_path: Path) -> None:
    world, status = await hung(method, tmp_path, node)
    assert status.state == "STOPPED"
    assert status.detail == "undrained: checkpoint 1 stands"
    assert status.n == 1
    assert world.count(node, "close") == 0, "closed under a write"
    after = world.survivors()
    check(after, await run(three_sinks(), after, tmp_path, g=2), restarts=0)


async def test_stop_while_the_checkpoint_store_hangs(tmp_path: Path) -> None:
    world, status = await hung("save", tmp_path, "store")
    assert (status.state, status.n) == ("STOPPED", 1)
    after = world.survivors()
    check(after, await run(three_sinks(), after, tmp_path, g=2), restarts=0)


@pytest.mark.parametrize(("node", "method"), [("in", "cut"), ("in", "open"), ("handle", "open"), ("held", "recover")])
async def test_stop_while_a_node_does_not_open(node: str, method: str, tmp_path: Path) -> None:
    world = World(1)
    world.hold(node, method)
    console = Console(slow(three_sinks()), world, tmp_path)
    await until(lambda: world.count(node, method) == 1)
    console.say("stop")
    status = await console.task
    assert status.state == "STOPPED"
    assert status.detail.startswith("undrained: ")
    after = world.survivors()
    check(after, await run(three_sinks(), after, tmp_path, g=2), restarts=0)


async def test_pause_with_a_sink_that_hangs_and_then_comes_back(tmp_path: Path) -> None:
    world = World(1)
    gate = world.hold("handle", "write")
    console = Console(slow(three_sinks()), world, tmp_path)
    await until(lambda: world.count("handle", "write") == 1)
    console.say("pause")
    paused = await console.state("PAUSED", "OPERATOR")
    assert paused.detail == "undrained: checkpoint 0 stands"
    assert paused.ledger["in"].passed == 0, "what was in flight is dropped"
    gate.set()
    console.say("resume")
    check(world, await console.task, restarts=0)
    check_reads(world)


async def test_resume_while_the_sink_still_hangs_fails_in_words(tmp_path: Path) -> None:
    world = World(1)
    world.hold("handle", "write")
    console = Console(slow(three_sinks()), world, tmp_path)
    await until(lambda: world.count("handle", "write") == 1)
    console.say("pause")
    await console.state("PAUSED", "OPERATOR")
    console.say("resume")
    status = await console.task
    assert status.state == "FAILED"
    assert "a write did not end within" in status.detail


async def test_stop_during_a_rewind_does_not_wait_for_the_backoff(tmp_path: Path) -> None:
    world = World(1)
    world.fail("handle", "write", None, RuntimeError("x"))
    spec = three_sinks()
    backoff = BackoffSpec.model_construct(initial=1e6, max=1e6)
    spec = replace(spec, supervision=spec.supervision.model_copy(update={"backoff": backoff}))
    console = Console(spec, world, tmp_path)
    await console.state("REWINDING")
    console.say("stop")
    status = await console.task
    assert status.state == "STOPPED"
    assert status.detail == "undrained: checkpoint 0 stands (handle: RuntimeError: x)"
    after = world.survivors()
    check(after, await run(three_sinks(), after, tmp_path, g=2), restarts=0)


@pytest.mark.parametrize("verb", ["stop", "pause"])
async def test_a_command_during_paused_disk(verb: Verb, tmp_path: Path) -> None:
    world = World(1)
    world.fail("handle", "write", None, DiskError("full", system="/data", remedy="free space"))
    world.hold("handle", "probe")
    console = Console(slow(three_sinks()), world, tmp_path)
    paused = await console.state("PAUSED", "DISK")
    assert (paused.detail, paused.remedy) == ("handle: full", "free space")
    console.say(verb)
    if verb == "pause":
        await console.state("PAUSED", "OPERATOR")
        world.hold("handle", "probe").set()
        console.say("resume")
        check(world, await console.task, restarts=0)
    else:
        status = await console.task
        assert status.state == "STOPPED"
        assert status.detail == "undrained: checkpoint 0 stands (handle: full)"
        after = world.survivors()
        check(after, await run(three_sinks(), after, tmp_path, g=2), restarts=0)


async def test_stop_while_a_probe_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conduix.engine.runtime.outage.PROBE_FIRST", 0.0)
    world = World(1)
    world.fail("handle", "write", None, DiskError("full"))
    world.hold("handle", "probe")
    console = Console(slow(three_sinks()), world, tmp_path)
    await until(lambda: world.count("handle", "probe") == 1)
    console.say("stop")
    assert (await console.task).state == "STOPPED"


async def test_stop_when_everything_is_read_completes_the_run(tmp_path: Path) -> None:
    world = World(1)
    console = Console(three_sinks(), world, tmp_path)
    gate = world.hold("handle", "prepare")
    gate.set()
    world.when("in", "committed", 3, gate.clear)
    console.at("prepare", 4, "stop", node="handle")
    await until(lambda: world.count("handle", "prepare") == 4)
    gate.set()
    status = await console.task
    assert status.state in {"COMPLETED", "STOPPED"}
    after = world.survivors()
    again = await run(three_sinks(), after, tmp_path, g=2)
    assert again.state == "COMPLETED"
    assert after.out("held") == expected()


async def test_a_failure_while_draining_is_rewound_and_then_stopped(tmp_path: Path) -> None:
    world = World(1)
    console = Console(three_sinks(), world, tmp_path)
    console.at("committed", 1, "stop")
    world.when("handle", "prepare", 2, lambda: world.fail("handle", "flush", TransientError("now")))
    status = await console.task
    assert status.state == "STOPPED"
    assert status.n == 1
    assert "now" in status.detail
    after = world.survivors()
    check(after, await run(three_sinks(), after, tmp_path, g=2), restarts=0)
