"""A full or failing disk, an outside system that is away: PAUSED with the reason, back by itself, nothing corrupt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from conduix.engine import failpoints
from conduix.engine.link import Status
from conduix.engine.runtime.attempt import Nodes
from conduix.engine.runtime.outage import Outage
from conduix.engine.runtime.setup import Setup
from conduix.engine.worker import explain_plan
from conduix.errors import ConduixError, DiskError, PipelineFailed, SystemicError, TransientError
from conduix.spec.model import PipelineSpec, RetrySpec
from tests.unit.runtime.console import Console
from tests.unit.runtime.flows import Line, arm, catalog, file_sink, run, three_sinks
from tests.unit.runtime.test_rewind import check, check_reads
from tests.unit.runtime.world import World

CAUSE = DiskError("full")
PLACES = [
    ("checkpoint.written", 1),
    ("checkpoint.written", 4),
    ("checkpoint.fsynced", 3),
    ("checkpoint.renamed", 2),
    ("sink.write", 5),
    ("sink.half_written", 3),
    ("sink.before_fsync", 4),
    ("sink.after_fsync", 2),
    ("commit.renamed", 1),
]


@pytest.fixture(autouse=True)
def quick_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conduix.engine.runtime.outage.PROBE_FIRST", 0.001)
    monkeypatch.setattr("conduix.engine.runtime.outage.PROBE_MAX", 0.002)


def limited(seconds: float | None, spec: PipelineSpec) -> PipelineSpec:
    return replace(spec, retry=RetrySpec.model_construct(in_place=0.0, max_elapsed=seconds, max_attempts=3))


def paused(line: Line) -> list[Status]:
    return [status for status in line.statuses if status.state == "PAUSED"]


@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
@pytest.mark.parametrize(("name", "k"), PLACES)
async def test_a_disk_error_anywhere_pauses_and_resumes_by_itself(
    name: str, k: int, error: str, tmp_path: Path
) -> None:
    """With a real file sink beside the doubles: its files are whole too."""
    arm(f"{name}:{k}={error}")
    world, line = World(k), Line()
    (tmp_path / "out").mkdir()
    spec = file_sink(three_sinks(), tmp_path / "out" / "out.jsonl")
    status = await run(spec, world, tmp_path / "state", link=line)
    assert not failpoints._armed
    check(world, status, restarts=0)
    check_reads(world)
    assert (tmp_path / "out" / "out.jsonl").read_text().count("\n") == 24
    assert [path.name for path in leftovers(tmp_path / "out")] == []
    told = paused(line)
    assert {status.reason for status in told} == {"DISK"}
    assert "space" in told[0].detail or "Input/output" in told[0].detail
    assert "goes on by itself" in told[0].remedy
    assert {status.reason for status in line.statuses if status.state == "RUNNING"} == {None}


def leftovers(directory: Path) -> list[Path]:
    return [path for path in directory.iterdir() if path.name != "out.jsonl"]


async def test_it_probes_until_the_disk_is_back(tmp_path: Path) -> None:
    world, line = World(1), Line()
    world.fail("handle", "write", None, None, DiskError("full"))
    world.fail("handle", "probe", DiskError("still full"), OSError(5, "EIO"), RuntimeError("what?"))
    status = await run(three_sinks(), world, tmp_path, link=line)
    check(world, status, restarts=0)
    assert world.count("handle", "probe") == 4
    assert world.count("handle", "open") == 2, "opened again only once the disk was back"


async def test_the_checkpoint_store_is_probed_where_it_failed(tmp_path: Path) -> None:
    world = World(1)
    world.fail("store", "save", None, None, DiskError("full"))
    check(world, await run(three_sinks(), world, tmp_path), restarts=0)
    assert world.count("store", "probe") == 1
    assert world.count("handle", "probe") == 0


async def test_a_disk_that_stays_full_fails_the_batch_with_its_remedy(tmp_path: Path) -> None:
    world = World(1)
    world.fail("handle", "write", None, None, None, None, DiskError("full", remedy="free space"))
    world.fail("handle", "probe", *[DiskError("still full", remedy="free space")] * 1000)
    status = await run(limited(0.05, three_sinks()), world, tmp_path)
    assert status.state == "FAILED"
    assert status.detail == "handle: still full; given up after 0.05 s (retry.max_elapsed)"
    assert status.remedy == "free space"
    after = world.survivors()
    check(after, await run(three_sinks(), after, tmp_path, g=2), restarts=0)


async def test_a_disk_that_was_full_before_the_start_is_waited_for_too(tmp_path: Path) -> None:
    world, line = World(1), Line()
    world.fail("handle", "start", DiskError("full"))
    check(world, await run(three_sinks(), world, tmp_path, link=line), restarts=0)
    assert [status.reason for status in paused(line)][:1] == ["DISK"]


async def test_an_outside_system_past_the_intensity_is_paused_for_and_comes_back(tmp_path: Path) -> None:
    """The seeds' second scenario: no failure, an alert, and on it goes."""
    world, line = World(1), Line()
    world.fail("handle", "write", None, None, *[TransientError("reset", system="kafka")] * 6)
    world.fail("handle", "probe", TransientError("refused", system="kafka"))
    status = await run(three_sinks(), world, tmp_path, link=line)
    check(world, status, restarts=5)
    check_reads(world)
    assert {s.reason for s in paused(line)} == {"OUTSIDE"}
    assert line.states().count("PAUSED") == 1
    assert world.count("handle", "probe") == 2


