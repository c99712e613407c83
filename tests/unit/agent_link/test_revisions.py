"""Documents on disk: the newest of them, and never a damaged one."""

from __future__ import annotations

import os
from pathlib import Path

from conduix.engine.files import Files
from conduix.v1 import mesh_service_pb2 as pb
from conduix_agent.link.revisions import Revisions


def revision(number: int) -> pb.FetchRevisionResponse:
    return pb.FetchRevisionResponse(number=number, digest=f"d{number}", document="name: x")


def test_a_revision_is_kept_by_pipeline_and_number(tmp_path: Path) -> None:
    kept = Revisions(tmp_path, Files())
    kept.put("p", revision(1))
    assert kept.get("p", 1) == revision(1)
    assert kept.get("p", 2) is None
    assert kept.get("q", 1) is None
    assert Revisions(tmp_path, Files()).get("p", 1) == revision(1)


def test_the_one_that_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    kept = Revisions(tmp_path, Files(), most=3)
    for number in (1, 2, 3):
        kept.put("p", revision(number))
        path = next(tmp_path.glob(f"*-{number:06d}.rev"))
        os.utime(path, (number, number))
    kept.get("p", 1)
    kept.put("p", revision(4))
    assert [number for number in (1, 2, 3, 4) if kept.get("p", number)] == [1, 3, 4]


def test_a_damaged_one_counts_as_none_and_can_be_kept_anew(tmp_path: Path) -> None:
    kept = Revisions(tmp_path, Files())
    kept.put("p", revision(1))
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes() + b"x")
    assert kept.get("p", 1) is None
    kept.put("p", revision(1))
    assert kept.get("p", 1) == revision(1)
