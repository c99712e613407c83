"""Remaps: VRL's in-place spelling."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conduix.errors import MappingError, MappingSyntaxError
from conduix.mapping import parse_mapping, parse_remap
from conduix.mapping.interpret import Interpreter
from conduix.mapping.steps import MapStep
from conduix.mapping.values import DELETED, plain
from conduix.mapping.vrl import SAME, names
from tests.unit.compile.held import check


def remap(text: str, value: Any) -> Any:
    return plain(Interpreter(parse_remap(text)).run(value).value)


CASES: list[tuple[str, Any, Any]] = [
    (". = parse_json!(.message)", {"message": '{"a":1}'}, {"a": 1}),
    (".a = .b", {"b": 1}, {"b": 1, "a": 1}),
    (".a = .b\n.c = .a + 1", {"b": 1}, {"b": 1, "a": 1, "c": 2}),
    (".a.b.c = 1", {}, {"a": {"b": {"c": 1}}}),
    ('."odd name" = .a', {"a": 1}, {"a": 1, "odd name": 1}),
    ("del(.x)", {"x": 1, "y": 2}, {"y": 2}),
    ("del(.a.b)", {"a": {"b": 1, "c": 2}}, {"a": {"c": 2}}),
    (".new = del(.old)", {"old": 1}, {"new": 1}),
    (".x = del(.x)", {"x": 1}, {"x": 1}),
    ("if exists(.a) { .b = true } else { .b = false }", {"a": None}, {"a": None, "b": True}),
    ("if .a == 1 {\n  .b = 2\n} else if .a == 2 {\n  .b = 3\n}", {"a": 2}, {"a": 2, "b": 3}),
    (".n = to_int!(.s) ?? 0", {"s": "x"}, {"s": "x", "n": 0}),
    (".n = to_int(.s) ?? 0", {"s": "12.9"}, {"s": "12.9", "n": 12}),
    (".up = upcase!(.s); .down = downcase(.s)", {"s": "aB"}, {"s": "aB", "up": "AB", "down": "ab"}),
    ('.l = .missing || "default"', {}, {"l": "default"}),
    (".m = .a | .b", {"a": {"x": 1}, "b": {"x": 2}}, {"a": {"x": 1}, "b": {"x": 2}, "m": {"x": 2}}),
    ("total = .a * 2\n.total = total + 1", {"a": 2}, {"a": 2, "total": 5}),
    ('.k = if .a > 1 { "big" } else { "small" }', {"a": 2}, {"a": 2, "k": "big"}),
    ('.l = length(.a) + length("xy")', {"a": [1]}, {"a": [1], "l": 3}),
    ("# comment\n.a = 1 # end", {}, {"a": 1}),
    ('.t = to_unix_timestamp(parse_timestamp!(.d, format: "%Y-%m-%d"))', {"d": "1970-01-02"}, {"d": "1970-01-02",
    "t": 86400}),
    ('.f = format_timestamp!(.d, "%d.%m.%Y")', {"d": "2020-08-14T00:00:00Z"}, {"d": "2020-08-14T00:00:00Z",
    "f": "14.08.2020"}),
    ('.r = replace(.s, "a", "b")', {"s": "aa"}, {"s": "aa", "r": "bb"}),
    (".r = replace(.s, r'[0-9]+', \"#\")", {"s": "a12b3"}, {"s": "a12b3", "r": "a#b#"}),
    (".m = match(.s, r'^a\\d')", {"s": "a1"}, {"s": "a1", "m": True}),
    (".p = parse_regex!(.s, r'(?P<n>\\d+)')", {"s": "a12"}, {"s": "a12", "p": {"n": "12"}}),
    ('.s = split(.a, ",")\n.j = join!(.s, "-")', {"a": "x,y"}, {"a": "x,y", "s": ["x", "y"], "j": "x-y"}),
    (".a = push(.a, 2)\n.b = append(.a, [3])", {"a": [1]}, {"a": [1, 2], "b": [1, 2, 3]}),
    ('. = merge(., {"b": 2})', {"a": 1}, {"a": 1, "b": 2}),
    (".x = [is_null(.n), is_string(.s), is_array(.a), is_object(.), is_boolean(true)]", {"n": None, "s": "", "a": []},
     {"n": None, "s": "", "a": [], "x": [True, True, True, True, True]}),
    ('.a = to_string(.n)\n.b = to_string(5)\n.c = to_bool(.n)\n.d = to_float("1.5")', {"n": None}, {"n": None,
    "a": "", "b": "5", "c": False, "d": 1.5}),
    ('.h = md5("hello world")', {}, {"h": "5eb63bbbe01eeed093cb22bb8f5acdc3"}),
    ('.e = encode_json({"b": "<"})\n.b = decode_base64!(encode_base64("hi"))', {}, {"e": '{"b":"<"}', "b": "hi"}),
    ('.a = truncate("abcdef", 3)\n.b = slice!("abcdef", 1, 3)\n.c = mod(7, 3)', {}, {"a": "abc", "b": "bc",
    "c": 1}),
    (".s = string!(.s) + int!(.n).string()", {"s": "a", "n": 1}, None),
    ('.a = starts_with(.s, "a") && ends_with!(.s, value: "c")', {"s": "abc"}, None),
    ('assert!(.a == 1, "a must be 1")\n.ok = true', {"a": 1}, {"a": 1, "ok": True}),
    ('.u = strip_whitespace(" a ")\n.v = contains("abc", "b")', {}, {"u": "a", "v": True}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value", "result"), [case for case in CASES if case[2] is not None])
def test_a_remap(text: str, value: Any, result: Any) -> None:
    before = dict(value)
    assert remap(text, value) == result
    assert value == before


def test_a_record_that_is_nested_deep_fails_alone() -> None:
    deep = b'{"a":' * 900 + b"{}" + b"}" * 900 + b"\n"
    for text in (".b = compact({})", ".b = merge(., ., deep: true)"):
        outs, _, failed = check([MapStep("s", parse_remap(text))], b'{"a":{"b":1}}\n' + deep + b'{"c":2}\n')
        assert len(outs[0]) + len(failed) == 3
        assert all("nested too deep" in message for *_, message in failed)


def test_a_failing_function_fails_the_record() -> None:
    with pytest.raises(MappingError, match="failed to parse value as JSON") as caught:
        remap(".a = 1\n. = parse_json!(.message)", {"message": "no"})
    assert (caught.value.line, caught.value.column) == (2, 5)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("string!(.a)", "expected string value"),
        ('assert(.a == 2, "two!")', "two!"),
        ("assert(.a == 2)", "assertion failed"),
    ],
)
def test_an_assertion_fails_the_record(text: str, part: str) -> None:
    with pytest.raises(MappingError, match=part):
        remap(text, {"a": 1})


@pytest.mark.parametrize(
    ("text", "line", "column", "part"),
    [
        ("", 1, 1, "the remap is empty"),
        (".a = upcse(.b)", 1, 6, "did you mean `upcase`?"),
        (".a = zzz(.b)", 1, 6, "unrecognised function 'zzz'"),
        ("x.y = 1", 1, 3, "write `.field.name = value` for a field"),
        (".a = 1 + del(.b)", 1, 10, "write `name = del(.field)`"),
        ("del(5)", 1, 5, "expected a path such as `.field.name`"),
        ("del()", 1, 1, "write `del(.field)`"),
        ("exists(.a, .b)", 1, 1, "write `exists(.field)`"),
        ("exists(a)", 1, 8, "expected a path"),
        (".a = ", 1, 6, "expected query"),
        (".a = split(.b)", 1, 6, "`split` needs more arguments: write `split(value, pattern)`"),
        (".a = upcase(.b, .c)", 1, 6, "no such argument: write `upcase(value)`"),
        (".a = split(.b, pattern: r'x', most: 1)", 1, 6, "write `split(value, pattern, limit)`"),
        (".a = replace(.b, r'x', \"y\", 1)", 1, 6, "write `replace(value, pattern, with)`"),
        (".a = sha2(.b, .c, .d)", 1, 6, "no such argument: write `sha2(value, variant)`"),
        ("map m { . = 1 }", 1, 5, "a remap has no maps"),
        ("meta a = 1", 1, 6, "a remap sets fields"),
        (".a = 'x'", 1, 6, "double quotes"),
        (".a = r'x", 1, 6, ""),
    ],
)
def test_a_wrong_remap(text: str, line: int, column: int, part: str) -> None:
    with pytest.raises(MappingSyntaxError) as caught:
        parse_remap(text)
    assert part in caught.value.message
    assert (caught.value.line, caught.value.column) == (line, column) or not part


def test_a_mapping_does_not_read_this_spelling() -> None:
    for text in (".a = .b", "root = f!(this)", "root = a ?? b", "root = 1; this"):
        with pytest.raises(MappingSyntaxError):
            parse_mapping(text)


def test_the_names_are_listed() -> None:
    listed = names()
    assert {"upcase", "parse_json", "del", "exists", "abort", "round", "now", "get_hostname"} <= set(listed)
    assert "split_by_pattern" not in listed
    assert list(listed) == sorted(set(listed))
    assert len(listed) >= 120


@pytest.mark.parametrize(
    ("text", "value", "result"),
    [
        ("abort", {"a": 1}, DELETED),
        ("if .a == 1 { abort }\n.b = 2", {"a": 1}, DELETED),
        ("if .a == 1 { abort }\n.b = 2", {"a": 2}, {"a": 2, "b": 2}),
        ("if .a == 1 {\n  if .c { abort }\n  .b = 1\n} else { .b = 2 }\n.d = 3", {"a": 1, "c": True}, DELETED),
        ("if .a == 1 {\n  if .c { abort }\n  .b = 1\n} else { .b = 2 }\n.d = 3", {"a": 1, "c": False},
         {"a": 1, "c": False, "b": 1, "d": 3}),
        # nothing after it is done, so nothing after it fails
        ('if .a == 1 { abort }\n.b = parse_json!("no")', {"a": 1}, DELETED),
        ("x = 1\nif .a == 1 { x = 2 } else { abort }\n.b = x", {"a": 1}, {"a": 1, "b": 2}),
    ],
)  # fmt: skip
def test_abort_drops_the_record_and_ends(text: str, value: Any, result: Any) -> None:
    assert Interpreter(parse_remap(text)).run(value).value == result
    lines = json.dumps(value).encode() + b"\n"
    outs, filtered, failed = check([MapStep("s", parse_remap(text))], lines)
    assert (outs, filtered, failed) == (([[]], [1], []) if result is DELETED else ([[result]], [0], []))


def test_a_method_that_means_the_same_takes_all_its_arguments() -> None:
    for name, same in SAME.items():
        parse_remap(f".a = {name}({', '.join(f'.{each}' for each in same.parameters)})")
        with pytest.raises(MappingSyntaxError, match="no such argument"):
            parse_remap(f".a = {name}(.a, nonsense: 1)")
