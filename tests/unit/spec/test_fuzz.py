"""Whatever is in a document, loading it gives diagnostics with a place, never an exception."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from conduix.engine.catalog import default_catalog
from conduix.spec.loading import Loaded, load
from conduix.spec.nodes import LINE_BREAK
from conduix.spec.normal import normal_form
from tests.unit.spec.catalogue import CATALOG, read

pytestmark = pytest.mark.slow

LINEAR = """name: orders
mode: batch
labels: {team: sales}
checkpoint: {interval: 10s}
source: &in {type: file, path: "${DIR}/in.jsonl", format: jsonl}
stages:
  - {id: active, type: filter, config: {condition: 'this.status == "active"'}}
  - id: shape
    type: mapping
    when: this.a > 1
    config:
      mapping: |
        root.id = this.event_id
        root.total = this.items.map_each(i -> i.price * i.qty).sum()
  - id: r
    type: router
    config:
      mode: filter
      routes: [{name: a, when: this.a, next: k}, {name: b, next: [l, k]}]
      default: l
sinks:
  - {id: k, type: file, path: out/k.jsonl}
  - {id: l, type: drop}
dlq: {type: file, path: out/dead.jsonl}
"""
FLAT = """name: logs
sources: {in: {type: file, path: in.csv, format: csv}}
transforms:
  parse: {type: remap, inputs: [in], source: '. = parse_json!(.message)'}
  r:
    type: router
    inputs: parse
    routes: [{name: a, when: this.a}, {name: b}]
sinks:
  out: {type: file, inputs: [r.a, r.b], path: out.jsonl}
"""
ACTOR = """name: tree
type: actor
pipeline:
  name: top
  supervision: {strategy: one_for_one, max_restarts: 3}
  children:
    - {name: in, type: source, config: {source_type: file, path: in.jsonl}}
    - {name: keep, type: transform, transform_type: filter, condition: this.a, inputs: [in]}
    - {name: out, type: sink, restart: permanent, config: {sink_type: drop}}
"""
NESTED = ACTOR.replace(
    "    - {name: in, type",
    """    - name: below
      type: supervisor
      restart: transient
      supervision: {max_restarts: 1}
      children: [{name: other, type: source, source_type: generate, restart: temporary}]
    - {name: in, type""",
)
STEPS = """name: v2
type: batch
source: {type: file, path: in.jsonl}
steps:
  - {name: parse, transform: root = this, when: this.a}
  - {filter: this.b, on_error: drop}
  - {sample: 0.5}
  - {sample: {rate: 0.5, seed: 1}}
output: {type: stub}
"""
REALTIME = STEPS.replace("type: batch", "type: realtime\nrealtime: {id_field: id, dedup_storage: redis, dedup_ttl: 1h}")
DOCUMENTS = [LINEAR, FLAT, ACTOR, NESTED, STEPS, REALTIME]
PIECES = [
    *("a", "name", "source", "sink", "stages", "type", "file", "config", "inputs", "routes", "next", "dlq", "mode"),
    *(
        "steps",
        "output",
        "pipeline",
        "children",
        "supervision",
        "restart",
        "supervisor",
        "actor",
        "transform",
        "filter",
    ),
    *(":", ": ", "\n", "\n  ", "\n- ", " ", "[", "]", "{", "}", ",", "|", ">", "&x ", "*x", "<<", "!!str ", "!x", "?"),
    *('"', "'", "\\", "#", "%", "@", "`", "\t", "\r\n", "\x00", "\x85", "\u2028", "\ufeff", "\ud800", "é", "☺", "---"),
    *(
        "no",
        "012",
        "1:20",
        "1_0",
        "1e999",
        "~",
        "true",
        "-1",
        "0",
        "${A}",
        "${",
        "$${",
        "${B:x}",
        "${file:/}",
        "${! x }",
    ),
]

values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 2**65) | st.floats(allow_nan=False) | st.sampled_from(PIECES),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(PIECES[:23]), inner, max_size=3),
    max_leaves=5,
)


def check(text: str | bytes, loaded: Loaded) -> None:
    assert (loaded.spec is None) == bool(loaded.errors)
    decoded = text.decode(errors="replace") if isinstance(text, bytes) else text
    lines = LINE_BREAK.split(decoded.removeprefix("\ufeff"))
    for each in loaded.diagnostics:
        assert 1 <= each.line <= len(lines), each
        assert 1 <= each.column <= len(lines[each.line - 1]) + 1, each
        assert each.message
        assert "\n" not in each.message
    if loaded.spec:
        json.dumps(normal_form(loaded.spec))


def try_out(text: str | bytes) -> None:
    check(text, read(text, env={"A": "x", "DIR": "data"}))


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
@example("a: 'b\r")
@example("- |\n\n\n -")
def test_any_text(text: str) -> None:
    try_out(text)


@given(st.binary(max_size=40))
def test_any_bytes(text: bytes) -> None:
    try_out(text)


@given(st.sampled_from(DOCUMENTS), st.data())
def test_mutated_text(document: str, data: st.DataObject) -> None:
    """Characters lost, put in and doubled, lines moved."""
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(document)))
        end = data.draw(st.integers(start, min(len(document), start + 12)))
        document = (
            document[:start] + data.draw(st.sampled_from(["", *PIECES, document[start:end] * 2])) + document[end:]
        )
    try_out(document)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, child in children for place in places(child, (*path, key)))]


def put(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    changed = dict(tree) if isinstance(tree, dict) else list(tree)
    changed[path[0]] = put(changed[path[0]], path[1:], value)
    return changed


@given(st.sampled_from(DOCUMENTS), st.data())
def test_mutated_trees(document: str, data: st.DataObject) -> None:
    """Any value anywhere."""
    tree = yaml.safe_load(document)
    for _ in range(data.draw(st.integers(1, 3))):
        tree = put(tree, data.draw(st.sampled_from(places(tree))), data.draw(values))
    try_out(json.dumps(tree) if data.draw(st.booleans()) else yaml.safe_dump(tree, allow_unicode=True))


@given(
    st.lists(st.sampled_from([*PIECES, "source.path", "stages.active", "stages[0]", "=", "."]), max_size=6).map("".join)
)
def test_any_override(override: str) -> None:
    loaded = read(LINEAR, override, env={"A": "x", "DIR": "data"})
    assert (loaded.spec is None) == bool(loaded.errors)


def test_the_documents_load_with_what_is_installed() -> None:
    for document in (LINEAR, FLAT, ACTOR, STEPS):
        assert load(document, file="f", catalog=CATALOG, env={"DIR": "x"}).diagnostics == ()
        assert load(document, file="f", catalog=default_catalog(), env={"DIR": "x"}).errors == ()
