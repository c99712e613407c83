"""The flat form: nodes by name, wired by `inputs`."""

from __future__ import annotations

import pytest

from tests.unit.spec.catalogue import bad, edges, good, only, read

SOURCES = "name: a\nsources:\n  in: {type: file, path: in.jsonl}\n"
SINK = "sinks:\n  out: {type: drop, inputs: [%s]}\n"
ROUTER = """transforms:
  r:
    type: router
    inputs: in
    routes: [{name: a, when: this.a}, {name: b, when: this.b}]
"""

NEXT = ROUTER.replace("}]", ", next: out}]")


def test_a_graph() -> None:
    spec = good(
        """
version: "1.0"
name: "log-pipeline"
sinks:
  out: {type: file, inputs: ["big", "small", "other"], path: out.jsonl}
transforms:
  big: {type: filter, inputs: ["shape"], condition: this.size > 10}
  small: {type: filter, inputs: shape, config: {condition: this.size < 5}}
  shape: {type: remap, inputs: ["in"], source: '. = parse_json!(.message)'}
sources:
  in: {type: file, path: a}
  other: {type: generate, count: 1}
"""
    )
    assert [node.id for node in spec.nodes] == ["in", "other", "shape", "big", "small", "out"]
    assert edges(spec)["out"] == ["big", "small", "other"]
    assert spec.version == "1.0"


def test_routes_are_named_in_inputs() -> None:
    spec = good(
        SOURCES + ROUTER + "sinks:\n  x: {type: drop, inputs: [r.a]}\n  y: {type: stub, inputs: [r.b, r.default]}\n"
    )
    assert edges(spec) == {"in": [], "r": ["in"], "x": ["r.a"], "y": ["r.b", "r.default"]}


def test_both_forms_of_one_pipeline_have_one_digest() -> None:
    flat = good(SOURCES + ROUTER + "sinks:\n  x: {type: drop, inputs: [r.a]}\n  y: {type: stub, inputs: [r.b]}\n")
    linear = good(
        """
name: a
source: {id: in, type: file, path: in.jsonl}
stages:
  - id: r
    type: router
    config:
      routes: [{name: a, when: this.a, next: x}, {name: b, when: this.b, next: [y]}]
sinks: [{id: x, type: drop}, {id: y, type: stub}]
"""
    )
    assert flat.digest == linear.digest


def test_no_sink_is_a_stub_for_all_that_is_unread() -> None:
    loaded = read(SOURCES + ROUTER + "  t: {type: filter, inputs: [r.a], condition: this.x}\n")
    assert loaded.spec is not None
    assert edges(loaded.spec)["stub"] == ["r.b", "t"]
    assert [each.code for each in loaded.diagnostics] == ["NO_SINK"]


def test_a_cycle_names_its_nodes() -> None:
    text = """transforms:
  x: {type: filter, inputs: [in, z], condition: this.x}
  y: {type: filter, inputs: [x], condition: this.x}
  z: {type: filter, inputs: [y], condition: this.x}
"""
    found = only(SOURCES + text + SINK % "z")
    assert (found.code, found.line, found.column, found.path) == ("CYCLE", 5, 34, "transforms.x.inputs[1]")
    assert "x → y → z → x" in found.message


@pytest.mark.parametrize(
    ("text", "code", "place", "suggestion"),
    [
        (SOURCES + "sinks: {out: {type: drop}}", "MISSING_INPUT", "4:9 sinks.out.inputs", "inputs: ["),
        (SOURCES + "sinks: {out: {type: drop, inputs: []}}", "MISSING_INPUT", "4:35 sinks.out.inputs", "inputs: ["),
        (SOURCES + SINK % "inn", "UNKNOWN_INPUT", "5:30 sinks.out.inputs[0]", "in"),
        (SOURCES + SINK % "in.a", "UNKNOWN_PORT", "5:30 sinks.out.inputs[0]", "in"),
        (SOURCES + SINK % "in, in", "INVALID_VALUE", "5:34 sinks.out.inputs[1]", ""),
        (SOURCES + SINK % "5", "WRONG_TYPE", "5:30 sinks.out.inputs[0]", ""),
        (SOURCES + "  b: {type: file, inputs: [in]}\n" + SINK % "in, b", "UNKNOWN_KEY", "4:19 sources.b.inputs", ""),
        (SOURCES + "  b: {type: file, path: b}\n" + SINK % "in", "UNREAD_OUTPUT", "4:3 sources.b", "its id in"),
        (SOURCES + "  b.c: {type: file, path: b}\n" + SINK % "in", "INVALID_ID", '4:3 sources["b.c"]', "b-c"),
        (SOURCES + "  out: {type: file, path: b}\n" + SINK % "in", "DUPLICATE_ID", "6:3 sinks.out", "out-2"),
        (SOURCES + "  out: {id: o, type: file, path: b}\n" + SINK % "in", "UNKNOWN_KEY", "4:9 sources.out.id", ""),
        ("name: a\nsources: [x]\n" + SINK % "x", "WRONG_TYPE", "2:10 sources", ""),
        (SOURCES + ROUTER + SINK % "r", "UNKNOWN_PORT", "10:30 sinks.out.inputs[0]", "r.a"),
        (SOURCES + ROUTER + SINK % "r.c", "UNKNOWN_PORT", "10:30 sinks.out.inputs[0]", ""),
        (SOURCES + ROUTER + SINK % "r.a", "ROUTE_WITHOUT_TARGET", "8:39 transforms.r.routes[1]", ""),
        (SOURCES + NEXT + SINK % "r.a", "UNKNOWN_KEY", "8:69 transforms.r.routes[1].next", "inputs: [r.b]"),
    ],
)  # fmt: skip
def test_mistakes(text: str, code: str, place: str, suggestion: str) -> None:
    found = next(each for each in bad(text) if each.code == code)
    assert f"{found.line}:{found.column} {found.path}" == place
    assert found.suggestion.startswith(suggestion)


def test_a_misspelt_input_is_one_mistake() -> None:
    assert only(SOURCES + SINK % "inn").code == "UNKNOWN_INPUT"


def test_reading_a_sink() -> None:
    found = bad(SOURCES + "sinks:\n  x: {type: drop, inputs: [in]}\n  y: {type: drop, inputs: [x]}\n")
    assert [(each.code, each.path) for each in found] == [("UNKNOWN_INPUT", "sinks.y.inputs[0]")]


def test_without_sources() -> None:
    found = bad(
        "name: a\nsources: {}\ntransforms:\n  t: {type: filter, inputs: [t2], condition: this.a}\n" + SINK % "t"
    )
    assert {each.code for each in found} == {"UNKNOWN_INPUT", "MISSING_KEY"}
