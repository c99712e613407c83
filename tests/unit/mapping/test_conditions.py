"""Conditions: one expression, in which `.field` reads the record."""

from __future__ import annotations

from typing import Any

import pytest

from conduix.errors import MappingSyntaxError
from conduix.mapping import parse_condition
from tests.unit.mapping.run import ev

RECORD: dict[str, Any] = {"status": "active", "a": 2, "b": {"c": "x"}, "tags": ["t"], "odd name": 1, "deleted_at": None}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('.status == "active"', True),
        ('this.status == "active"', True),
        ('status == "active"', True),
        ('.a > 1 && .b.c == "x"', True),
        ("(.a + 1) * 2 == 6", True),
        ('!(.status == "gone") && .deleted_at == null', True),
        ('.status.uppercase() == "ACTIVE"', True),
        ('.tags.contains("t")', True),
        (".tags[0] == .tags.0", True),
        ('."odd name" == 1', True),
        (".length() > 3", True),
        (". == .", True),
        ("-.a < 0", True),
        ("[.a, .status].length()", 2),
        ('if .a == 2 { .status } else { "no" }', "active"),
        ("match .a { 2 => .b, _ => null } == null", None),
        (".tags.any(t -> t == .status) == false", True),
        ('.a == 1\n|| .status == "active"', True),
        ('.a == 2 # two\n&& .status == "active" # and active', True),
    ],
)
def test_a_condition(text: str, value: Any) -> None:
    if value is not None:
        assert ev(text, RECORD) == value


def test_both_spellings_are_the_same_tree() -> None:
    assert parse_condition('.a.b > 1 && .c == "x"') == parse_condition('this.a.b > 1 && this.c == "x"')


def test_within_a_match_a_leading_dot_is_the_matched_value() -> None:
    assert ev('match .b { .c == "x" => .c }', RECORD) == "x"


@pytest.mark.parametrize(
    ("text", "line", "column", "part"),
    [
        ('.status = "active"', 1, 9, "write `==` to compare"),
        ('.status == "active" and .a == 1', 1, 21, "write `&&` instead of `and`"),
        (".a ==", 1, 6, "expected query, but reached end of input"),
        (".a == 1 .b", 1, 9, ""),
        (".a\n== ?", 2, 4, "found `?`"),
        ("root = this.a == 1", 1, 6, "write `==` to compare"),
        (".a.upper()", 1, 4, "unrecognised method 'upper': did you mean `uppercase`?"),
    ],
)
def test_a_wrong_condition(text: str, line: int, column: int, part: str) -> None:
    with pytest.raises(MappingSyntaxError) as caught:
        parse_condition(text)
    assert part in caught.value.message
    assert (caught.value.line, caught.value.column) == (line, column)
