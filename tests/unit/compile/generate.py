"""Strategies of hypothesis for mappings that mostly work, and for records that mostly fit them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from hypothesis import strategies as st

from conduix.mapping import parse_mapping
from conduix.mapping.interpret import Interpreter

# records

NUMBERS = st.one_of(
    st.integers(-50, 50),
    st.floats(-100, 100).map(lambda x: round(x, 2)),
    st.sampled_from([0.5, -0.0, 1.0, 2.5, 2**53, 2**53 + 1, -(2**53), 2**63 - 1, 2**64 - 1, 2**64, 2**70]),
    st.sampled_from([1e15, 1e300, -1e300, 5e-324, 0.49999999999999994]),
)
STRINGS = st.one_of(
    st.sampled_from(
        ["", "a", "active", "Straße", "x-y-z", "12", "-1.5", "007", " 5", "1e3", "NaN", "é\u2028", "a b c"]
    ),
    st.sampled_from(["2025-04-17T02:24:01Z", "2025-02-30T02:24:01Z", "2025-04-17T02:24:01+02:00", "2025-04-17"]),
    st.text(max_size=6),
)
_ODD: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    NUMBERS,
    STRINGS,
    st.lists(NUMBERS, max_size=2),
    st.dictionaries(st.sampled_from("spn"), NUMBERS, max_size=2),
)


def _mostly(usual: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(*[usual] * 6, _ODD)


_ITEM = st.fixed_dictionaries({"p": _mostly(NUMBERS), "q": _mostly(NUMBERS)}, optional={"s": _mostly(STRINGS)})
_INNER = st.fixed_dictionaries(
    {"s": _mostly(STRINGS)}, optional={"n": _mostly(NUMBERS), "d": st.fixed_dictionaries({"t": STRINGS})}
)
OBJECTS: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {"s": _mostly(STRINGS), "n": _mostly(NUMBERS), "m": _mostly(NUMBERS)},
    optional={
        "t": _mostly(STRINGS),
        "b": _mostly(st.booleans()),
        "o": _mostly(_INNER),
        "ns": _mostly(st.lists(NUMBERS, max_size=4)),
        "items": _mostly(st.lists(_mostly(_ITEM), max_size=4)),
        "at": _mostly(STRINGS),
        'q"k': NUMBERS,
        "any": _ODD,
    },
)
RECORDS = st.one_of(*[OBJECTS] * 8, _ODD)
_NO_RECORDS = st.sampled_from(
    [b"", b"  ", b"nope", b"{", b'{"s":"a"}{"s":"b"}', b'{"s":', b"[1,", b"NaN", b'{"n":01}', b'\xef\xbb\xbf{"n":1}']
)
_HALF_RECORDS = st.sampled_from(
    [
        b'{"s":"\xff","n":1}',
        b'{"zz":"\xff","s":"a","n":1,"m":2}',
        b'{"zz":1e999,"s":"a","n":1,"m":2}',
        b'{"n":1e999}',
        b'{"s":"\\ud800"}',
    ]
)


def lines(records: Sequence[Any]) -> bytes:
    """Records, and lines (as bytes) that are none, as JSON lines."""
    return b"".join(
        (record if isinstance(record, bytes) else msgspec.json.encode(record)) + b"\n" for record in records
    )


BATCHES = st.lists(st.one_of(*[RECORDS] * 6, _NO_RECORDS, _HALF_RECORDS), min_size=1, max_size=6).map(lines)

# expressions: <t> stands for a text, <n> for a number, <b> for a bool, <v> for any value

_LEAVES: Mapping[str, Sequence[str]] = {
    "t": ["this.s", "this.t", "this.o.s", "this.o.d.t", '"x"', '"a-b"', "s", "this.at"],
    "n": ["this.n", "this.m", "this.o.n", "0", "1", "2.5", "-3", "100", "this.items.length()", "this.s.length()"],
    "b": ["this.b", 'this.s == "a"', "this.n > 1", "this.t != null", "true", 'this.exists("o.s")', "this.n == this.m"],
    "v": ["this", "this.o", "this.items", "this.any", "this.n", "null", "[1, 2]", '{"k": 1}', 'this."q\\"k"'],
}  # fmt: skip
_NODES: Mapping[str, Sequence[str]] = {
    "t": [
        "<t>.uppercase()", "<t>.lowercase()", "<t>.trim()", '<t>.replace_all("-", "_")', '<t>.replace_all("a", "bbb")',
        "(<t> + <t>)", "<n>.string()", "<v>.type()", '<t>.split("-").map_each(w -> w.uppercase()).join("+")',
        '"%s/%v".format(<t>, <v>)', '<t>.hash("sha256").encode("hex")', "(if <b> { <t> } else { <t> })",
        '(match <t> { "a" => <t>, "active" => "yes", _ => <t> })', "(<t> | <t>)", '<t>.or("none")', '<t>.catch("bad")',
        "<t>.slice(0, 2)", '<t>.re_replace_all("[aeiou]", "*")',
    ],
    "n": [
        "(<n> + <n>)", "(<n> - <n>)", "(<n> * <n>)", "(<n> / <n>)", "(<n> / 10)", "(<n> % <n>)", "-<n>", "<n>.round()",
        "<n>.floor()", "<n>.ceil()", "<n>.abs()", "<t>.number()", "<v>.number().catch(0)", "(<n> | 7)",
        "this.items.map_each(i -> i.p * i.q).sum()", "this.items.map_each(i -> i.q).sum()",
        "this.items.map_each(i -> i.p - 1).sum()", "this.items.map_each(i -> i.s.length()).sum()", "this.ns.sum()",
        "this.ns.map_each(x -> x * 2).filter(x -> x > 1).sum()", "this.ns.length()", "this.ns.max()",
        'this.at.ts_parse("2006-01-02T15:04:05Z").ts_unix()', 'this.at.ts_parse("2006-01-02T15:04:05Z07:00").ts_unix()',
        "this.ns.filter(x -> x != null).length()", "(if <b> { <n> } else { <n> })", "<n>.(x -> x + <n>)",
    ],
    "b": [
        "(<n> == <n>)", "(<n> != <n>)", "(<n> < <n>)", "(<n> >= <n>)", "(<t> == <t>)", "(<t> != <t>)", "(<t> < <t>)",
        "(<v> == <v>)", "(<v> != <v>)", "(<v> < <v>)", "(<b> && <b>)", "(<b> || <b>)", "!<b>", '<t>.contains("a")',
        '<t>.has_prefix("a")', '["a", "active"].contains(<v>)', '<t>.re_match("^[a-z]")', "(<b> == true)", "(1 == <v>)",
    ],
    "v": [
        "<n>", "<t>", "<b>", "[<v>, <n>]", '{"k": <v>, "l": <t>}', "{<t>: <v>}", "(if <b> { <v> } else { <v> })",
        "(<v> | <v>)", "this.ns.0", "this.o.d",
        'this.items.map_each(i -> {"p": i.p, "big": i.p > 1, "t": i.s | "-"}).filter(i -> i.big)',
        "this.items.map_each(i -> if i.p > 1 { deleted() } else { i.q })",
        "this.items.map_each(i -> if i.p > 1 { i.q })",
        'this.without("o.s", "t")', 'this.at.ts_parse("2006-01-02")', "this.ns.sort()",
        "this.items.sort_by(i -> i.p).index(0)",
        "this.items.filter(i -> i.q != 0).map_each(i -> i.p / i.q)", "this.o.map_each(i -> i.value)",
        "this.ns.fold(0, i -> i.tally + i.value)", "(if <b> { 1 })", "(if <b> { deleted() } else { 2 })",
        "this.items.map_each(i -> i).length()", "this.missing.deeper", "this.items.map_each(i -> this.n)",
    ],
}  # fmt: skip
_HOLE = re.compile(r"<([tnbv])>")


@st.composite
def _expression(draw: st.DrawFn, kind: str, depth: int = 2) -> str:
    templates = [*_LEAVES[kind], *(_NODES[kind] if depth else ())]
    return _HOLE.sub(lambda hole: draw(_expression(hole[1], depth - 1)), draw(st.sampled_from(templates)))


VALUES = _expression("v")
CONDITIONS = _expression("b")

# statements

_TARGETS = st.sampled_from(
    [
        "root.a",
        "root.b",
        "root.c",
        "root.a.x",
        "root.d.x",
        "root.d.y",
        "root.o.s",
        "root.s",
        "root.items",
        "let v",
        "let w",
    ]
)
_ASSIGN = st.builds("{} = {}".format, _TARGETS, VALUES)
_STATEMENTS: st.SearchStrategy[str] = st.one_of(
    *[_ASSIGN] * 4,
    st.sampled_from(["root.s = deleted()", "root.o.s = deleted()", "root.a = deleted()", "root.missing.x = deleted()"]),
    st.sampled_from(["root.a = $v", "root.e = $v", "root.e = root.a", 'root.f = this.n.apply("twice")', "root = this"]),
    st.builds("if {} {{\n  {}\n}} else {{\n  {}\n}}".format, CONDITIONS, _ASSIGN, _ASSIGN),
    st.builds("if {} {{\n  {}\n}}".format, CONDITIONS, _ASSIGN),
    st.builds("root = if {} {{ deleted() }}".format, CONDITIONS),
    st.builds("root = {}".format, VALUES),
)
_MAP = "map twice {\n  root = if this == null { 0 } else { this * 2 }\n}\n"
_BEGINNINGS = st.sampled_from([_MAP, f"{_MAP}root = this\n", f"{_MAP}let v = this.s\n"])
MAPPINGS = st.builds("{}{}".format, _BEGINNINGS, st.lists(_STATEMENTS, min_size=1, max_size=5).map("\n".join))

# an interpreter of maps raises Python's recursion limit once, which hypothesis would report in the middle of a test
Interpreter(parse_mapping(_MAP + "root = this"))