async def test_what_a_person_must_mend_pauses_once_something_was_read(tmp_path: Path) -> None:
    world, line = World(1), Line()
    world.fail("handle", "write", None, SystemicError("no right to the topic", remedy="grant it"))
    check(world, await run(three_sinks(), world, tmp_path, link=line), restarts=0)
    assert next((s.reason, s.detail, s.remedy) for s in paused(line)) == (
        "OUTSIDE",
        "handle: no right to the topic",
        "grant it",
    )


async def test_realtime_waits_for_ever(tmp_path: Path) -> None:
    spec, world = limited(None, three_sinks(endless=True, buffer=0)), World(1)
    world.fail("handle", "write", None, DiskError("full"))
    world.fail("handle", "probe", *[DiskError("still full")] * 30)
    console = Console(spec, world, tmp_path)
    await console.state("PAUSED", "DISK")
    await console.state("RUNNING")
    assert world.count("handle", "probe") == 31
    console.say("stop")
    assert (await console.task).state == "STOPPED"


class Away:
    """A checkpoint store whose probe fails."""

    async def probe(self) -> None:
        raise DiskError("still full")


def setup_of(spec: PipelineSpec) -> Setup:
    """Only what an outage looks at."""
    plan = explain_plan(spec, catalog(World()))
    setup = object.__new__(Setup)
    for name, value in {"plan": plan, "nodes": Nodes({}, {}, {}), "store": Away()}.items():
        object.__setattr__(setup, name, value)
    return setup


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("mode", "limit", "gives_up"), [("batch", None, 600.0), ("batch", 30.0, 30.0), ("realtime", 5.0, 5.0)]
)
def test_patience_counts_from_the_first_error_to_the_next_checkpoint(
    mode: str, limit: float | None, gives_up: float
) -> None:
    clock = Clock()
    spec = limited(limit, replace(three_sinks(), mode=mode))  # type: ignore[arg-type]
    outage = Outage(setup_of(spec), clock)
    outage.give_up("x", "", CAUSE)
    outage.failed()
    clock.now += gives_up / 2
    outage.failed()
    clock.now += gives_up / 2 - 0.001
    outage.give_up("x", "", CAUSE)
    clock.now += 0.001
    with pytest.raises(PipelineFailed, match="given up after") as given_up:
        outage.give_up("x", "mend it", CAUSE)
    assert given_up.value.__cause__ is CAUSE
    outage.over()
    outage.give_up("x", "", CAUSE)
    outage.failed()
    outage.give_up("x", "", CAUSE)


@pytest.mark.parametrize(("between", "state"), [(6, "COMPLETED"), (0, "FAILED")])
async def test_a_checkpoint_between_two_outages_begins_patience_anew(
    between: int, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each outage lasts 400 s, and 600 s is what a batch waits."""
    clock, world = Clock(), World(1)
    monkeypatch.setattr("conduix.engine.runtime.region.Outage", lambda setup: Outage(setup, clock))

    def later() -> None:
        clock.now += 400.0
        world.when("handle", "probe", -1, later)

    later()
    pause = [None] * between
    world.fail("handle", "write", None, DiskError("one"), *pause, DiskError("two"), *pause, DiskError("three"))
    status = await run(three_sinks(48, buffer=3), world, tmp_path)
    assert status.state == state, status.detail
    assert world.count("handle", "probe") == (3 if between else 2), "a disk that is back is not given up"


def test_realtime_without_a_limit_never_gives_up() -> None:
    clock = Clock()
    outage = Outage(setup_of(limited(None, replace(three_sinks(), mode="realtime"))), clock)
    outage.failed()
    clock.now += 1e9
    outage.give_up("x", "", CAUSE)


async def test_probes_come_after_1_2_4_8_and_then_every_10_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conduix.engine.runtime.outage.PROBE_FIRST", 1.0)
    monkeypatch.setattr("conduix.engine.runtime.outage.PROBE_MAX", 10.0)
    clock, slept, causes = Clock(), list[float](), list[str]()
    outage = Outage(setup_of(limited(40.0, three_sinks())), clock)
    outage.failed()

    async def sleep(seconds: float) -> bool:
        slept.append(seconds)
        clock.now += seconds
        return True

    await outage.wait("nobody", sleep, causes.append)
    assert slept == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0, 5.0], "the last one not beyond the limit"
    assert len(causes) == 6
    with pytest.raises(ConduixError):
        outage.give_up("x", "", CAUSE)
