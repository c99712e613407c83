"""Documents as a whole: settings, modes, types, expressions, files that two nodes would share."""

from __future__ import annotations

import pytest

from conduix.spec.diagnostics import Diagnostic, DocumentError
from conduix.spec.loading import load_or_raise
from tests.unit.spec.catalogue import CATALOG, bad, good, only, read

ENDS = "source: {type: generate, count: 1}\nsink: {type: drop}\n"
ENDLESS = "source: {type: kafka, brokers: [x]}\nsink: {type: drop}\n"


def test_all_settings() -> None:
    spec = good(
        """
name: orders.eu-1
version: 1.10
description: 12
labels: {team: sales, build: 0.10, enabled: true}
type: realtime
parallelism: 3
checkpoint: {interval: 20ms, timeout: 1m}
restart: {max_restarts: 2, within_seconds: 60, backoff: {initial: 10ms, max: 1s}}
retry: {in_place: 1s, max_elapsed: 5m, max_attempts: 1}
drain_timeout: 3s
mailbox: 4
state: {store: 'file:///state'}
dlq: {type: file, path: 'dead-{shard}.jsonl', max_ratio: 0.25}
"""
        + ENDLESS
    )
    assert (spec.name, spec.version, spec.description) == ("orders.eu-1", "1.10", "12")
    assert spec.labels == {"team": "sales", "build": "0.10", "enabled": "true"}
    assert (spec.mode, spec.parallelism, spec.mailbox, spec.drain_timeout) == ("realtime", 3, 4, 3.0)
    assert (spec.checkpoint.interval, spec.checkpoint.timeout) == (0.02, 60.0)
    assert (spec.supervision.max_restarts, spec.supervision.backoff.initial) == (2, 0.01)
    assert (spec.retry.in_place, spec.retry.max_elapsed, spec.state.store) == (1.0, 300.0, "file:///state")
    assert spec.dlq is not None
    assert (spec.dlq.id, spec.dlq.role, spec.dlq_max_ratio) == ("dlq", "sink", 0.25)
    assert spec.dlq.options.model_dump()["path"] == "dead-{shard}.jsonl"


def test_defaults() -> None:
    spec = good("name: a\ncheckpoint:\ndlq:\n" + ENDS)
    assert (spec.parallelism, spec.mailbox, spec.drain_timeout, spec.dlq) == (1, 2, 15.0, None)
    assert (spec.checkpoint.interval, spec.supervision.max_restarts, spec.retry.max_attempts) == (None, 5, 3)
    assert spec.nodes[0].where.path == "source"
    assert (spec.nodes[0].where.line, spec.nodes[0].where.column) == (4, 9)


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("name: a\n" + ENDS, "batch"),
        ("name: a\n" + ENDLESS, "realtime"),
        ("name: a\nmode: realtime\n" + ENDS, "realtime"),
        ("name: a\nsource: {type: generate}\nsink: {type: drop}", "realtime"),
    ],
)
def test_the_mode_follows_the_sources(text: str, mode: str) -> None:
    assert good(text).mode == mode


@pytest.mark.parametrize("key", ["mode", "type"])
def test_an_endless_source_cannot_run_as_batch(key: str) -> None:
    found = only(f"name: a\n{key}: batch\n" + ENDLESS)
    assert (found.code, found.line, found.path, found.suggestion) == ("MODE_NOT_SUPPORTED", 2, key, "mode: realtime")


