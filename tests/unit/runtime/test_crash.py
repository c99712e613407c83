"""The process dies at any place; another one goes on over what is left, and the outputs are those of a clean run.

kill -9 of the command itself is tested in tests/chaos; here nothing is real but the runtime and its checkpoints, so
that every place and every kind of sink can be tried in seconds.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from conduix.engine import failpoints
from conduix.engine.failpoints import NAMES
from conduix.spec.model import PipelineSpec
from tests.unit.runtime.flows import arm, run, seeds, three_sinks
from tests.unit.runtime.test_rewind import ONCE_A_PROCESS, check, expected
from tests.unit.runtime.world import Crash, World

ONLY_HANDLE_HELD = {"sink.before_fsync", "sink.after_fsync", "commit.renamed"}
ONLY_IF_PENDING = {"checkpoint.prepared", "commit.done"}
"""Handle-held sinks have something pending only at the end of a run."""


async def crash(spec: PipelineSpec, world: World, directory: Path, *, g: int = 1) -> None:
    """Run until the armed failpoint is passed; from then on nothing has an effect."""
    with pytest.raises(Crash):
        await run(spec, world, directory, g=g)
    assert world.crashed


@pytest.fixture(autouse=True)
def dies(monkeypatch: pytest.MonkeyPatch) -> list[World]:
    """An armed failpoint kills the newest of these worlds."""
    worlds: list[World] = []
    monkeypatch.setattr(failpoints, "_fire", lambda _point: worlds[-1].crash())
    return worlds


def points(sinks: Sequence[str]) -> list[tuple[str, int]]:
    many = [1, 2, 3]
    reached = [name for name in NAMES if sinks != ["held"] or name not in ONLY_HANDLE_HELD]
    once = ONCE_A_PROCESS | (set() if "held" in sinks else ONLY_IF_PENDING)
    return [(name, k) for name in reached for k in (many if name not in once else [1])]


CELLS = [
    pytest.param(sinks, name, k, marks=[pytest.mark.slow] if k == 2 else [])
    for sinks in (["handle"], ["held"], ["handle", "held"])
    for name, k in points(sinks)
]


@pytest.mark.parametrize(("sinks", "name", "k"), CELLS)
async def test_a_second_process_goes_on(sinks: list[str], name: str, k: int, dies: list[World], tmp_path: Path) -> None:
    spec, world = three_sinks(sinks=sinks), World(k)
    dies.append(world)
    arm(f"{name}:{k}=raise")
    await crash(spec, world, tmp_path)
    after = world.survivors()
    status = await run(spec, after, tmp_path, g=2)
    assert status.state == "COMPLETED", status.detail
    assert status.restarts == 0
    for sink in sinks:
        assert after.out(sink) == expected(), sink
    assert after.disks["dlq"].rows == []
    assert after.sources["in"].read_in_all <= 24
    named = max((record.n for record in world.records), default=0)
    assert all(n > named for method, _, n in after.log if method == "prepare"), "n repeats"


@pytest.mark.parametrize("seed", seeds(60, 15))
async def test_crash_after_crash(seed: int, dies: list[World], tmp_path: Path) -> None:
    """Any number of processes die one after the other, also while they recover; letters come through too."""
    rng = random.Random(seed)
    spec, world = three_sinks(), World(seed)
    for g in range(1, rng.randint(2, 6)):
        dies.append(world)
        arm(f"{rng.choice(list(NAMES))}:{rng.randint(1, 6)}=raise")
        try:
            status = await run(spec, world, tmp_path, g=g)
        except Crash:
            world = world.survivors()
        else:
            assert status.state == "COMPLETED", status.detail
    failpoints._armed.clear()
    status = await run(spec, world, tmp_path, g=9)
    check(world, status, restarts=0)


async def test_a_failure_and_then_a_crash_in_its_rewind(dies: list[World], tmp_path: Path) -> None:
    for name in ("stage.applied", "checkpoint.written", "checkpoint.prepared", "commit.done", "source.barrier"):
        spec, world = three_sinks(), World(3)
        dies.append(world)
        world.fail("handle", "write", None, None, RuntimeError("first"))
        arm(f"{name}:3=raise")
        await crash(spec, world, tmp_path / name)
        after = world.survivors()
        check(after, await run(spec, after, tmp_path / name, g=2), restarts=0)
