"""The normal form and its digest."""

from __future__ import annotations

import json

from conduix.spec.normal import mask, normal_form
from tests.unit.spec.catalogue import good

DOCUMENT = """
name: orders
source: {type: file, path: in.jsonl}
stages: [{type: filter, condition: this.a, on_error: drop}]
sink: {type: file, path: out.jsonl}
"""
SAME = """
# another text
sink:
  type: file
  config: {path: "out.jsonl", format: jsonl}
stages:
  - condition: "this.a"
    on_error: drop
    type: filter
    id: filter
checkpoint: {timeout: 600s}
source: {"type": "file", "path": 'in.jsonl'}
mode: batch
name: orders
"""


def test_is_plain_json() -> None:
    form = normal_form(good(DOCUMENT))
    assert json.loads(json.dumps(form)) == form
    assert form["nodes"][1] == {
        "id": "filter",
        "role": "stage",
        "type": "filter",
        "inputs": ["source"],
        "when": None,
        "on_error": "drop",
        "options": {"condition": "this.a"},
    }
    assert form["checkpoint"] == {"interval": None, "timeout": 600.0}
    assert form["dlq"] is None


def test_without_defaults() -> None:
    form = normal_form(good(DOCUMENT), defaults=False)
    assert form["nodes"][2]["options"] == {"path": "out.jsonl"}
    assert form["checkpoint"] == {}


def test_another_text_with_the_same_meaning_has_the_same_digest() -> None:
    assert good(DOCUMENT).digest == good(SAME).digest
    assert len(good(DOCUMENT).digest) == 64


def test_another_meaning_has_another_digest() -> None:
    digests = {good(DOCUMENT).digest}
    for change in ("source.path=x", "stages[0].on_error=fail", "mailbox=3", "name=b", "stages[0].when=this.b"):
        digests.add(good(DOCUMENT, change).digest)
    digests.add(good(DOCUMENT + "dlq: {type: stub}").digest)
    assert len(digests) == 7


def test_masks_whole_values_and_parts() -> None:
    secrets = {"12": "${PIN}", "s3cret": "${file:/run/x}", "s3cret-longer": "${LONG}"}
    value = {"a": "12", "b": "12 o'clock", "c": ["x-s3cret-longer", "s3cret/s3cret"], "d": 12, "e": True, "f": None}
    assert mask(value, secrets) == {
        "a": "${PIN}",
        "b": "12 o'clock",
        "c": ["x-${LONG}", "${file:/run/x}/${file:/run/x}"],
        "d": "${PIN}",
        "e": True,
        "f": None,
    }
