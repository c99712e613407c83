"""The linear form: who reads whom, with and without routers."""

from __future__ import annotations

import pytest

from tests.unit.spec.catalogue import bad, edges, good, only, read

HEAD = "name: a\nsource: {type: file, path: in.jsonl}\n"
ROUTER = "{id: r, type: router, mode: filter, routes: [%s]}"


def filter_(name: str) -> str:
    return f"{{id: {name}, type: filter, condition: this.x}}"


def sinks(*names: str) -> str:
    return "sinks:\n" + "".join(f"  - {{id: {name}, type: file, path: {name}.jsonl}}\n" for name in names)


def stages(*items: str) -> str:
    return "stages:\n" + "".join(f"  - {item}\n" for item in items)


def test_a_chain() -> None:
    spec = good(HEAD + stages(filter_("one"), filter_("two")) + "sink: {type: file, path: out}\n")
    assert edges(spec) == {"source": [], "one": ["source"], "two": ["one"], "file": ["two"]}
    assert [node.role for node in spec.nodes] == ["source", "stage", "stage", "sink"]


def test_no_stages_and_several_sinks() -> None:
    assert edges(good(HEAD + sinks("x", "y"))) == {"source": [], "x": ["source"], "y": ["source"]}
    assert edges(good(HEAD + "stages:\nsinks:\n  - {type: drop}\n")) == {"source": [], "drop": ["source"]}
    assert edges(good(HEAD + "sink: [{type: drop}, {type: stub}]\n"))["stub"] == ["source"]


def test_ids_come_from_names_and_types() -> None:
    spec = good(
        HEAD
        + stages(
            "{type: filter, condition: this.a}",
            "{name: named, type: filter, condition: this.a}",
            "{type: filter, condition: this.b}",
            "{id: filter-3, type: filter, condition: this.b}",
            "{type: filter, condition: this.c}",
            "{id: same, name: same, type: transform, mapping: root = this}",
        )
        + "sink: {type: drop}"
    )
    assert [node.id for node in spec.nodes] == [
        *("source", "filter", "named", "filter-2", "filter-3", "filter-4", "same", "drop")
    ]
    assert spec.nodes[-2].type == "mapping"


def test_options_beside_type_or_under_config() -> None:
    spec = good(HEAD + stages("{type: sample, config: {rate: 0.5}, seed: 3}") + "sink: {type: drop, config: }")
    assert spec.nodes[1].options.model_dump() == {"rate": 0.5, "seed": 3}


def test_an_option_twice() -> None:
    found = only(HEAD + stages("{type: sample, rate: 0.1, config: {rate: 0.5}}") + "sink: {type: drop}")
    assert (found.code, found.line, found.path) == ("CONFLICTING_KEYS", 4, "stages[0].config.rate")


def test_routes_to_stages_and_sinks() -> None:
    """From a named stage the chain runs on to the next named one or the end, then to the sinks nobody named."""
    spec = good(
        HEAD
        + stages(
            filter_("first"),
            ROUTER % "{name: a, when: this.a, next: s1}, {name: b, next: [s3, k1]}, {name: c, next: k1}",
            filter_("s1"),
            filter_("s2"),
            filter_("s3"),
        )
        + sinks("k1", "k2")
    )
    assert edges(spec) == {
        "source": [],
        "first": ["source"],
        "r": ["first"],
        "s1": ["r.a"],
        "s2": ["s1"],
        "s3": ["r.b"],
        "k1": ["r.b", "r.c"],
        "k2": ["s2", "s3"],
    }


@pytest.mark.parametrize("default", ["rest", "{next: rest}", "{next: [rest]}"])
def test_the_default_route(default: str) -> None:
    router = f"{{id: r, type: router, routes: [{{name: a, when: this.a, next: k1}}], default: {default}}}"
    assert edges(good(HEAD + stages(router) + sinks("k1", "rest")))["rest"] == ["r.default"]


def test_a_router_behind_a_route() -> None:
    spec = good(
        HEAD
        + stages(
            ROUTER % "{name: a, next: inner}, {name: b, next: k2}",
            "{id: inner, type: router, mode: fan_out, routes: [{name: c, next: k1}, {name: d, next: k2}]}",
        )
        + sinks("k1", "k2")
    )
    assert edges(spec) == {
        "source": [],
        "r": ["source"],
        "inner": ["r.a"],
        "k1": ["inner.c"],
        "k2": ["r.b", "inner.d"],
    }


def test_no_sink_is_a_stub_and_a_warning() -> None:
    loaded = read(HEAD + stages(filter_("one")))
    assert loaded.spec is not None
    assert edges(loaded.spec)["stub"] == ["one"]
    assert [(each.code, each.severity) for each in loaded.diagnostics] == [("NO_SINK", "warning")]


def test_no_sink_behind_routes() -> None:
    loaded = read(HEAD + stages(ROUTER % "{name: a, next: s1}, {name: b, next: s2}", filter_("s1"), filter_("s2")))
    assert loaded.spec is not None
    assert edges(loaded.spec)["stub"] == ["s1", "s2"]


def test_a_sink_may_end_a_chain_among_the_stages() -> None:
    spec = good(
        HEAD
        + stages(
            ROUTER % "{name: a, next: es}, {name: b, next: agg}",
            "{id: es, type: file, config: {path: es}}",
            filter_("agg"),
            "{type: file, path: agg}",
        )
    )
    assert edges(spec) == {"source": [], "r": ["source"], "es": ["r.a"], "agg": ["r.b"], "file": ["agg"]}
    assert {node.id for node in spec.role("sink")} == {"es", "file"}


