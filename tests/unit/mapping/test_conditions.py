"""Conditions: one expression, in which `.field` reads the record, or a structured filter."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest

from conduix.errors import MappingError, MappingSyntaxError
from conduix.mapping import parse_condition, parse_structured
from conduix.mapping.interpret import evaluate
from conduix.mapping.steps import FilterStep
from conduix.mapping.structured import OPERATORS
from conduix.spec.filters import Operator
from tests.unit.compile.held import check
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


TESTS: list[tuple[dict[str, Any], bool]] = [
    ({"field": "status", "operator": "eq", "value": "active"}, True),
    ({"field": "b.c", "operator": "eq", "value": "x"}, True),
    ({"field": "a", "operator": "eq", "value": 2.0}, True),
    ({"field": "a", "operator": "eq", "value": "2"}, False),
    ({"field": "gone", "operator": "eq", "value": None}, True),
    ({"field": "a", "operator": "neq", "value": 3}, True),
    ({"field": "gone", "operator": "neq", "value": 3}, True),
    ({"field": "a", "operator": "gt", "value": 2}, False),
    ({"field": "a", "operator": "gte", "value": 2}, True),
    ({"field": "a", "operator": "lt", "value": 2.5}, True),
    ({"field": "status", "operator": "lte", "value": "active"}, True),
    ({"field": "gone", "operator": "gt", "value": 0}, False),
    ({"field": "deleted_at", "operator": "lt", "value": 0}, False),
    ({"field": "status", "operator": "contains", "value": "tiv"}, True),
    ({"field": "tags", "operator": "contains", "value": "t"}, True),
    ({"field": "gone", "operator": "contains", "value": "t"}, False),
    ({"field": "status", "operator": "startswith", "value": "act"}, True),
    ({"field": "status", "operator": "endswith", "value": "act"}, False),
    ({"field": "gone", "operator": "endswith", "value": ""}, False),
    ({"field": "status", "operator": "regex", "value": "^a.*e$"}, True),
    ({"field": "gone", "operator": "regex", "value": ".*"}, False),
    ({"field": "b.c", "operator": "exists"}, True),
    ({"field": "deleted_at", "operator": "exists"}, True),
    ({"field": "gone", "operator": "exists"}, False),
    ({"field": "gone", "operator": "notexists"}, True),
    ({"field": "deleted_at", "operator": "notexists"}, False),
    ({"field": "deleted_at", "operator": "null"}, True),
    ({"field": "gone", "operator": "null"}, True),
    ({"field": "a", "operator": "null"}, False),
    ({"field": "a", "operator": "notnull"}, True),
    ({"field": "gone", "operator": "notnull"}, False),
    ({"field": "a", "operator": "in", "value": [1, 2]}, True),
    ({"field": "gone", "operator": "in", "value": [1, 2]}, False),
    ({"field": "a", "operator": "notin", "value": [1, 2]}, False),
    ({"field": "gone", "operator": "notin", "value": [1, 2]}, True),
    ({"field": "tags.0", "operator": "eq", "value": "t"}, True),
    ({"field": "odd name", "operator": "eq", "value": 1}, True),
    ({"and": [{"field": "a", "operator": "eq", "value": 2}, {"field": "gone", "operator": "exists"}]}, False),
    ({"or": [{"field": "a", "operator": "eq", "value": 2}, {"field": "gone", "operator": "exists"}]}, True),
    ({"and": [{"or": [{"field": "gone", "operator": "exists"}, {"field": "a", "operator": "gt", "value": 1}]},
              {"and": [{"field": "tags", "operator": "notnull"}]}]}, True),
]  # fmt: skip


@pytest.mark.parametrize(("test", "value"), TESTS)
def test_a_structured_filter(test: dict[str, Any], *, value: bool) -> None:
    condition = parse_structured(test)
    assert evaluate(condition, RECORD) is value
    outs, filtered, failed = check([FilterStep("s", condition)], json.dumps(RECORD).encode() + b"\n")
    assert (outs, filtered, failed) == ([[RECORD] if value else []], [0 if value else 1], [])


def test_every_operator_is_tested() -> None:
    assert {test["operator"] for test, _ in TESTS if "operator" in test} == set(OPERATORS)
    assert set(get_args(Operator)) == set(OPERATORS)


def test_it_is_the_tree_of_the_condition_that_is_written_out() -> None:
    test = {"or": [{"field": "b.c", "operator": "eq", "value": "x"}, {"field": "a", "operator": "in", "value": [1]}]}
    assert parse_structured(test) == parse_condition('this.b.c == "x" || [1].contains(this.a)')


@pytest.mark.parametrize(
    "test",
    [
        {"field": "status", "operator": "gt", "value": 5},
        {"field": "a", "operator": "startswith", "value": "x"},
        {"field": "a", "operator": "regex", "value": "x"},
        {"field": "a", "operator": "contains", "value": "x"},
    ],
)
def test_a_field_of_another_type_fails_the_record(test: dict[str, Any]) -> None:
    with pytest.raises(MappingError, match=r"from field|field `this"):
        evaluate(parse_structured(test), {"status": "active", "a": {"n": 1}} if test["operator"] == "gt" else {"a": 5})


@pytest.mark.parametrize(
    ("test", "part"),
    [
        ({}, "`field` is the dotted path"),
        ({"field": "a", "operator": "equals", "value": 1}, "there is no operator 'equals': write one of eq, neq"),
        ({"field": "a"}, "there is no operator None"),
        ({"field": "a", "operator": "eq"}, "`eq` needs a `value`"),
        ({"field": "a", "operator": "exists", "value": True}, "`exists` takes no `value`"),
        ({"field": "a", "operator": "in", "value": "abc"}, "a list of one value or more"),
        ({"field": "a", "operator": "in", "value": []}, "a list of one value or more"),
        ({"field": "a", "operator": "gt", "value": True}, "a number or a text, this is bool"),
        ({"field": "a", "operator": "regex", "value": 5}, "a text, this is number"),
        ({"field": "a", "operator": "regex", "value": "("}, "error parsing regexp"),
        ({"feld": "a"}, "a test has no `feld`"),
        ({"and": []}, "`and` is a list of one test or more"),
        ({"and": "x"}, "`and` is a list"),
        ({"or": [5]}, "this is number"),
        ({"or": [{"field": "a", "operator": "exists"}], "and": []}, "a group has nothing beside `and`"),
    ],
)
def test_a_wrong_structured_filter(test: dict[str, Any], part: str) -> None:
    with pytest.raises(MappingSyntaxError) as caught:
        parse_structured(test)
    assert part in caught.value.message


def test_groups_have_an_end() -> None:
    test: dict[str, Any] = {"field": "a", "operator": "exists"}
    for _ in range(60):
        test = {"and": [test]}
    with pytest.raises(MappingSyntaxError, match="nested deeper than 50"):
        parse_structured(test)
