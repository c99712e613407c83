"""Taps: what is seen of each node, how much of it, and that the flow does not notice."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from conduix.engine.api import JSONL, TEXT, Batch, Fence, Format, Lines, Rows
from conduix.engine.catalog import default_catalog
from conduix.engine.runtime.actor import TapPoint
from conduix.engine.runtime.shown import LONGEST, first_of, shown
from conduix.engine.runtime.taps import RATE, Taps, Wish
from conduix.engine.worker import Assignment, explain_plan
from conduix.engine.worker.replica import Replica
from conduix.errors import NotFound
from conduix.spec.loading import load_or_raise
from conduix.spec.model import PipelineSpec

DOCUMENT = """
name: p
sources:
  in: {type: generate, count: 2500, mapping: 'root.i = index'}
transforms:
  add: {type: mapping, inputs: [in], mapping: "root = this\\nroot.x = this.i + 1"}
  even: {type: filter, inputs: [add], condition: this.x % 2 == 0}
  mark: {type: mapping, inputs: [even], mapping: "root = this\\nroot.calls = count(\\"taps\\")"}
  ways: {type: router, inputs: [mark], routes: [{name: low, when: this.i < 1000}, {name: high}]}
sinks:
  low: {type: file, inputs: [ways.low], path: LOW}
  high: {type: drop, inputs: [ways.high]}
