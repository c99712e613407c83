"""Each pure stage in `conduix run`, file to file: what leaves, and what of which record is in the dead letters."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.integration.command import conduix

DOCUMENT = """\
name: stage-run
source: {type: file, path: in.jsonl}
stages: [%s]
sink: {type: file, path: out.jsonl}
dlq: {type: file, path: dead.jsonl}
"""

# rows of the example data, as JSON lines
PLANES = [
    {"tailnum": "N10156", "year": "2004", "seats": "55", "speed": "NA"},
    {"tailnum": "N102UW", "year": "NA", "seats": "182", "speed": "NA"},
    {"tailnum": "N381AA", "year": "1956", "seats": "fifty", "speed": "232"},
]
WEATHER: list[dict[str, Any]] = [
    {"origin": "EWR", "year": 2013, "month": 1, "day": 1, "sky": {"visib": 10, "wind": {"dir": 270, "speed": 10.4}}},
    {"origin": "JFK", "year": 2013, "month": 1, "sky": {"visib": 9, "wind": None}},
    {"origin": "LGA", "year": [2013], "sky": 7},
]
HOURS: list[dict[str, Any]] = [
    {"origin": "EWR", "hour": "2013-01-01 01:00"},
    {"origin": "JFK", "hour": 1356998400},
    {"origin": "LGA", "hour": "noon"},
]
CARS: list[dict[str, Any]] = [
    {"maker": "chevrolet", "models": ["malibu", "chevelle"], "year": "1970-01-01"},
    {"maker": "buick", "models": [], "year": "1970-01-01"},
    {"maker": "amc", "models": "rebel", "year": "1971-01-01"},
]
PACKED: list[dict[str, Any]] = [
    {"day": 1, "rows": base64.b64encode(gzip.compress(b"temp,wind\n39.02,10.3\n39.92,12.6\n")).decode()},
    {"day": 2, "rows": "broken"},
]
KEY = base64.b64encode(b"k" * 32).decode()


@dataclass(frozen=True, slots=True)
class Case:
    config: dict[str, Any]
    given: list[dict[str, Any]]
    out: list[dict[str, Any]]
    dead: dict[int, str] = field(default_factory=dict)
    """Place among `given` → the beginning of the letter's message."""
    filtered: int = 0
    code: str = "RECORD_INVALID"


CASES = {
    "default": Case(
        {"fields": {"sky.wind.speed": 0, "day": 1}},
        WEATHER,
        [
            WEATHER[0],
            {"origin": "JFK", "year": 2013, "month": 1, "sky": {"visib": 9, "wind": {"speed": 0}}, "day": 1},
        ],
        {2: "unable to set target path sky.wind.speed"},
        code="MAPPING_FAILED",
    ),
    "cast": Case(
        {"fields": {"year": "int", "seats": "int", "speed": "number"}, "nulls": ["NA"]},
        PLANES,
        [
            {"tailnum": "N10156", "year": 2004, "seats": 55, "speed": None},
            {"tailnum": "N102UW", "year": None, "seats": 182, "speed": None},
        ],
        {2: 'seats: "fifty" is no int: digits'},
    ),
    "merge": Case(
        {"fields": ["year", "month", "day"], "into": "date", "separator": "-"},
        WEATHER,
        [
            {"origin": "EWR", "sky": WEATHER[0]["sky"], "date": "2013-1-1"},
            {"origin": "JFK", "sky": WEATHER[1]["sky"], "date": "2013-1"},
        ],
        {2: "an array cannot be joined"},
    ),
    "flatten": Case(
        {"field": "sky"},
        WEATHER,
        [
            {**WEATHER[0], "sky": {"visib": 10, "wind_dir": 270, "wind_speed": 10.4}},
            WEATHER[1],
        ],
        {2: "sky is number, an object is expected"},
    ),
    "split": Case(
        {"field": "models", "into": "model"},
        CARS,
        [
            {"maker": "chevrolet", "year": "1970-01-01", "model": "malibu"},
            {"maker": "chevrolet", "year": "1970-01-01", "model": "chevelle"},
        ],
        {2: 'models: "rebel" is no list of items: an array is expected'},
        filtered=1,
    ),
    "unarchive": Case(
        {"field": "rows", "format": "csv", "compression": "gzip", "into": "row"},
        PACKED,
        [{"day": 1, "row": {"temp": "39.02", "wind": "10.3"}}, {"day": 1, "row": {"temp": "39.92", "wind": "12.6"}}],
        {1: "rows: "},
    ),
    "validate": Case(
        {"schema": {"required": ["day"], "properties": {"year": {"type": "integer"}, "sky": {"type": "object"}}}},
        WEATHER,
        [WEATHER[0]],
        {1: '"day" is a required property', 2: '"day" is a required property; sky: 7 is not of type "object"; year: '},
    ),
    "mask": Case(
        {"fields": ["tailnum"], "first": 1, "last": 2},
        PLANES,
        [{**plane, "tailnum": f"N***{plane['tailnum'][-2:]}"} for plane in PLANES],
    ),
    "decrypt": Case(
        {"fields": ["tailnum"], "key": KEY}, PLANES, [], dict.fromkeys(range(3), "tailnum: this is nothing")
    ),
    "timestamp": Case(
        {"field": "hour", "formats": ["%Y-%m-%d %H:%M"], "zone": "America/New_York"},
        HOURS,
        [{"origin": "EWR", "hour": "2013-01-01T06:00:00Z"}, {"origin": "JFK", "hour": "2013-01-01T00:00:00Z"}],
        {2: 'hour: "noon" is no time'},
    ),
    "delete": Case(
        {"condition": "this.speed.number() > 200", "mode": "soft"},
        PLANES,
        [{**PLANES[2], "deleted": True}],
        {0: "field `this.speed`", 1: "field `this.speed`"},
        code="MAPPING_FAILED",
    ),
}  # fmt: skip


