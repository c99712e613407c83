"""The JSON Schema for editors accepts what loads, and marks the mistakes that it can know."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from conduix.engine.catalog import default_catalog
from conduix.spec.loading import load
from conduix.spec.schema import document_schema
from tests.unit.spec.catalogue import CATALOG, good

EXAMPLES = sorted((Path(__file__).resolve().parents[3] / "examples").glob("*.yaml"))

LINEAR = """
name: a
mode: batch
parallelism: ${N}
checkpoint: {interval: 20ms}
source: {type: file, path: in, csv_header: '${H}', config: {split: 1024}}
stages:
  - {id: r, type: router, routes: [{name: x, when: this.a, next: k}, {name: y, next: [s]}]}
  - {id: s, type: transform, when: this.b, on_error: pass, config: {mapping: root = this}}
sinks: [{id: k, type: drop}, {type: file, path: out, on_error: fail}]
dlq: {type: file, path: dead, max_ratio: 0.1}
resources: {}
"""
FLAT = """
name: a
sources: {in: {type: kafka, brokers: [x], auto_offset_reset: latest}}
transforms: {t: {type: filter, inputs: in, condition: this.a}}
sinks: {out: {type: drop, inputs: [t]}}
restart: {max_restarts: 1}
"""
ACTOR = """
name: a
type: actor
pipeline:
  name: top
  supervision: {strategy: rest_for_one}
  children:
    - name: below
      type: supervisor
      restart: transient
      children:
        - {name: in, type: source, config: {source_type: kafka, brokers: [x]}}
    - {type: transform, transform_type: filter, condition: this.a, inputs: in, restart: temporary}
    - {type: sink, config: {sink_type: drop}}
"""
STEPS = """
name: a
type: batch
source: {type: file, path: in}
realtime: {id_field: event_id, dedup_ttl: 24h}
steps:
  - {name: t, transform: root = this, when: this.a}
  - {filter: this.a, on_error: pass}
  - {sample: 0.1}
  - {sample: {rate: 0.1, seed: 2}}
output: {type: file, path: out}
"""


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = document_schema(CATALOG)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def mistakes(validator: Draft202012Validator, text: str) -> list[str]:
    value: Any = yaml.safe_load(text)
    return [error.json_path for error in validator.iter_errors(value)]


@pytest.mark.parametrize("text", [LINEAR, FLAT, ACTOR, STEPS])
def test_accepts_what_loads(validator: Draft202012Validator, text: str) -> None:
    good(text, env={"N": "1", "H": "true"})
    assert mistakes(validator, text) == []


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("name: a", "nam: a", "$"),
        ("name: a", "name: a b", "$.name"),
        ("mode: batch", "mode: bach", "$.mode"),
        ("type: file, path: in,", "type: fil, path: in,", "$.source.type"),
        ("csv_header: '${H}'", "csv_haeder: true", "$.source"),
        ("csv_header: '${H}'", "csv_header: 5", "$.source.csv_header"),
        ("split: 1024", "splits: 1024", "$.source.config"),
        ("interval: 20ms", "intervall: 20ms", "$.checkpoint"),
        ("on_error: pass", "on_error: ignore", "$.stages[1].on_error"),
        ("on_error: fail", "when: this.a", "$.sinks[1]"),
        ("max_ratio: 0.1", "max_ratio: 7", "$.dlq.max_ratio"),
    ],
)
def test_marks_mistakes(validator: Draft202012Validator, old: str, new: str, path: str) -> None:
    assert old in LINEAR
    found = mistakes(validator, LINEAR.replace(old, new, 1))
    assert any(each.startswith(path) for each in found), found


def test_marks_mistakes_in_the_flat_form(validator: Draft202012Validator) -> None:
    assert mistakes(validator, FLAT.replace("inputs: in, ", "")) == ["$.transforms.t"]
    assert mistakes(validator, FLAT.replace("brokers: [x]", "brokers: x")) == ["$.sources.in.brokers"]
    assert mistakes(validator, FLAT.replace("sources", "source")) != []


@pytest.mark.parametrize(
    ("text", "old", "new", "path"),
    [
        (ACTOR, "rest_for_one", "rest_for_two", "$.pipeline.supervision.strategy"),
        (ACTOR, "type: source", "type: sorce", "$.pipeline.children[0].children[0].type"),
        (ACTOR, "source_type: kafka", "source_type: kafak", "$.pipeline.children[0].children[0].config.source_type"),
        (ACTOR, "restart: transient", "restart: never", "$.pipeline.children[0].restart"),
        (ACTOR, "restart: transient", "restarts: 5", "$.pipeline.children[0]"),
        (STEPS, "filter: this.a", "fitler: this.a", "$.steps[1]"),
        (STEPS, "sample: 0.1", "sample: 1.5", "$.steps[2]"),
        (STEPS, "rate: 0.1", "rat: 0.1", "$.steps[3]"),
        (STEPS, "id_field", "key", "$.realtime"),
        (STEPS, "output: {type: file", "output: {type: fil", "$.output.type"),
    ],
)
def test_marks_mistakes_in_the_other_forms(
    validator: Draft202012Validator, text: str, old: str, new: str, path: str
) -> None:
    assert old in text
    found = mistakes(validator, text.replace(old, new, 1))
    assert any(each.startswith(path) for each in found), found


def test_every_option_is_described() -> None:
    """What the catalogue of an installation says reaches the editor."""
    defs = document_schema(default_catalog())["$defs"]
    for name, schema in defs["Settings"]["properties"].items():
        model = defs.get(schema.get("$ref", "").rpartition("/")[2], {})
        assert schema.get("description") or model.get("description"), name


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_accepts_the_examples(path: Path) -> None:
    text = path.read_text()
    catalog = default_catalog()
    assert load(text, file=path.name, catalog=catalog, env={}).errors == ()
    assert mistakes(Draft202012Validator(document_schema(catalog)), text) == []
