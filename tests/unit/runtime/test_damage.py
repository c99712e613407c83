"""What a run does with a checkpoint that does not verify, is gone, or belongs to somebody else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from conduix.engine.api import Fence
from conduix.spec.model import PipelineSpec
from tests.unit.runtime.flows import Line, file_sink, run, three_sinks
from tests.unit.runtime.test_checkpoint import claimed, files
from tests.unit.runtime.test_rewind import expected
from tests.unit.runtime.world import World


async def stopped(spec: PipelineSpec, world: World, directory: Path, after: int) -> None:
    """Run, and stop once checkpoint `after` is complete."""
    line = Line()
    world.when("in", "committed", after, lambda: line.commands.put_nowait("stop"))
    status = await run(spec, world, directory, link=line)
    assert status.state == "STOPPED", status.detail


async def test_a_run_goes_on_from_the_record_before(tmp_path: Path) -> None:
    spec = file_sink(three_sinks(sinks=["handle"]), tmp_path / "out.jsonl")
    world = World(1)
    await stopped(spec, world, tmp_path / "state", 2)
    newest = files(tmp_path / "state", "ckpt-??????????")[-1]
    newest.write_bytes(newest.read_bytes()[:-1])
    after = world.survivors()
    after.forgotten.clear()  # what lies before the damaged checkpoint must still be there, or nobody can help
    after.disks["handle"].durable = 0
    status = await run(spec, after, tmp_path / "state", g=2)
    assert status.state == "COMPLETED", status.detail
    assert after.out("handle") == expected()
    assert (tmp_path / "out.jsonl").read_text().count("\n") == 24


@pytest.mark.parametrize("total", [2, 24])
async def test_output_that_was_renamed_is_never_made_again_in_silence(total: int, tmp_path: Path) -> None:
    """With 2 records the record before the damaged one is checkpoint 0: nothing there would look wrong."""
    spec = file_sink(three_sinks(total, sinks=[]), tmp_path / "out.jsonl")
    world = World(1)
    assert (await run(spec, world, tmp_path / "state")).state == "COMPLETED"
    written = (tmp_path / "out.jsonl").read_bytes()
    newest = files(tmp_path / "state", "ckpt-??????????")[-1]
    whole = newest.read_bytes()
    for data in (b"", whole[:-1], whole[:70] + b"?" + whole[71:]):
        newest.write_bytes(data)
        status = await run(spec, world.survivors(), tmp_path / "state", g=2)
        assert status.state == "FAILED"
        assert newest.name in status.detail
        assert "--fresh" in status.remedy
        assert (tmp_path / "out.jsonl").read_bytes() == written
    newest.write_bytes(whole)
    status = await run(spec, world.survivors(), tmp_path / "state", g=3)
    assert status.state == "COMPLETED"
    assert (tmp_path / "out.jsonl").read_bytes() == written


async def test_a_sink_that_committed_what_no_record_knows_is_not_repeated(tmp_path: Path) -> None:
    spec, world = three_sinks(sinks=["held"]), World(1)
    await stopped(spec, world, tmp_path, 3)
    newest = files(tmp_path, "ckpt-??????????")[-1]
    newest.unlink()
    status = await run(spec, world.survivors(), tmp_path, g=2)
    assert status.state == "FAILED"
    assert "held has committed" in status.detail
    assert "--fresh" in status.remedy


async def test_a_sink_that_lost_its_own_truth_is_told(tmp_path: Path) -> None:
    """Somebody emptied the table with the positions: going on would double, starting at 0 would too."""
    spec, world = three_sinks(48, sinks=["held"]), World(1)
    await stopped(spec, world, tmp_path, 5)
    after = world.survivors()
    after.disks["held"].committed_n = None
    status = await run(spec, after, tmp_path, g=2)
    assert status.state == "FAILED"
    assert "held knows of no commit of this run" in status.detail


async def test_another_owner_took_over(tmp_path: Path) -> None:
    spec, world = three_sinks(), World(1)
    await claimed(tmp_path, Fence(1, 7))
    status = await run(spec, world, tmp_path)
    assert status.state == "FAILED"
    assert "belongs to run 1, start 7" in status.detail
    assert world.records == []


async def test_a_document_with_another_sink_is_told(tmp_path: Path) -> None:
    spec, world = three_sinks(sinks=["handle"]), World(1)
    await stopped(spec, world, tmp_path, 2)
    other = replace(three_sinks(sinks=["handle", "refusing"]), digest="other")
    status = await run(other, world.survivors(), tmp_path, g=2)
    assert status.state == "FAILED"
    assert "knows no sink refusing: the document has changed" in status.detail