def run(
    folder: Path, given: list[dict[str, Any]], *stages: dict[str, Any]
) -> tuple[list[Any], list[Any], dict[str, Any]]:
    """Output, dead letters and the summary."""
    (folder / "in.jsonl").write_text("".join(json.dumps(record) + "\n" for record in given), encoding="utf-8")
    (folder / "run.yaml").write_text(DOCUMENT % ", ".join(map(json.dumps, stages)), encoding="utf-8")
    done = conduix("run", "run.yaml", "--output", "json", cwd=folder)
    letters = _lines(folder / "dead.jsonl")
    assert done.returncode == (3 if letters else 0), done.stderr
    return _lines(folder / "out.jsonl"), letters, json.loads(done.stdout)


def _lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


@pytest.mark.parametrize("stage", sorted(CASES))
def test_a_stage_in_a_run(stage: str, tmp_path: Path) -> None:
    case = CASES[stage]
    out, letters, summary = run(tmp_path, case.given, {"id": "it", "type": stage, "config": case.config})
    assert out == case.out
    assert [(letter["stage"], json.loads(letter["payload"]), letter["code"]) for letter in letters] == [
        ("it", case.given[place], case.code) for place in case.dead
    ]
    for letter, said in zip(letters, case.dead.values(), strict=True):
        assert letter["message"].startswith(said)
    assert (summary["in"], summary["filtered"], summary["dead"]) == (len(case.given), case.filtered, len(case.dead))


def test_what_a_run_encrypts_another_decrypts(tmp_path: Path) -> None:
    options = {"fields": ["tailnum", "year"], "key": KEY}
    hidden, letters, _ = run(tmp_path, PLANES, {"id": "hide", "type": "encrypt", "config": options})
    assert letters == []
    assert {record["seats"] for record in hidden} == {plane["seats"] for plane in PLANES}
    assert "N10156" not in (tmp_path / "out.jsonl").read_text(encoding="utf-8")
    back = tmp_path / "back"
    back.mkdir()
    assert run(back, hidden, {"id": "show", "type": "decrypt", "config": options})[0] == PLANES


def test_letters_of_records_that_were_one_are_told_apart(tmp_path: Path) -> None:
    """One stretch splits, the next one fails: each part is a letter of its own, with an id of its own."""
    given = [{"order": 1, "items": [{"n": "1"}, {"n": "x"}, {"n": "y"}]}, {"order": 2, "items": [{"n": "z"}]}]
    split = {"id": "parts", "type": "split", "config": {"field": "items"}}
    cast = {"id": "typed", "type": "cast", "config": {"fields": {"items.n": "int"}}}
    out, letters, summary = run(tmp_path, given, split, cast)
    assert out == [{"order": 1, "items": {"n": 1}}]
    second = len(json.dumps(given[0])) + 1
    places = [(letter["position"]["offset"], letter["index"]) for letter in letters]
    assert places == [(0, 1), (0, 2), (second, 0)]
    assert [json.loads(letter["payload"])["items"]["n"] for letter in letters] == ["x", "y", "z"]
    assert len({letter["id"] for letter in letters}) == 3
    assert (summary["in"], summary["dead"]) == (2, 3)


def test_the_clock_is_said_to_be_not_deterministic(tmp_path: Path) -> None:
    stages = [
        {"id": "read", "type": "timestamp", "config": {"field": "hour"}},
        {"id": "clock", "type": "timestamp", "config": {"into": "at"}},
    ]
    (tmp_path / "run.yaml").write_text(DOCUMENT % ", ".join(map(json.dumps, stages)), encoding="utf-8")
    (tmp_path / "in.jsonl").write_text("{}\n", encoding="utf-8")
    done = conduix("explain", "run.yaml", cwd=tmp_path)
    said = [line for line in done.stdout.splitlines() if "not deterministic" in line]
    assert said
    assert all("clock" in line and "read" not in line.split(":")[0] for line in said)