@pytest.mark.parametrize(
    ("text", "code", "place", "suggestion"),
    [
        (ENDS, "MISSING_KEY", "1:1 name", "name: orders"),
        ("name: 5\n" + ENDS, "WRONG_TYPE", "1:7 name", '"5"'),
        ("name: orders eu\n" + ENDS, "INVALID_VALUE", "1:7 name", "orders-eu"),
        ("name: ../etc\n" + ENDS, "INVALID_VALUE", "1:7 name", "etc"),
        ("name: a\nmod: batch\n" + ENDS, "UNKNOWN_KEY", "2:1 mod", "mode"),
        ("name: a\nmode: bach\n" + ENDS, "INVALID_VALUE", "2:7 mode", "batch"),
        ("name: a\nmode: batch\ntype: batch\n" + ENDS, "CONFLICTING_KEYS", "3:1 type", ""),
        ("name: a\nrestart: {}\nsupervision: {}\n" + ENDS, "CONFLICTING_KEYS", "3:1 supervision", ""),
        ("name: a\nrestart: {max_restart: 1}\n" + ENDS, "UNKNOWN_KEY", "2:11 restart.max_restart", "max_restarts"),
        ("name: a\ncheckpoint: 10s\n" + ENDS, "WRONG_TYPE", "2:13 checkpoint", ""),
        ("name: a\ncheckpoint: {interval: 10}\n" + ENDS, "INVALID_VALUE", "2:24 checkpoint.interval", "10s"),
        ("name: a\nparallelism: 0\n" + ENDS, "INVALID_VALUE", "2:14 parallelism", ""),
        ("name: a\nparallelism: true\n" + ENDS, "WRONG_TYPE", "2:14 parallelism", ""),
        ("name: a\nlabels: {a: {b: c}}\n" + ENDS, "WRONG_TYPE", "2:13 labels.a", ""),
        ("name: a\nexpand: {for_each: record}\n" + ENDS, "NOT_SUPPORTED_YET", "2:1 expand", ""),
        ("name: a\ndlq: {type: file, path: x, max_ratio: 5}\n" + ENDS, "INVALID_VALUE", "2:39 dlq.max_ratio", "0.5"),
        ("name: a\ndlq: {type: fil, path: x}\n" + ENDS, "UNKNOWN_TYPE", "2:13 dlq.type", "file"),
        ("name: a\ndlq: {type: file}\n" + ENDS, "MISSING_KEY", "2:6 dlq.path", "path: "),
        ("name: a\nsource: {type: genrate}\nsink: {type: drop}", "UNKNOWN_TYPE", "2:16 source.type", "generate"),
        ("name: a\nsource: {type: drop}\nsink: {type: drop}", "UNKNOWN_TYPE", "2:16 source.type", ""),
        ("name: a\nsource: {type: generate, count: 1}\nsink: {type: elastic}", "MISSING_EXTRA", "3:14 sink.type", ""),
        (f"name: a\n{ENDS[:-2]}, id: dlq}}\ndlq: {{type: stub}}", "DUPLICATE_ID", "4:6 dlq", ""),
        ("[a, b]", "WRONG_TYPE", "1:1 ", ""),
        ("hello", "WRONG_TYPE", "1:1 ", ""),
        ("name: a", "DIALECT_UNKNOWN", "1:1 ", "source: "),
        ("name: a\nsinks: {x: {type: drop}}", "DIALECT_UNKNOWN", "1:1 ", "source: "),
        ("name: a\nsource: {type: drop}\nsources: {}", "DIALECT_MIXED", "3:1 sources", ""),
        ("name: a\nstages: []\ntransforms: {}", "DIALECT_MIXED", "3:1 transforms", ""),
        ("name: a\ntype: actor\npipeline: {children: []}", "MISSING_KEY", "3:11 pipeline.children", "children: "),
    ],
)  # fmt: skip
def test_mistakes(text: str, code: str, place: str, suggestion: str) -> None:
    found = only(text)
    assert (found.code, f"{found.line}:{found.column} {found.path}") == (code, place)
    assert found.suggestion.startswith(suggestion)


def test_a_missing_extra_says_what_to_install() -> None:
    found = only("name: a\nsource: {type: generate, count: 1}\nsink: {type: elastic}")
    assert "pip install 'conduix[elastic]'" in found.message


def test_a_type_of_another_role_is_named() -> None:
    assert "'filter' is a stage" in only("name: a\nsource: {type: generate, count: 1}\nsink: {type: filter}").message


def test_keys_of_later_parts_are_warnings() -> None:
    later = "resources: {}\non_isolation: pause\nsecrets: {}\ntests: []\ndata_type: x\nparent: y\n"
    loaded = read("name: a\n" + later + ENDS)
    assert loaded.spec is not None
    assert [(each.code, each.severity, each.line) for each in loaded.diagnostics] == [
        ("NO_EFFECT", "warning", line) for line in range(2, 8)
    ]


EXPRESSIONS = """name: a
source:
  type: generate
  count: 1
  mapping: 'root = )'
stages:
  - type: mapping
    when: this.a == )
    config:
      mapping: |
        root.id = this.id

        root.total = this.a *
  - type: filter
    condition: >-
      this.a == 1 &&
      this.b == )
  - type: router
    routes:
      - {name: x, when: "this.c == \\"é\\" )", next: k}
  - type: remap
    source: '. = parse_json!(.message'
sinks: [{id: k, type: drop}]
"""


