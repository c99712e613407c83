"""Options against their models: every mistake at its key or value, in words a person can act on."""

from __future__ import annotations

import pytest

from tests.unit.spec.catalogue import bad, good, only

HEAD = "name: a\nsource: {type: generate, count: 1}\n"
KAFKA = "name: a\nsource: {type: kafka, brokers: %s}\nsink: {type: drop}"


def sink(options: str) -> str:
    return f"{HEAD}sink: {{type: file, {options}}}\n"


@pytest.mark.parametrize(
    ("text", "code", "place", "suggestion"),
    [
        (sink("pth: x"), "UNKNOWN_KEY", "3:20 sink.pth", "path"),
        (sink("config: {pth: x}"), "UNKNOWN_KEY", "3:29 sink.config.pth", "path"),
        (sink("path: y, buffer: {max_event: 1}"), "UNKNOWN_KEY", "3:38 sink.buffer.max_event", "max_events"),
        (sink("path: y, on_eror: drop"), "UNKNOWN_KEY", "3:29 sink.on_eror", "on_error"),
        (sink("format: csv"), "MISSING_KEY", "3:7 sink.path", "path: out/orders.jsonl"),
        (sink("path: 5"), "WRONG_TYPE", "3:26 sink.path", '"5"'),
        (sink("path: true"), "WRONG_TYPE", "3:26 sink.path", '"true"'),
        (sink("path: 1.10"), "WRONG_TYPE", "3:26 sink.path", '"1.10"'),
        (sink("path: [x]"), "WRONG_TYPE", "3:26 sink.path", ""),
        (sink("path: "), "WRONG_TYPE", "3:26 sink.path", ""),
        (sink("path: x, buffer: 5"), "WRONG_TYPE", "3:37 sink.buffer", ""),
        (sink("path: x, buffer: {max_events: many}"), "WRONG_TYPE", "3:50 sink.buffer.max_events", ""),
        (sink("path: x, buffer: {max_events: 1.5}"), "WRONG_TYPE", "3:50 sink.buffer.max_events", ""),
        (sink("path: x, buffer: {max_events: true}"), "WRONG_TYPE", "3:50 sink.buffer.max_events", ""),
        (sink("path: x, format: jsnl"), "INVALID_VALUE", "3:37 sink.format", "jsonl"),
        (sink("path: x, format: 5"), "INVALID_VALUE", "3:37 sink.format", ""),
        (sink("path: x, buffer: {timeout: 5}"), "INVALID_VALUE", "3:47 sink.buffer.timeout", "5s or another"),
        (sink("path: x, buffer: {timeout: soon}"), "INVALID_VALUE", "3:47 sink.buffer.timeout", "for example 250ms"),
        (HEAD.replace("1", "5000") + "sink: {type: drop}", "INVALID_VALUE", "2:33 source.count", ""),
        (HEAD.replace("1", "-1") + "sink: {type: drop}", "INVALID_VALUE", "2:33 source.count", ""),
        (HEAD.replace("1", "[1]") + "sink: {type: drop}", "WRONG_TYPE", "2:33 source.count", ""),
        (KAFKA % "[]", "INVALID_VALUE", "2:32 source.brokers", ""),
        (KAFKA % "x", "WRONG_TYPE", "2:32 source.brokers", ""),
        (KAFKA % "[1]", "WRONG_TYPE", "2:33 source.brokers[0]", '"1"'),
        (HEAD + "sink: {type: http, url: x, headers: {a: 1}}", "WRONG_TYPE", "3:41 sink.headers.a", '"1"'),
    ],
)  # fmt: skip
def test_mistakes(text: str, code: str, place: str, suggestion: str) -> None:
    found = only(text)
    assert (found.code, f"{found.line}:{found.column} {found.path}") == (code, place)
    assert found.suggestion.startswith(suggestion)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (sink("path: [x]"), "path must be a text, found a list"),
        (sink("path: x, buffer: {max_events: many}"), "max_events must be a whole number, found the text 'many'"),
        (sink("path: x, format: jsnl"), "format must be 'jsonl' or 'csv', found the text 'jsnl'"),
        (HEAD.replace("1", "5000") + "sink: {type: drop}", "count must be at most 1000, found 5000"),
        (sink("path: x, nonsense: 1"), "the sink file has no option 'nonsense'; it has buffer, format, path"),
        (sink("path: x, buffer: {timeout: 5}"), "5 has no unit"),
    ],
)
def test_words(text: str, message: str) -> None:
    assert only(text).message == message


def test_members_of_a_union_are_one_problem() -> None:
    """`next` may be a text or a list of texts: the wrong type is one mistake, not two."""
    routes = "routes: [{name: a, next: 5}, {name: b, next: [x, 6]}]"
    found = bad(f"{HEAD}stages: [{{id: r, type: router, {routes}}}]\nsinks: [{{id: x, type: drop}}]")
    wrong = [each for each in found if each.code == "WRONG_TYPE"]
    assert [(each.path, each.message) for each in wrong] == [
        ("stages[0].routes[0].next", "next must be a text or a list, found the number 5"),
        ("stages[0].routes[1].next[1]", "next[1] must be a text, found the number 6"),
    ]


def test_all_options_are_reported_at_once() -> None:
    found = bad(sink("to: x, format: jsnl, buffer: {timeout: 5, max: 1}"))
    assert [each.code for each in found] == [
        "MISSING_KEY",
        "UNKNOWN_KEY",
        "INVALID_VALUE",
        "INVALID_VALUE",
        "UNKNOWN_KEY",
    ]


def test_aliases_of_options() -> None:
    for name in ("start_offset", "auto_offset_reset"):
        spec = good(f"name: a\nsource: {{type: kafka, brokers: [x], {name}: latest}}\nsink: {{type: drop}}")
        assert spec.nodes[0].options.model_dump()["offset"] == "latest"
    found = only("name: a\nsource: {type: kafka, brokers: [x], auto_ofset_reset: latest}\nsink: {type: drop}")
    assert found.suggestion == "auto_offset_reset"
