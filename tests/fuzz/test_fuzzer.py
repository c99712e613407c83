"""The fuzzer finds what is planted, makes it smaller, and outlives what kills its worker."""

from __future__ import annotations

import json
import os
from pathlib import Path
from random import Random

import pytest

from tests.fuzz.guard import judge
from tests.fuzz.minimise import minimise
from tests.fuzz.session import Session, summary
from tests.fuzz.target import Case, Fault, Target
from tests.fuzz.targets import TARGETS
from tests.fuzz.ways import held, same
from tests.fuzz.worker import drawn


def _draw(_rng: Random, number: int) -> Case:
    return {"text": f"case {number} of many", "lines": ["one", "two bad ones", "three"]}


def _bad(case: Case) -> str:
    if any("bad" in line for line in case["lines"]):
        raise Fault("something is bad", repr(case))
    return "good"


def _endless(_case: Case) -> str:
    while True:
        try:
            for _ in iter(int, 1):
                pass
        except Exception:  # noqa: BLE001, S110 - this is the fault that is planted
            pass


def _deadly(case: Case) -> str:
    if case["text"].startswith("case 5 "):
        os._exit(7)
    return "alive"


def test_a_finding_is_made_as_small_as_it_can_be() -> None:
    small = minimise(Target("bad", "", _draw, _bad), _draw(Random(1), 7), "something is bad", seconds=5)
    assert small == {"text": "", "lines": ["bad"]}


def test_what_takes_too_long_is_stopped() -> None:
    verdict = judge(Target("endless", "", _draw, _endless, seconds=0.1), _draw(Random(1), 0))
    assert verdict.kind == "takes too long"
    assert "_endless" in verdict.detail


def test_an_error_that_is_not_the_languages_own_is_named_by_its_place() -> None:
    verdict = judge(TARGETS["parser"], {"text": 5})
    assert verdict.kind.startswith("TypeError in mapping/")


def test_what_python_takes_for_equal_is_not() -> None:
    one, other = ([[b'{"a":1}']], [0], []), ([[b'{"a":true}']], [0], [])  # type: ignore[var-annotated] # no failures
    same("twice", one, one, str)
    with pytest.raises(Fault, match="differs this way"):
        same("this way", one, other, str)


def test_every_way_gives_the_line_as_it_is_where_nothing_is_done() -> None:
    outs, filtered, failed = held([], b'{"a": 1.50}\n[]\n')
    assert (outs, filtered, failed) == ([[b'{"a": 1.50}', b"[]"]], [0], [])


def test_the_same_seed_and_number_draw_the_same_case() -> None:
    for target in TARGETS.values():
        assert drawn(target, 3, 17) == drawn(target, 3, 17)
        assert drawn(target, 3, 17) != drawn(target, 4, 17)


def test_a_worker_that_dies_is_a_finding_and_another_one_goes_on(tmp_path: Path) -> None:
    session = Session([Target("deadly", "", _draw, _deadly)], 1, tmp_path)
    told: list[str] = []
    session.run(1.5, lambda _gone, name: told.append(name))
    [path] = session.files
    finding = json.loads(path.read_text(encoding="utf-8"))
    assert (finding["number"], finding["kind"]) == (5, "the process dies with 7")
    counted = summary(session, 1.5)["targets"]["deadly"]
    assert counted["came_of_it"].keys() == {"alive"}
    assert counted["executions"] > 100
    assert set(told) == {"deadly"}
