"""What an agent keeps of a pipeline on disk."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from conduix.engine.api import Fence
from conduix.engine.runtime.sealed import seal
from conduix.errors import CheckpointDamaged, SystemicError
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_agent.host.disk import KEPT_SECONDS, PipelineDir


@pytest.fixture
def directory(tmp_path: Path) -> PipelineDir:
    return PipelineDir(tmp_path / "pipelines" / "p")


def make_deal(directory: PipelineDir, number: int, replicas: int, *, g: int = 1, cut: bool = True) -> Path:
    deal = directory.run(1) / f"deal-{number:04d}"
    for replica in range(replicas):
        place = deal / f"replica-{replica:03d}"
        place.mkdir(parents=True)
        (place / "fence").write_bytes(seal(Fence(1, g)))
        if cut:
            (place / "cut").write_bytes(b"of shards")
    return deal


def test_of_a_run_that_never_was_nothing_is_found(directory: PipelineDir) -> None:
    found = directory.look(1, 1)
    assert (found.dealt, found.records, found.starts) == (0, {}, {})
    assert not directory.path.exists(), "looking leaves no trace"


def test_starts_are_counted_over_replicas_deals_and_processes(directory: PipelineDir) -> None:
    assert directory.next_start(1, 0) == (1, 1)
    assert directory.next_start(1, 1) == (2, 1)
    assert directory.next_start(1, None) == (3, 0)
    assert PipelineDir(directory.path).next_start(1, 0) == (4, 2)
    assert directory.next_start(2, 0) == (1, 1)
    assert directory.look(1, 1).starts == {0: 2, 1: 1}


@pytest.mark.parametrize("damage", ["torn", "gone"])
def test_a_damaged_counter_goes_on_above_every_fence(directory: PipelineDir, damage: str) -> None:
    for _ in range(5):
        directory.next_start(1, 0)
    make_deal(directory, 1, 2, g=3)
    make_deal(directory, 2, 1, g=5)
    starts = directory.run(1) / "starts"
    if damage == "torn":
        starts.write_bytes(starts.read_bytes()[:-1])
    else:
        starts.unlink()
    assert directory.next_start(1, 0)[0] == 6


def test_a_counter_of_another_version_is_not_guessed(directory: PipelineDir) -> None:
    directory.run(1).mkdir(parents=True)
    (directory.run(1) / "starts").write_bytes(seal({"generation": 7}))
    with pytest.raises(CheckpointDamaged, match="another version"):
        directory.next_start(1, 0)


def test_how_a_replica_stood_is_kept_for_its_epoch_only(directory: PipelineDir) -> None:
    completed = pb.ReplicaStatus(state=pb.PIPELINE_STATE_COMPLETED, checkpoint=9)
    directory.keep(1, 1, 0, completed)
    directory.keep(1, 1, 1, completed)
    assert directory.look(1, 1).records == {0: completed, 1: completed}
    assert directory.look(1, 2).records == {}
    directory.keep(1, 2, 0, completed)
    assert directory.look(1, 1).records == {}
    kept = next(directory.run(1).glob("status-*"))
    kept.write_bytes(kept.read_bytes()[:-2])
    assert directory.look(1, 2).records == {}, "one that does not verify does not count"


def test_a_run_that_nobody_dealt_is_cut_by_its_only_replica(directory: PipelineDir) -> None:
    assert directory.replica(1, 0) == directory.run(1) / "deal-0001" / "replica-000"


def test_the_newest_whole_deal_counts(directory: PipelineDir) -> None:
    make_deal(directory, 1, 1)
    make_deal(directory, 10, 3)
    make_deal(directory, 9, 2)
    (directory.run(1) / "deal-0011.tmp" / "replica-000").mkdir(parents=True)
    assert directory.look(1, 1).dealt == 3
    assert directory.replica(1, 2) == directory.run(1) / "deal-0010" / "replica-002"
    place = directory.next_deal(1)
    assert (place.previous, place.next.name) == (directory.run(1) / "deal-0010", "deal-0011")
    assert not (directory.run(1) / "deal-0011.tmp").exists()
    directory.forget_deals(1)
    assert [deal.name for deal in sorted(directory.run(1).glob("deal-*"))] == ["deal-0009", "deal-0010"]


def test_a_replica_that_died_before_its_cut_left_nothing_to_deal_from(directory: PipelineDir) -> None:
    make_deal(directory, 1, 1, cut=False)
    place = directory.next_deal(1)
    assert (place.previous, place.next.name) == (None, "deal-0002")


def test_runs_that_nobody_wants_go_after_seven_days_and_not_before(directory: PipelineDir) -> None:
    for run in (1, 2):
        directory.next_start(run, 0)
    assert directory.sweep(2, 1000.0) == []
    assert directory.sweep(2, 999.0 + KEPT_SECONDS) == []
    assert directory.sweep(1, 1000.0 + KEPT_SECONDS) == [], "it is wanted again"
    assert directory.sweep(2, 1000.0 + KEPT_SECONDS) == []
    assert directory.sweep(2, 1000.0 + 2 * KEPT_SECONDS) == [directory.run(1)]
    assert directory.run(2).exists()


def test_a_mark_that_cannot_be_read_or_is_of_the_future_counts_as_new(directory: PipelineDir) -> None:
    directory.next_start(1, 0)
    directory.sweep(None, 0.0)
    for mark in ("", "yesterday", "1e300"):
        (directory.run(1) / "superseded").write_text(mark)
        assert directory.sweep(None, KEPT_SECONDS) == []


def test_with_its_last_run_a_pipeline_is_gone(directory: PipelineDir) -> None:
    directory.next_start(1, 0)
    directory.sweep(None, 0.0)
    assert directory.sweep(None, KEPT_SECONDS) == [directory.run(1)]
    assert not directory.path.exists()


def test_a_disk_that_refuses_is_a_classed_error(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("a file is in the way")
    with pytest.raises(SystemicError):
        PipelineDir(tmp_path / "p").next_start(1, 0)


def test_what_is_sealed_verifies_itself(directory: PipelineDir) -> None:
    directory.next_start(1, 0)
    digest, _, body = (directory.run(1) / "starts").read_bytes().partition(b"\n")
    assert hashlib.sha256(body).hexdigest().encode() == digest
