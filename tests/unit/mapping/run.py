"""Runs mappings in tests: texts in, JSON values out."""

from __future__ import annotations

from typing import Any

import orjson

from conduix.mapping import parse_condition, parse_mapping
from conduix.mapping.interpret import Interpreter, Result, evaluate
from conduix.mapping.values import plain


def run(mapping: str, value: Any = None, meta: dict[str, Any] | None = None, *, in_place: bool = False) -> Result:
    """The result of a mapping for one record."""
    return Interpreter(parse_mapping(mapping, in_place=in_place)).run(value, meta)


def out(mapping: str, value: Any = None) -> Any:
    """The new value in JSON types."""
    return plain(run(mapping, value).value)


def ev(expression: str, value: Any = None) -> Any:
    """The value of an expression in JSON types."""
    return plain(evaluate(parse_condition(expression), value))


def same(left: Any, right: Any) -> bool:
    """Whether two values are the same JSON: unlike `==`, true is not 1."""
    return orjson.dumps(left, option=orjson.OPT_SORT_KEYS) == orjson.dumps(right, option=orjson.OPT_SORT_KEYS)
