"""The judges of the chaos tests can say no."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tests.chaos import orders
from tests.chaos.driver import Difference, difference, read_outputs, same_outputs
from tests.chaos.trace import Rereads, rereads, segments

pytestmark = pytest.mark.chaos

EXPECTED = orders.Expected(starts=list(range(0, 100, 10)))
"""Ten records of ten bytes."""


def trace(path: Path, *lines: tuple[object, ...]) -> Path:
    def written(line: tuple[object, ...]) -> str:
        pid, *what = line
        if what[0] != "barrier":
            what = ["orders.jsonl@0", {"offset": what[0]}, {"offset": what[1]}]
        return json.dumps([pid, *what]) + "\n"

    path.write_text("".join(map(written, lines)))
    return path


def judged(path: Path, *lines: tuple[object, ...], durable: dict[int, int] | None = None) -> Rereads:
    return rereads(segments(trace(path, *lines)), EXPECTED, durable or {})


READ_TWICE = ((7, 0, 30), (7, "barrier", 1), (7, 30, 50), (7, "barrier", 2), (7, 50, 70))


def test_going_on_at_the_last_complete_checkpoint_reads_one_interval_again(tmp_path: Path) -> None:
    assert judged(tmp_path / "trace", *READ_TWICE, (8, 30, 100)) == Rereads(again=4, beyond=0, missing=0)


def test_going_back_behind_what_was_found_durable_after_the_kill_is_found(tmp_path: Path) -> None:
    lines = (*READ_TWICE, (8, 30, 100))
    assert judged(tmp_path / "trace", *lines, durable={7: 2}) == Rereads(again=4, beyond=2, missing=0)
    assert judged(tmp_path / "trace", *lines, durable={7: 1}).beyond == 0


def test_starting_from_zero_is_found(tmp_path: Path) -> None:
    assert judged(tmp_path / "trace", *READ_TWICE, (8, 0, 100)) == Rereads(again=7, beyond=3, missing=0)


def test_starting_from_zero_is_found_in_a_rewind_of_the_same_process(tmp_path: Path) -> None:
    assert judged(tmp_path / "trace", *READ_TWICE, (7, 0, 100)).beyond == 3


def test_a_barrier_given_up_in_a_rewind_settles_nothing(tmp_path: Path) -> None:
    lines = ((7, 0, 30), (7, "barrier", 1), (7, 30, 50), (7, "barrier", 2), (7, 30, 70), (7, "barrier", 3))
    assert judged(tmp_path / "trace", *lines, (8, 70, 100), durable={7: 3}) == Rereads(again=2, beyond=0, missing=0)


def test_what_an_earlier_process_settled_stays_settled(tmp_path: Path) -> None:
    lines = (*READ_TWICE, (8, 30, 60), (9, 20, 100))
    assert judged(tmp_path / "trace", *lines).beyond == 1


def test_records_that_were_skipped_are_missing(tmp_path: Path) -> None:
    assert judged(tmp_path / "trace", (7, 0, 30), (8, 50, 100)).missing == 2


def written(out: Path, full: bytes, letter: dict[str, str]) -> dict[str, bytes]:
    out.mkdir()
    (out / "full.jsonl").write_bytes(full)
    (out / "all.jsonl.gz").write_bytes(gzip.compress(full[:2]) + gzip.compress(full[2:]))
    (out / "dead.jsonl").write_text(json.dumps(letter) + "\n")
    return read_outputs(out)


def test_lost_and_doubled_records_are_counted(tmp_path: Path) -> None:
    letter = {"id": "x", "first_at": "now", "last_at": "now", "run": "r"}
    wanted = written(tmp_path / "one", b"1\n2\n", letter)
    found = written(tmp_path / "two", b"1\n1\n", {**letter, "first_at": "later"})
    assert difference(found, wanted) == Difference(lost=2, doubled=2)
    with pytest.raises(AssertionError, match="lost=1, doubled=1"):
        same_outputs(tmp_path / "two", wanted)


def test_a_file_that_should_not_be_there_is_found(tmp_path: Path) -> None:
    wanted = written(tmp_path / "one", b"1\n2\n", {"id": "x"})
    same_outputs(tmp_path / "one", wanted)
    (tmp_path / "one" / "full.jsonl.part").touch()
    with pytest.raises(AssertionError, match=r"full\.jsonl\.part"):
        same_outputs(tmp_path / "one", wanted)


def test_one_percent_of_the_orders_is_bad_in_every_way_and_the_same_for_a_seed(tmp_path: Path) -> None:
    path = orders.write(10_000, 1, tmp_path / "orders.jsonl")
    expected = orders.expect(path)
    assert 50 < len(expected.dead) < 150
    assert len(expected.full) + expected.filtered + len(expected.dead) == len(expected.starts) == 10_000
    assert not path.read_bytes().endswith(b"\n")
    assert b"".join(orders.lines(10_000, 1)) == path.read_bytes() != b"".join(orders.lines(10_000, 2))
