"""`--set PATH=VALUE`."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.spec.catalogue import good, only

DOCUMENT = """
name: orders
source: {type: file, path: a.jsonl}
stages:
  - {id: active, type: filter, condition: this.a}
  - {type: sample, config: {rate: 0.5}}
sink: {type: file, path: out.jsonl}
"""


def options(number: int, *overrides: str, env: dict[str, str] | None = None) -> dict[str, Any]:
    return good(DOCUMENT, *overrides, env=env).nodes[number].options.model_dump()


@pytest.mark.parametrize(
    ("override", "node", "key", "value"),
    [
        ("source.path=b.jsonl", 0, "path", "b.jsonl"),
        ("source.path=a=b, c: d # e", 0, "path", "a=b, c: d # e"),
        ("source.path='012'", 0, "path", "012"),
        ('source.path="a\\tb"', 0, "path", "a\tb"),
        ("source.paths=[a, b]", 0, "paths", ["a", "b"]),
        ("source.config.path=b.jsonl", 0, "path", "b.jsonl"),
        ("source.csv_header=false", 0, "csv_header", False),
        ("stages[0].condition=this.b > 1", 1, "condition", "this.b > 1"),
        ("stages.0.condition=this.b", 1, "condition", "this.b"),
        ("stages.active.condition=this.c", 1, "condition", "this.c"),
        ('stages["active"]["condition"]=this.d', 1, "condition", "this.d"),
        ("stages.active.config.condition=this.e", 1, "condition", "this.e"),
        ("stages.sample.rate=0.25", 2, "rate", 0.25),
        ("stages.sample.config.seed=7", 2, "seed", 7),
        ("sink.buffer.max_events=10", 3, "buffer", {"max_events": 10, "timeout": 10.0}),
    ],
)
def test_put_in(override: str, node: int, key: str, value: object) -> None:
    assert options(node, override)[key] == value


def test_of_the_whole_pipeline() -> None:
    spec = good(DOCUMENT, "mode=realtime", "checkpoint.interval=20ms", "name=other", "labels.team=sales")
    assert (spec.mode, spec.checkpoint.interval, spec.name) == ("realtime", 0.02, "other")
    assert spec.labels == {"team": "sales"}


def test_the_last_one_counts() -> None:
    assert options(0, "source.path=b", "source.path=c")["path"] == "c"


def test_variables_are_replaced_in_them() -> None:
    assert options(0, "source.path=${DIR}/x", env={"DIR": "data"})["path"] == "data/x"


def test_an_anchor_changes_only_where_it_is_set() -> None:
    document = """
name: a
source: &file {type: file, path: a.jsonl}
stages: [{type: filter, condition: this.a}]
sinks: [{type: file, path: x, buffer: &b {max_events: 1}}, {type: file, path: y, buffer: *b}]
"""
    spec = good(document, "sinks[1].buffer.max_events=9")
    assert [node.options.model_dump()["buffer"]["max_events"] for node in spec.nodes[2:]] == [1, 9]


@pytest.mark.parametrize(
    ("override", "code", "message"),
    [
        ("source.path", "OVERRIDE_INVALID", "is not PATH=VALUE"),
        ("=x", "OVERRIDE_INVALID", "is not PATH=VALUE"),
        ("", "OVERRIDE_INVALID", "is not PATH=VALUE"),
        ("stages[9].rate=1", "OVERRIDE_INVALID", "there is no item 9"),
        ("stages.activ.condition=1", "OVERRIDE_INVALID", "no item of stages has the id 'activ'"),
        ("name.first=x", "OVERRIDE_INVALID", "name is a single value"),
        ("source.csv_header=no", "YAML_AMBIGUOUS", "boolean"),
        ("parallelism=99999999999999999999", "YAML_NUMBER", "64 bits"),
        ("source.paths=[a", "YAML_SYNTAX", "expected"),
        ("source.pth=x", "UNKNOWN_KEY", "no option 'pth'"),
        ("stages.active.condition=this.", "MAPPING_SYNTAX", ""),
    ],
)
def test_refused(override: str, code: str, message: str) -> None:
    found = only(DOCUMENT, override)
    assert found.code == code
    assert message in found.message
    assert found.file.startswith("--set ")


def test_a_near_id_is_suggested() -> None:
    assert only(DOCUMENT, "stages.activ.condition=1").suggestion == "active"


def test_mistakes_in_a_value_are_placed_in_the_override() -> None:
    found = only(DOCUMENT, "stages.active.condition=this.a == ) 1")
    assert found.file == "--set stages.active.condition"
    assert found.column == len("stages.active.condition=this.a == )")
