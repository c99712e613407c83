"""State of `conduix run` that does not verify is given up only by the user's word, and fences never go back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from conduix.engine.api import Fence
from conduix.engine.catalog import default_catalog
from conduix.engine.files import Files
from conduix.engine.local import LocalRun
from conduix.engine.runtime.checkpoint import Checkpoint, LocalStore
from conduix.errors import CheckpointDamaged, ConduixError
from conduix.spec.loading import load_or_raise
from conduix.spec.model import PipelineSpec

DOCUMENT = "{name: n, source: {type: file, path: in.jsonl}, sink: {type: file, path: out.jsonl}}"


@pytest.fixture
def spec() -> PipelineSpec:
    return load_or_raise(DOCUMENT, file="n.yaml", catalog=default_catalog(), env={})


def begun(spec: PipelineSpec, state: Path) -> Fence:
    """A run that was started and not finished."""
    with LocalRun(spec, default_catalog(), state, resume=False, fresh=False) as local:
        store = LocalStore(local.run_directory, Files())
        asyncio.run(store.claim(local.fence))
        asyncio.run(store.save(Checkpoint(0, local.fence, spec.digest, "complete", {}, [], {}, {})))
        return local.fence


def start(spec: PipelineSpec, state: Path, *, resume: bool = False, fresh: bool = False) -> Fence:
    with LocalRun(spec, default_catalog(), state, resume=resume, fresh=fresh) as local:
        return local.fence


@pytest.mark.parametrize("victim", ["owner.json", "run-000001/ckpt-0000000000"])
@pytest.mark.parametrize("resume", [True, False])
def test_damaged_state_is_not_started_over_silently(
    victim: str, resume: bool, spec: PipelineSpec, tmp_path: Path
) -> None:
    begun(spec, tmp_path)
    (tmp_path / victim).write_bytes((tmp_path / victim).read_bytes()[:-3])
    with pytest.raises(CheckpointDamaged) as raised:
        start(spec, tmp_path, resume=resume)
    assert "--fresh" in raised.value.remedy
    assert (tmp_path / victim).exists()


@pytest.mark.parametrize("victim", ["owner.json", "run-000001/ckpt-0000000000"])
def test_fresh_goes_past_damaged_state_with_a_higher_fence(victim: str, spec: PipelineSpec, tmp_path: Path) -> None:
    old = begun(spec, tmp_path)
    (tmp_path / victim).write_bytes(b"")
    assert start(spec, tmp_path, fresh=True) > old


def test_a_directory_without_its_runs_still_knows_the_last_fence(spec: PipelineSpec, tmp_path: Path) -> None:
    old = begun(spec, tmp_path)
    for path in (tmp_path / "run-000001").iterdir():
        path.unlink()
    (tmp_path / "run-000001").rmdir()
    assert start(spec, tmp_path) > old


def test_resuming_a_complete_run_is_no_mistake_but_another_document_is(spec: PipelineSpec, tmp_path: Path) -> None:
    fence = begun(spec, tmp_path)
    with LocalRun(spec, default_catalog(), tmp_path, resume=True, fresh=False) as local:
        store = LocalStore(local.run_directory, Files())
        asyncio.run(store.claim(local.fence))
        asyncio.run(store.save(Checkpoint(1, local.fence, spec.digest, "complete", {}, [], {}, {}, final=True)))
    assert start(spec, tmp_path, resume=True).run_seq == fence.run_seq
    other = load_or_raise(DOCUMENT.replace("out.", "other."), file="n.yaml", catalog=default_catalog(), env={})
    with pytest.raises(ConduixError, match="changed"):
        start(other, tmp_path, resume=True)
    assert start(spec, tmp_path).run_seq == fence.run_seq + 1
