"""Whole records as Structs: what is taken, what is left to the general way, and that nobody can tell the difference."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conduix.mapping import parse_condition, parse_mapping
from conduix.mapping.keeping import Keeper
from conduix.mapping.steps import FilterStep, MapStep, Step
from tests.unit.compile.generate import NUMBERS, STRINGS
from tests.unit.compile.held import Watched, check, json_input

EDIT = """\
root = this
root.s = this.s.uppercase()
root.o.t = this.o.t + "!"
root.sum = this.items.map_each(i -> i.p * i.q).sum()
root.gone = deleted()
"""
RECORD: dict[str, Any] = {
    "id": 1, "s": "a", "o": {"k": [1, 2], "t": "b", "n": None}, "gone": 1.5,
    "items": [{"sku": "x", "p": 1.25, "q": 2}, {"sku": "y", "p": 3, "q": 1}], "last": 0,
}  # fmt: skip
LINE = json.dumps(RECORD, separators=(",", ":")).encode()


def steps(mapping: str = EDIT) -> list[Step]:
    return [MapStep("edit", parse_mapping(mapping))]


def kept(keeper: Keeper, *lines: bytes) -> list[bool]:
    """Which of the lines are taken, after a batch of ordinary ones."""
    assert keeper.records(json_input((LINE + b"\n") * 3)) is not None
    found = keeper.records(json_input(b"".join(line + b"\n" for line in lines)))
    assert found is not None
    return [record is not None for record in found]


def keeper(mapping: str = EDIT) -> Keeper:
    return Watched(steps(mapping)).program._keeper


def test_a_batch_of_ordinary_records_is_taken_and_never_needs_another_way() -> None:
    watched = Watched(steps())
    made = watched.program.run(json_input((LINE + b"\n") * 20), "s")
    assert len(made.outs[0]) == 20
    assert watched.asked == 0
    assert not isinstance(made.outs[0][0], dict)
    assert "whole" not in vars(watched.program)
    check(steps(), (LINE + b"\n") * 3)


ODD = {
    "a space": LINE.replace(b'"id":1', b'"id": 1'),
    "another order": LINE.replace(b'"id":1,"s":"a"', b'"s":"a","id":1'),
    "another order below": LINE.replace(b'"p":1.25,"q":2', b'"q":2,"p":1.25'),
    "a key twice": LINE.replace(b'"id":1', b'"id":2,"id":1'),
    "a key twice, far away": LINE.replace(b'"last":0', b'"last":0,"id":5'),
    "a key twice below": LINE.replace(b'"sku":"x"', b'"sku":"x","sku":"x"'),
    "a key that nobody knows": LINE.replace(b'"id":1', b'"id":1,"new":1'),
    "a key that is set": LINE.replace(b'"last":0', b'"last":0,"sum":1'),
    "without what is set": LINE.replace(b'"s":"a",', b""),
    "a letter escaped": LINE.replace(b'"s":"a"', b'"s":"\\u0061"'),
    "a slash escaped": LINE.replace(b'"sku":"x"', b'"sku":"\\/"'),
    "a key escaped": LINE.replace(b'"id"', b'"\\u0069d"'),
    "zeros at the end": LINE.replace(b"1.25", b"1.250"),
    "an exponent": LINE.replace(b"1.25", b"125e-2"),
    "a large exponent": LINE.replace(b'"id":1', b'"id":1E3'),
    "minus nothing": LINE.replace(b'"last":0', b'"last":-0'),
    "too large a number": LINE.replace(b'"last":0', b'"last":1e999'),
    "half a pair": LINE.replace(b'"sku":"x"', b'"sku":"\\ud800"'),
    "no UTF-8": LINE.replace(b'"sku":"x"', b'"sku":"\xff"'),
    "no object inside": LINE.replace(b'{"k":[1,2],"t":"b","n":null}', b"5"),
    "a carriage return": LINE + b"\r",
    "a list": b"[1]",
    "null": b"null",
    "blank": b"  ",
    "half": LINE[:-1],
    "two": LINE + LINE,
}  # fmt: skip


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_a_record_that_is_not_the_bytes_that_would_be_written_goes_the_general_way(odd: bytes) -> None:
    assert odd != LINE
    assert kept(keeper(), LINE, odd, LINE) == [True, False, True]
    check(steps(), b"\n".join([LINE, odd, LINE, odd, LINE, b""]))


FITTING = {
    "without a field": LINE.replace(b'"id":1,', b""),
    "without a field below": LINE.replace(b'"sku":"x",', b""),
    "null": LINE.replace(b'"id":1', b'"id":null'),
    "another type": LINE.replace(b'"k":[1,2]', b'"k":{"b":1,"a":2}'),
    "a whole float": LINE.replace(b"1.25", b"2.0"),
    "minus nothing": LINE.replace(b'"gone":1.5', b'"gone":-0.0'),
    "escapes": LINE.replace(b'"sku":"x"', b'"sku":"\\"\\\\\\n\\u0001"'),
    "a large number": LINE.replace(b'"gone":1.5', b'"gone":123456789012345678901234567890'),
    "no items": LINE.replace(LINE[LINE.index(b"[{") : LINE.index(b"}]") + 2], b"[]"),
}  # fmt: skip


@pytest.mark.parametrize("line", FITTING.values(), ids=FITTING)
def test_records_may_differ_in_their_values_and_lack_fields(line: bytes) -> None:
    assert line != LINE
    keeping = keeper()
    keeping.records(json_input(LINE + b"\n" + line + b"\n"))
    assert kept(keeping, line, LINE) == [True, True]
    check(steps(), b"\n".join([LINE, line, LINE, b""]))


@pytest.mark.parametrize(
    "mapping",
    [
        "root = this\nroot.o = this.s",
        "root = this\nroot.o.new = this.o.k\nroot.again = this.o.n",
        "root = this\nroot.again = this.o",
        "root = this\nroot.b = 1\nroot.a = this.a\nroot.c = deleted()",
        "root = this\nroot.s = if this.id > 1 { 5 } else { deleted() }",
        "root = this\nroot.s = if this.id > 1 { 5 }",
        "root = this\nlet v = this.items\nroot.n = $v.length()\nroot.items = deleted()",
        "root = this\nroot.items = this.items.filter(i -> i.p > 2)",
        'root = this\nroot.has = this.exists("o.x") || this.exists("id")\nroot.m = this.missing.deeper',
        'root = this\nroot.at = "2020-01-02".ts_parse("2006-01-02")',
        "root = this\nroot.k = this.o.k.map_each(x -> x * 2)",
        "root = this\nroot.id.x = 1",
        "root = this\nroot.none.x = 1",
        "root = this\nroot.items.0.x = 1",
        'root = this\nroot."0" = 1',
        "root = this\nroot.s = 1\nroot.s = 2",
        "root = this\nroot.n = nothing()",
        "root = this",
        "root = this\nmeta m = this.id\nroot.s = 1",
    ],
)
def test_every_mapping_that_begins_with_the_record_gives_what_the_reference_gives(mapping: str) -> None:
    lines = [LINE, *FITTING.values(), LINE, *ODD.values(), b'{"a":1}', b'{"c":1,"b":2,"a":3}', b'{"o":{}}', b"{}"]
    check(steps(mapping), b"".join(line + b"\n" for line in lines))
    filtered = [FilterStep("some", parse_condition("this.id != 1")), *steps(mapping)]
    check(filtered, b"".join(line + b"\n" for line in lines))


def test_a_shape_that_does_not_fit_is_learned_anew_and_given_up_in_the_end() -> None:
    program = Watched(steps()).program
    lines = [json.dumps({f"x{n}": 1, **RECORD}, separators=(",", ":")).encode() + b"\n" for n in range(6)]
    for line in lines:
        made = program.run(json_input(line * 10), "s")
        assert len(made.outs[0]) == 10
    assert program._keeper.records(json_input(lines[0] * 10)) is None
    fresh = Watched(steps()).program
    for line in (lines[0], lines[1], lines[0], lines[1]):
        fresh.run(json_input(line * 10), "s")
    assert fresh._keeper.records(json_input(lines[0] + lines[1])) is not None


def test_objects_whose_keys_are_data_are_no_structs() -> None:
    many = {f"k{n}": n for n in range(100)}
    line = json.dumps({**RECORD, "o": {"t": "b", "many": many}}, separators=(",", ":")).encode() + b"\n"
    found = keeper()
    assert found.records(json_input(line)) is not None
    assert keeper("root = this\nroot.a = 1").records(json_input(json.dumps(many).encode() + b"\n")) is None
    check(steps(), line * 2)


_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | STRINGS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abk"), inner, max_size=3),
    max_leaves=4,
)
_RECORDS = st.fixed_dictionaries(
    {"s": STRINGS, "o": st.fixed_dictionaries({"t": STRINGS}, optional={"k": _VALUES, "a": _VALUES})},
    optional={"id": _VALUES, "gone": _VALUES, "sum": _VALUES, "items": st.just([{"p": 1, "q": 2.5}])},
).flatmap(lambda record: st.permutations(list(record.items())).map(dict))
_SPELLINGS = st.sampled_from([(",", ":"), (",", ":"), (",", ":"), (", ", ": ")])
_EDITS = st.lists(
    st.sampled_from([
        "root.s = this.s.uppercase()", 'root.o.t = this.o.t + "!"', "root.sum = this.items.map_each(i -> i.p).sum()",
        "root.gone = deleted()", "root.o.new = this.id", "root.id = this.gone", "root.o.k = deleted()",
        "root.z = this.o",
    ]),
    max_size=4,
)  # fmt: skip


@given(st.lists(st.tuples(_RECORDS, _SPELLINGS, st.booleans()), min_size=1, max_size=5), _EDITS)
@settings(max_examples=60, deadline=None)
def test_whatever_comes_nobody_can_tell_how_it_was_decoded(
    records: list[tuple[Any, tuple[str, str], bool]], edits: list[str]
) -> None:
    lines = [json.dumps(value, separators=spaced, ensure_ascii=escaped) for value, spaced, escaped in records]
    check(steps("\n".join(["root = this", *edits])), b"".join(line.encode() + b"\n" for line in lines))