def test_a_sink_that_should_pass_records_on() -> None:
    found = only(HEAD + stages("{id: k, type: drop}", filter_("one")) + "sink: {type: stub}")
    assert (found.code, found.line, found.path) == ("SINK_IN_CHAIN", 4, "stages[0]")
    found = only(HEAD + stages("{id: k, type: drop}") + "sink: {type: stub}")
    assert found.code == "SINK_IN_CHAIN"


def test_unknown_target() -> None:
    router = ROUTER % "{name: a, next: errrors}, {name: b, next: [k2, source]}"
    found = bad(HEAD + stages(router) + sinks("errors", "k2"))
    assert [(each.code, each.path, each.suggestion) for each in found if each.code == "UNKNOWN_TARGET"] == [
        ("UNKNOWN_TARGET", "stages[0].routes[0].next", "errors"),
        ("UNKNOWN_TARGET", "stages[0].routes[1].next[1]", ""),
    ]


def test_a_route_without_target() -> None:
    found = only(HEAD + stages(ROUTER % "{name: a, next: k1}, {name: b}") + sinks("k1"))
    assert (found.code, found.path) == ("ROUTE_WITHOUT_TARGET", "stages[0].routes[1]")
    found = only(
        HEAD + stages("{id: r, type: router, routes: [{name: a, when: this.a, next: k1}], default: {}}") + sinks("k1")
    )
    assert (found.code, found.path) == ("ROUTE_WITHOUT_TARGET", "stages[0].default")


def test_after_a_router_only_named_stages_are_reached() -> None:
    found = only(HEAD + stages(ROUTER % "{name: a, next: k1}", filter_("lost"), filter_("too")) + sinks("k1"))
    assert (found.code, found.line, found.suggestion) == ("UNREACHABLE", 5, "next: lost in one of its routes")


def test_a_sink_that_nothing_leads_to() -> None:
    found = only(HEAD + stages(ROUTER % "{name: a, next: k1}") + sinks("k1", "k2"))
    assert (found.code, found.path, found.suggestion) == ("UNREACHABLE", "sinks[1]", "next: k2 in a route")


def test_a_chain_that_nobody_reads() -> None:
    found = only(HEAD + stages(ROUTER % "{name: a, next: k1}, {name: b, next: s}", filter_("s")) + sinks("k1"))
    assert (found.code, found.path) == ("UNREAD_OUTPUT", "stages[1]")


def test_a_cycle_of_routes() -> None:
    found = bad(HEAD + stages(filter_("s"), ROUTER % "{name: a, next: s}, {name: b, next: k}") + sinks("k"))
    assert "s → r → s" in next(each.message for each in found if each.code == "CYCLE")


@pytest.mark.parametrize(
    ("text", "code", "line", "column", "path"),
    [
        ("name: a\nstages: []\nsink: {type: drop}", "MISSING_KEY", 1, 1, "source"),
        ("name: a\nsource:\nsink: {type: drop}", "WRONG_TYPE", 2, 8, "source"),
        ("name: a\nsource: file\nsink: {type: drop}", "WRONG_TYPE", 2, 9, "source"),
        (HEAD + "stages: {}\nsink: {type: drop}", "WRONG_TYPE", 3, 9, "stages"),
        (HEAD + "stages: [filter]\nsink: {type: drop}", "WRONG_TYPE", 3, 10, "stages[0]"),
        (HEAD + "sink: {path: x}", "MISSING_KEY", 3, 7, "sink.type"),
        (HEAD + "sink: {type: 5}", "WRONG_TYPE", 3, 14, "sink.type"),
        (HEAD + "sink: {type: [file]}", "WRONG_TYPE", 3, 14, "sink.type"),
        (HEAD + "sink: {type: drop, config: 5}", "WRONG_TYPE", 3, 28, "sink.config"),
        (HEAD + "sink: {id: [a], type: drop}", "WRONG_TYPE", 3, 12, "sink.id"),
        (HEAD + "sink: {id: 5, type: drop}", "WRONG_TYPE", 3, 12, "sink.id"),
        (HEAD + "sink: {id: a b, type: drop}", "INVALID_ID", 3, 12, "sink.id"),
        (HEAD + "sink: {id: r.a, type: drop}", "INVALID_ID", 3, 12, "sink.id"),
        (HEAD + "sink: {id: a, name: b, type: drop}", "CONFLICTING_KEYS", 3, 15, "sink.name"),
        (HEAD + "sink: {id: source, type: drop}", "DUPLICATE_ID", 3, 7, "sink"),
        (HEAD + "sink: {type: drop, when: this.a}", "UNKNOWN_KEY", 3, 20, "sink.when"),
        (HEAD + "sink: {type: drop, inputs: [source]}", "UNKNOWN_KEY", 3, 20, "sink.inputs"),
        (HEAD + "sink: {type: drop, on_error: pass}", "INVALID_VALUE", 3, 30, "sink.on_error"),
        (HEAD + "sink: {type: drop}\nsinks: []", "CONFLICTING_KEYS", 3, 1, "sink"),
        (HEAD[:-2] + ", on_error: drop}\nsink: {type: drop}", "UNKNOWN_KEY", 2, 38, "source.on_error"),
    ],
)  # fmt: skip
def test_mistakes(text: str, code: str, line: int, column: int, path: str) -> None:
    found = only(text)
    assert (found.code, found.line, found.column, found.path) == (code, line, column, path)