def test_expressions_are_reported_in_the_yaml() -> None:
    found = [each for each in bad(EXPRESSIONS) if each.code == "MAPPING_SYNTAX"]
    assert [(each.line, each.column, each.path) for each in found] == [
        (5, 20, "source.mapping"),
        (8, 21, "stages[0].when"),
        (13, 30, "stages[0].config.mapping"),
        (17, 17, "stages[1].condition"),
        (20, 42, "stages[2].routes[0].when"),
        (22, 38, "stages[3].source"),
    ]


def test_expressions_are_checked_beside_wrong_options() -> None:
    found = bad("name: a\nsource: {type: generate, cuont: 1, mapping: 'root ='}\nsink: {type: drop}")
    assert {each.code for each in found} == {"UNKNOWN_KEY", "MAPPING_SYNTAX"}


def test_a_condition_must_be_text() -> None:
    stage = "stages: [{type: filter, condition: this.a, when: %s}]\n"
    assert only("name: a\n" + stage % "true" + ENDS).code == "WRONG_TYPE"
    spec = good("name: a\n" + stage % ".status == 1" + ENDS)
    assert (spec.nodes[1].when, spec.nodes[1].on_error) == (".status == 1", "dlq")


@pytest.mark.parametrize(
    ("sinks", "path"),
    [
        ("[{type: file, path: out/a}, {type: file, path: out//./a}]", "sinks[1].path"),
        ("[{type: file, path: ./in}]", "sinks[0].path"),
        ("[{type: file, path: dead}]", "dlq.path"),
    ],
)
def test_a_file_belongs_to_one_node(sinks: str, path: str) -> None:
    text = f"name: a\nsource: {{type: file, path: in}}\nsinks: {sinks}\ndlq: {{type: file, path: dead}}\n"
    found = only(text)
    assert (found.code, found.path) == ("SAME_PATH", path)


def test_replicas_need_a_file_for_each_shard() -> None:
    text = "name: a\nparallelism: 2\nsource: {type: generate, count: 1}\nsink: {type: file, path: %s}\n"
    found = only(text % "out.d/orders.jsonl")
    assert (found.code, found.path, found.suggestion) == ("SINK_NOT_SHARDED", "sink.path", "out.d/orders-{shard}.jsonl")
    assert only(text % "out.d/orders").suggestion == "out.d/orders-{shard}"
    good(text % "'out/{shard}.jsonl'")
    letters = text % "'out/{shard}.jsonl'" + "dlq: {type: file, path: dead.jsonl}\n"
    assert (only(letters).code, only(letters).path) == ("SINK_NOT_SHARDED", "dlq.path")


def test_what_could_not_be_read_is_reported_once() -> None:
    found = bad("name: a\nsource: {type: generate, count: 012}\nsink: {type: file, path: '${GONE}'}\nmailbox: no\n")
    assert [each.code for each in found] == ["YAML_AMBIGUOUS", "VARIABLE_UNSET", "YAML_AMBIGUOUS"]


def test_a_hundred_problems_are_enough() -> None:
    assert len(bad("name: a\n" + ENDS + "".join(f"k{i}: 1\n" for i in range(1000)))) == 100


def test_diagnostics_in_the_order_of_the_text() -> None:
    found = bad("nam: x\nsource: {type: fil}\nsink: {type: file, pth: 1}\nmode: no\n")
    assert [each.line for each in found] == sorted(each.line for each in found)


def test_how_a_diagnostic_prints() -> None:
    assert str(only("name: a\nmod: batch\n" + ENDS)) == (
        "doc.yaml:2:1: UNKNOWN_KEY: a document has no key 'mod' (mod) — write mode"
    )
    warning = Diagnostic("f", 1, 2, "", "NO_SINK", "no sink", severity="warning")
    assert str(warning) == "f:1:2: NO_SINK: warning: no sink"


def test_load_or_raise() -> None:
    spec = load_or_raise("name: a\n" + ENDS, file="f", catalog=CATALOG, env={})
    assert spec.name == "a"
    with pytest.raises(DocumentError) as refused:
        load_or_raise("resources: {}\n" + ENDS, file="f", catalog=CATALOG, env={})
    assert {each.code for each in refused.value.diagnostics} == {"NO_EFFECT", "MISSING_KEY"}
    assert "f:1:1: MISSING_KEY" in str(refused.value)
    assert refused.value.remedy