"""


def spec_of(low: Path) -> PipelineSpec:
    return load_or_raise(DOCUMENT.replace("LOW", str(low)), file="p", catalog=default_catalog(), env={})


class Seen:
    """What a tap has sent; `room`: so many are taken before the line is full."""

    def __init__(self, room: int = 1 << 30) -> None:
        self.records: list[tuple[object, int]] = []
        self.ends: list[tuple[str, str]] = []
        self._room = room

    def send(self, record: str, dropped: int) -> bool:
        if len(self.records) >= self._room:
            return False
        self.records.append((json.loads(record), dropped))
        return True

    def wish(self, node: str, limit: int = 0, rate: int = 0) -> Wish:
        return Wish(node, self.send, lambda code, cause: self.ends.append((code, cause)), limit, rate)


async def run(tmp_path: Path, *wishes: Wish) -> bytes:
    """Run the document with these taps; returns what `low` has written."""
    spec = spec_of(tmp_path / "low.jsonl")
    replica = Replica(Assignment(spec, "r", Fence(1, 1), tmp_path / "state"), lambda _status: None)
    taps = Taps(replica.plan, replica.taps, clock=lambda: 0.0)
    for number, wish in enumerate(wishes):
        taps.begin(str(number), wish)
    assert (await replica.run()).state == "COMPLETED"
    for number in range(len(wishes)):
        taps.end(str(number), "over")
    return (tmp_path / "low.jsonl").read_bytes()


@pytest.fixture(autouse=True)
def uncounted(monkeypatch: pytest.MonkeyPatch) -> None:
    """`count` begins at 1 in every test."""
    monkeypatch.setattr("conduix.mapping.functions.counting._counts", {})


async def test_each_node_shows_what_leaves_it(tmp_path: Path) -> None:
    seen = {node: Seen() for node in ("in", "add", "even", "mark", "ways", "low", "high")}
    await run(tmp_path, *(each.wish(node, limit=2) for node, each in seen.items()))
    assert {node: [record for record, _ in each.records] for node, each in seen.items()} == {
        "in": [{"i": 0}, {"i": 1}],
        "add": [{"i": 0, "x": 1}, {"i": 1, "x": 2}],
        "even": [{"i": 1, "x": 2}, {"i": 3, "x": 4}],
        "mark": [{"i": 1, "x": 2, "calls": 501}, {"i": 3, "x": 4, "calls": 502}],
        "ways": [{"i": 1, "x": 2, "calls": 1}, {"i": 3, "x": 4, "calls": 2}],
        "low": [{"i": 1, "x": 2, "calls": 1}, {"i": 3, "x": 4, "calls": 2}],
        "high": [{"i": 1001, "x": 1002, "calls": 501}, {"i": 1003, "x": 1004, "calls": 502}],
    }
    assert {node: each.ends for node, each in seen.items()} == {node: [("", "2 records")] for node in seen}


async def test_whoever_looks_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = await run(tmp_path / "alone", *[])
    monkeypatch.setattr("conduix.mapping.functions.counting._counts", {})
    looked_at = await run(tmp_path / "tapped", *(Seen().wish(node, rate=1000) for node in ("add", "even", "mark")))
    assert alone == looked_at


async def test_what_was_passed_over_is_counted(tmp_path: Path) -> None:
    seen = Seen()
    await run(tmp_path, seen.wish("in", rate=7))  # the clock of `run` stands still
    assert [(record, dropped) for record, dropped in seen.records] == [({"i": i}, 0) for i in range(7)]
    assert seen.ends == [("", "over")]


def test_the_rate_is_kept_and_the_dropped_are_told() -> None:
    now, seen = [0.0], Seen()
    plan = explain_plan(spec_of(Path("low.jsonl")), default_catalog())
    points = {actor.id: TapPoint() for actor in plan.actors}
    taps = Taps(plan, points, clock=lambda: now[0])
    taps.begin("t", seen.wish("in"))
    batch = Batch("s", {}, {}, Rows([{"i": i} for i in range(1000)]), 1000)
    for now[0] in (0.0, 0.5, 60.0):
        look = points["in"].look
        assert look is not None
        look(batch, (batch,))
    assert len(seen.records) == RATE + RATE // 2 + RATE
    assert [(i, dropped) for i, (_, dropped) in enumerate(seen.records) if dropped] == [
        (RATE, 1000 - RATE),
        (RATE + RATE // 2, 1000 - RATE // 2),
    ]
    taps.end("t", "stopped")
    assert points["in"].look is None
    assert seen.ends == [("", "stopped")]


async def test_a_full_line_drops_and_counts(tmp_path: Path) -> None:
    seen = Seen(room=3)
    await run(tmp_path, seen.wish("low", rate=1000))
    assert len(seen.records) == 3


async def test_a_tap_that_fails_ends_and_the_run_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    seen, broken = Seen(), Seen()

    def fail(_record: str, _dropped: int) -> bool:
        raise BrokenPipeError("nobody there")

    with caplog.at_level(logging.WARNING):
        await run(tmp_path, replace(broken.wish("in"), send=fail), seen.wish("in", limit=1))
    assert broken.ends == [("INTERNAL", "BrokenPipeError: nobody there")]
    assert caplog.text.count("a tap of in has failed") == 1
    assert len(seen.records) == 1


def test_a_node_that_is_not_there() -> None:
    plan = explain_plan(spec_of(Path("low.jsonl")), default_catalog())
    with pytest.raises(NotFound) as refused:
        Taps(plan, {}).begin("t", Seen().wish("nowhere"))
    assert refused.value.code == "NODE_NOT_FOUND"
    assert "add" in refused.value.remedy


CSV = Format("csv", ("a", "b"), ";")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (Lines(b'{"a":1}\n\n[2]\n', JSONL), ['{"a":1}', "[2]"]),
        (Lines(b"{oops\n\xff\n", JSONL), ['"{oops"', '"\ufffd"']),
        (Lines("é\n1\n".encode(), TEXT), ['"é"', '"1"']),
        (Lines(b'1;"x\ny"\n2;3\n', CSV), ['{"a":"1","b":"x\\ny"}', '{"a":"2","b":"3"}']),
        (Rows([{"a": None}, 1 << 70]), ['{"a":null}', str(1 << 70)]),
    ],
)
def test_records_as_json(body: Lines | Rows, expected: list[str]) -> None:
    assert list(shown(Batch("s", {"offset": 0}, {}, body, len(expected)))) == expected


def test_a_giant_is_shown_as_its_beginning() -> None:
    (text,) = shown(Batch("s", {}, {}, Rows(["x" * 200_000]), 1))
    assert json.loads(text).startswith('"xxx')
    assert len(text) < LONGEST + 100


@pytest.mark.parametrize(
    ("batch", "expected"),
    [
        (Batch("s", {}, {}, Lines(b"1\n2\n3\n", JSONL), 3), Lines(b"1\n2\n", JSONL)),
        (Batch("s", {}, {}, Lines(b'1;"\n"\n2;3\n4;5\n', CSV), 3, offsets=[10, 16, 20]), Lines(b'1;"\n"\n2;3\n', CSV)),
        (Batch("s", {}, {}, Rows([[1], [2], [3]]), 3, meta=[{}, {}, {}]), Rows([[1], [2]])),
    ],
)
def test_the_first_of_a_batch(batch: Batch, expected: Lines | Rows) -> None:
    part = first_of(batch, 2)
    assert (part.body, part.count) == (expected, 2)
    assert part.offsets is None or len(part.offsets) == 2
    assert part.meta is None or len(part.meta) == 2


def test_the_first_of_a_batch_is_a_copy() -> None:
    values = [{"a": 1}]
    part = first_of(Batch("s", {}, {}, Rows(values), 1), 1)
    assert isinstance(part.body, Rows)
    part.body.values[0]["a"] = 2
    assert values == [{"a": 1}]
