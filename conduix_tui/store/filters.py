"""Filters as people type them: words that all must hold.

`text` is somewhere in the row, `/re` matches, `~ordr` has these letters in this order, `state:failed` and `lag:>100`
ask one column, `!` before any of them turns it round. What is half typed is not wrong: it filters by what is there.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import re2

from conduix_tui.store.columns import Column, Value, by_key

Row = TypeVar("Row")
Test = Callable[[Any], bool]

_COMPARES: Mapping[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}
_COMPARISON = re.compile(r"(>=|<=|>|<|=)(.*)", re.DOTALL)
_UNITS = {"k": 1e3, "m": 1e6, "g": 1e9, "%": 0.01}


@dataclass(frozen=True, slots=True)
class Filter(Generic[Row]):
    """A filter that was read. `problem` says what of it could not be, and was left out."""

    text: str
    matches: Callable[[Row], bool]
    problem: str = ""


def parse(text: str, columns: Sequence[Column[Row]]) -> Filter[Row]:
    """Read a filter; never fails."""
    known = by_key(columns)
    tests: list[Test] = []
    problems: list[str] = []
    for word in text.split():
        negated = word.startswith("!")
        try:
            test = _test(word[1:] if negated else word, known, columns)
        except ValueError as error:
            problems.append(str(error))
            continue
        if test is not None:
            tests.append(_not(test) if negated else test)
    if not tests:
        return Filter(text, lambda _row: True, "; ".join(problems))
    if len(tests) == 1:
        return Filter(text, tests[0], "; ".join(problems))
    return Filter(text, lambda row: all(test(row) for test in tests), "; ".join(problems))


def _test(word: str, known: Mapping[str, Column[Any]], columns: Sequence[Column[Any]]) -> Test | None:
    if not word:
        return None
    if word[0] == "/":
        return _regex(word[1:], columns) if word[1:] else None
    if word[0] == "~":
        return _fuzzy(word[1:].lower(), columns) if word[1:] else None
    field, colon, asked = word.partition(":")
    if colon and field in known:
        return _field(known[field], asked) if asked else None
    if colon and field.isidentifier():
        raise ValueError(f"no column {field}: there are {', '.join(known)}")
    lowered = word.lower()
    return lambda row: any(lowered in _text(column.value(row)) for column in columns)


def _regex(pattern: str, columns: Sequence[Column[Any]]) -> Test:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        raise ValueError(f"/{pattern}: {error}") from None
    return lambda row: any(compiled.search(_text(column.value(row))) is not None for column in columns)


def _fuzzy(letters: str, columns: Sequence[Column[Any]]) -> Test:
    return lambda row: any(in_order(letters, _text(column.value(row))) for column in columns)


def in_order(letters: str, text: str) -> bool:
    """Does the text have these letters in this order?"""
    at = -1
    for letter in letters:
        at = text.find(letter, at + 1)
        if at < 0:
            return False
    return True


def _field(column: Column[Any], asked: str) -> Test | None:
    comparison = _COMPARISON.fullmatch(asked)
    if comparison is None:
        lowered = asked.lower()
        return lambda row: lowered in _text(column.value(row))
    sign, operand = comparison.groups()
    if not operand:
        return None
    compare = _COMPARES[sign]
    number = _number(operand)
    if number is None:
        lowered = operand.lower()
        return lambda row: compare(_text(column.value(row)), lowered)
    return lambda row: _compares(compare, column.value(row), number)


def _compares(compare: Callable[[Any, Any], bool], value: Value, number: float) -> bool:
    return isinstance(value, int | float) and compare(float(value), number)


def _number(text: str) -> float | None:
    scale = _UNITS.get(text[-1:].lower(), 1.0)
    try:
        return float(text[:-1] if scale != 1.0 else text) * scale
    except ValueError:
        return None


def _not(test: Test) -> Test:
    return lambda row: not test(row)


def _text(value: Value) -> str:
    return "" if value is None else str(value).lower()
