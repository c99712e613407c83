"""The reference implementation's own cases: what it made of each mapping, we make too.

The cases are no part of the project. They are read from the folder that CONDUIX_CONFORMANCE names,
`../shared/conformance` beside the checkout if it is not set; without them the test says so and is skipped.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conduix.mapping.cases import judge_all, read_cases

FOLDER = Path(os.environ.get("CONDUIX_CONFORMANCE", Path(__file__).resolve().parents[3] / "shared" / "conformance"))
CASES = FOLDER / "bloblang_cases.jsonl"

FLOORS = {
    # how many of a hundred must agree; a rise is written down here
    "Language (literals, operators, match/if, maps, metadata, paths)": 100,
    "Object & Array Manipulation": 100,
    "Number Manipulation": 100,
    "Regular Expressions": 100,
    "Timestamp Manipulation": 100,
    "General": 100,
    "Deprecated": 100,
    "Type Coercion": 100,
    "String Manipulation": 100,
    "JSON Web Tokens": 100,
    "Message Info": 97,
    "Parsing": 95,
    "Encoding and Encryption": 91,
}


@pytest.mark.skipif(not CASES.exists(), reason=f"the conformance cases are not here: {CASES} (set CONDUIX_CONFORMANCE)")
def test_the_share_of_agreeing_cases_does_not_fall() -> None:
    report = judge_all(read_cases(CASES))
    for category in report.categories:
        share, agreeing, total = report.share(category), report.agreeing[category], report.total[category]
        print(f"{share:6.1f} %  {agreeing:4} of {total:4}  {category}")  # noqa: T201 - for the report
    print(f"{report.share():6.1f} %  {report.agreeing.total()} of {report.total.total()}")  # noqa: T201 - as above
    fallen = {category: report.share(category) for category, floor in FLOORS.items() if report.share(category) < floor}
    assert not fallen, "\n".join((str(fallen), *(judged.difference for judged in report.differing)))
    assert report.share() >= 99
