"""A short, seeded run of every target, and the cases of findings that were mended."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fuzz.guard import judge
from tests.fuzz.targets import TARGETS
from tests.fuzz.worker import drawn

CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))
_EACH = {"parser": 150, "nearly": 150, "times": 200, "layouts": 200, "chain": 10, "batch": 10, "calls": 15}
"""Cases of a target; 30 of the others."""


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_what_was_found_once_is_mended(path: Path) -> None:
    finding = json.loads(path.read_text(encoding="utf-8"))
    verdict = judge(TARGETS[finding["target"]], finding["case"])
    assert not verdict.kind, f"{verdict.kind}\n{verdict.detail}"


@pytest.mark.parametrize("name", TARGETS)
def test_a_few_cases_of_every_target(name: str) -> None:
    target = TARGETS[name]
    words = set()
    for number in range(_EACH.get(name, 30)):
        verdict = judge(target, drawn(target, 1, number))
        assert not verdict.kind, f"case {number}: {verdict.kind}\n{verdict.detail}"
        words.add(verdict.label)
    assert len(words) > 1, f"all cases came to the same: {words}"
