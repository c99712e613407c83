"""The reference implementation's own cases: what it made of each mapping, we make too.

The cases are no part of the project. They are read from the folder that CONDUIX_CONFORMANCE names,
`../shared/conformance` beside the checkout if it is not set; without them the test says so and is skipped.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from conduix.errors import MappingError, MappingSyntaxError
from conduix.mapping import parse_mapping
from conduix.mapping.interpret import Interpreter
from conduix.mapping.record import Record
from conduix.mapping.values import DELETED, NOTHING, encode_json, plain

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
    "Message Info": 97,
    "Parsing": 95,
    "Type Coercion": 100,
    "String Manipulation": 100,
    "Encoding and Encryption": 91,
    "JSON Web Tokens": 100,
}
# flow_id() makes another identifier for every record: the case holds a blank for it
GENERATED = frozenset({"flow_id"})


def _records(case: dict[str, Any]) -> tuple[tuple[Record, ...], int]:
    if "batch" not in case:
        return (Record(content=case["input"].encode()),), 0
    batch = tuple(Record(content=one["content"].encode(), meta=one.get("meta") or {}) for one in case["batch"])
    return batch, case["index"]


def _outcome(case: dict[str, Any]) -> tuple[str, Any, Any]:
    """What happened: `parse`, `exec` (the stage that failed), `deleted`, or `output` with content and metadata."""
    try:
        mapping = parse_mapping(case["mapping"])
    except MappingSyntaxError as error:
        return "parse", error.message, None
    records, index = _records(case)
    try:
        result = Interpreter(mapping).run_record(records, index)
    except MappingError as error:
        return "exec", error.message, None
    if result.value is DELETED:
        return "deleted", None, None
    value = records[index].content if result.value is NOTHING else result.value
    content = (
        value if isinstance(value, str) else value.decode() if isinstance(value, bytes) else encode_json(value).decode()
    )
    meta = {key: item.decode() if isinstance(item, bytes) else plain(item) for key, item in result.meta.items()}
    return "output", content, meta


def _agrees(case: dict[str, Any], outcome: tuple[str, Any, Any]) -> bool:
    kind, content, meta = outcome
    if "error" in case:
        return bool(kind == case["error_stage"])
    if case.get("deleted"):
        return kind == "deleted"
    if kind != "output" or _canonical(content) != _canonical(case["output"]):
        return False
    return "output_meta" not in case or bool(meta == case["output_meta"]) or not GENERATED.isdisjoint(case["uses"])


def _canonical(content: str) -> str:
    """JSON with sorted keys and numbers by value; anything else as it is."""
    try:
        return json.dumps(json.loads(content, parse_int=float), sort_keys=True)
    except ValueError:
        return content


@pytest.mark.skipif(not CASES.exists(), reason=f"the conformance cases are not here: {CASES} (set CONDUIX_CONFORMANCE)")
def test_the_share_of_agreeing_cases_does_not_fall() -> None:
    total, agreeing, missing = Counter[str](), Counter[str](), []
    for line in CASES.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        outcome = _outcome(case)
        total[case["category"]] += 1
        if _agrees(case, outcome):
            agreeing[case["category"]] += 1
        else:
            missing.append(f"{case['id']} {case['uses']}: {outcome[0]}: {str(outcome[1])[:100]}")
    shares = {category: 100 * agreeing[category] / count for category, count in total.items()}
    for category, share in sorted(shares.items(), key=lambda pair: -pair[1]):
        print(f"{share:6.1f} %  {agreeing[category]:4} of {total[category]:4}  {category}")  # noqa: T201 - for the report
    print(f"{100 * agreeing.total() / total.total():6.1f} %  {agreeing.total()} of {total.total()}")  # noqa: T201 - as above
    fallen = {category: share for category, share in shares.items() if share < FLOORS[category]}
    assert not fallen, "\n".join((str(fallen), *missing))
