"""The state directory of `conduix run`: who holds it, when a run goes on or starts afresh, which fence it gets."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from conduix.engine.api import Fence
from conduix.engine.catalog import default_catalog
from conduix.engine.link import Status
from conduix.engine.local import LocalRun, default_state_dir
from conduix.engine.worker import Assignment, run_replica
from conduix.errors import CheckpointDamaged, StateBusy, SystemicError, UsageError
from conduix.spec.model import PipelineSpec
from tests.unit.runtime.flows import Line, catalog, node, three_sinks
from tests.unit.runtime.test_rewind import expected
from tests.unit.runtime.world import Store, World

SPEC = three_sinks(sinks=["handle"])


def take(directory: Path, spec: PipelineSpec = SPEC, *, resume: bool = False, fresh: bool = False) -> LocalRun:
    return LocalRun(spec, catalog(World()), directory, resume=resume, fresh=fresh)


@contextmanager
def taken(
    directory: Path, spec: PipelineSpec = SPEC, *, resume: bool = False, fresh: bool = False
) -> Iterator[LocalRun]:
    with take(directory, spec, resume=resume, fresh=fresh) as local:
        yield local


async def process(
    directory: Path,
    world: World,
    spec: PipelineSpec = SPEC,
    *,
    resume: bool = False,
    fresh: bool = False,
    stop_after: int | None = None,
) -> tuple[Status, Fence]:
    """What one `conduix run` does; stopped once checkpoint `stop_after` is complete."""
    line = Line()
    if stop_after is not None:
        world.when("in", "committed", stop_after, lambda: line.commands.put_nowait("stop"))
    with taken(directory, spec, resume=resume, fresh=fresh) as local:
        assignment = Assignment(local.spec, local.run_id, local.fence, local.run_directory, catalog=catalog(world))
        return await run_replica(assignment, line, Store(local.run_directory, world)), local.fence


def test_a_second_run_is_refused_with_the_pid_of_the_first(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from tests.unit.runtime.test_local import take\n"
        "local = take(pathlib.Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(StateBusy, match=rf"held by another run \(pid {other.pid}\)") as refused:
            take(tmp_path)
        assert "--state-dir" in refused.value.remedy
    finally:
        other.kill()
        other.communicate()
    with taken(tmp_path) as local:
        assert local.fence.run_seq == 2, "kill -9 releases it"


def test_the_pid_of_the_holder_stands_in_the_lock(tmp_path: Path) -> None:
    with taken(tmp_path):
        assert (tmp_path / "lock").read_text() == str(os.getpid())
        with pytest.raises(StateBusy, match=f"pid {os.getpid()}"):
            take(tmp_path)
    take(tmp_path).__exit__(None, None, None)


def test_what_fails_at_the_start_lets_go_of_the_directory(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        take(tmp_path, resume=True)
    take(tmp_path).__exit__(None, None, None)


async def test_a_complete_run_makes_room_for_a_new_one(tmp_path: Path) -> None:
    world = World(1)
    status, fence = await process(tmp_path, world)
    assert (status.state, fence) == ("COMPLETED", (1, 1))
    again = world.survivors()
    again.forgotten.clear()
    again.disks["handle"].rows.clear()
    again.disks["handle"].durable = 0
    status, fence = await process(tmp_path, again)
    assert (status.state, fence) == ("COMPLETED", (2, 1))
    assert again.out("handle") == expected()
    assert [path.name for path in runs(tmp_path)] == ["run-000002"]


def runs(directory: Path) -> list[Path]:
    return sorted(directory.glob("run-*"))


async def test_an_unfinished_batch_run_asks_and_touches_nothing(tmp_path: Path) -> None:
    world = World(1)
    status, _ = await process(tmp_path, world, stop_after=2)
    assert status.state == "STOPPED"
    before = {path: path.read_bytes() for path in files(tmp_path)}
    with pytest.raises(UsageError, match=r"an unfinished run is in .* \(checkpoint \d+\)") as asked:
        take(tmp_path)
    assert "--resume" in asked.value.remedy
    assert "--fresh" in asked.value.remedy
    assert {path: path.read_bytes() for path in files(tmp_path)} == before


def files(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file() and path.name != "lock"]


async def test_resume_goes_on_with_the_same_run_and_the_next_g(tmp_path: Path) -> None:
    world = World(1)
    _, first = await process(tmp_path, world, stop_after=1)
    with taken(tmp_path, resume=True) as one:
        run_id = one.run_id
    with taken(tmp_path, resume=True) as two:
        assert two.run_id == run_id
        assert (first, one.fence, two.fence) == ((1, 1), (1, 2), (1, 3))
    after = world.survivors()
    status, _ = await process(tmp_path, after, resume=True)
    assert status.state == "COMPLETED"
    assert after.out("handle") == expected()
    assert after.sources["in"].read_in_all < 24


async def test_fresh_forgets_and_gets_the_next_run_seq(tmp_path: Path) -> None:
    world = World(1)
    await process(tmp_path, world, stop_after=1)
    (tmp_path / "dead.jsonl").write_text("{}\n")
    with taken(tmp_path, fresh=True) as local:
        assert local.fence == (2, 1)
        assert not (tmp_path / "dead.jsonl").exists()
        assert runs(tmp_path) == []


async def test_a_changed_document_is_not_resumed(tmp_path: Path) -> None:
    world = World(1)
    await process(tmp_path, world, stop_after=1)
    other = replace(SPEC, digest="other")
    with pytest.raises(UsageError, match="the document has changed") as refused:
        take(tmp_path, other, resume=True)
    assert "--fresh" in refused.value.remedy
    with taken(tmp_path, other, fresh=True) as local:
        assert local.fence == (2, 1)


async def test_realtime_resumes_by_itself_but_not_with_another_document(tmp_path: Path) -> None:
    spec, world = three_sinks(sinks=["handle"], endless=True), World(1)
    status, first = await process(tmp_path, world, spec, stop_after=2)
    assert (status.state, first) == ("STOPPED", (1, 1))
    with taken(tmp_path, spec) as local:
        assert local.fence == (1, 2)
    with pytest.raises(UsageError, match="the document has changed"):
        take(tmp_path, replace(spec, digest="other"))


async def test_stdin_never_resumes(tmp_path: Path) -> None:
    """An unfinished run of what cannot be read again is no reason to ask: it cannot go on."""
    world = World(1)
    await process(tmp_path, world, stop_after=1)
    entry = default_catalog().find("source", "stdin")
    assert entry is not None
    stdin = node("in", "source", "stdin", entry.options())
    spec = replace(SPEC, nodes=(stdin, *SPEC.nodes[1:]))
    with pytest.raises(UsageError, match="cannot be read again") as refused:
        take(tmp_path, spec, resume=True)
    assert "--fresh" in refused.value.remedy
    with taken(tmp_path, spec) as local:
        assert local.fence == (2, 1)


def test_nothing_to_resume(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing to resume"):
        take(tmp_path / "new", resume=True)


def test_a_run_that_died_before_checkpoint_0_is_no_run(tmp_path: Path) -> None:
    with taken(tmp_path) as local:
        local.run_directory.mkdir()
        (local.run_directory / "fence").write_bytes(b"")
    with taken(tmp_path) as local:
        assert local.fence == (2, 1)


async def test_without_its_owner_the_state_is_damaged(tmp_path: Path) -> None:
    await process(tmp_path, World(1), stop_after=1)
    (tmp_path / "owner.json").unlink()
    for resume in (False, True):
        with pytest.raises(CheckpointDamaged, match="is gone"):
            take(tmp_path, resume=resume)
    with taken(tmp_path, fresh=True) as local:
        assert local.fence == (2, 1)


async def test_resuming_a_complete_run_does_nothing(tmp_path: Path) -> None:
    world = World(1)
    await process(tmp_path, world)
    after = world.survivors()
    status, fence = await process(tmp_path, after, resume=True)
    assert (status.state, fence) == ("COMPLETED", (1, 2))
    assert status.ledger["handle"].passed == 24
    assert after.count("in", "open") == after.count("in", "read") == 0
    assert after.out("handle") == expected()


def test_letters_go_to_the_state_directory_unless_the_document_says_where(tmp_path: Path) -> None:
    with taken(tmp_path / "a", replace(SPEC, dlq=None)) as local:
        assert local.spec.dlq is not None
        assert (local.spec.dlq.type, getattr(local.spec.dlq.options, "path", "")) == (
            "file",
            str(tmp_path / "a" / "dead.jsonl"),
        )
        assert local.spec.digest == SPEC.digest
    with taken(tmp_path / "b") as local:
        assert local.spec is SPEC


def test_where_state_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_state_dir("team/orders") == tmp_path / "conduix/run/team_orders"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert default_state_dir("orders") == Path("/home/somebody/.local/state/conduix/run/orders")


async def test_a_first_start_that_failed_leaves_nothing_to_ask_about(tmp_path: Path) -> None:
    world = World(1)
    world.fail("in", "cut", SystemicError("no such file"))
    status, _ = await process(tmp_path, world)
    assert status.state == "FAILED"
    status, fence = await process(tmp_path, World(1))
    assert (status.state, fence.run_seq) == ("COMPLETED", 2)
