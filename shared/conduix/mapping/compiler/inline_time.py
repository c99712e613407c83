"""`text.ts_parse(layout).ts_unix()` in generated code, without a timestamp in between."""

from __future__ import annotations

import ast
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from conduix.mapping import tree
from conduix.mapping.compiler.code import attribute, binary, call, compare, const, item, name
from conduix.mapping.compiler.generator import Generator
from conduix.mapping.compiler.values import Plain, Scope, T, Value, within
from conduix.mapping.golayout import parser
from conduix.mapping.timestamps import SECOND
from conduix.mapping.values import text as text_of

_LAYOUTS = frozenset({"2006-01-02T15:04:05Z", "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05.999999999Z07:00"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MARKS = "--T::Z"
"""Every third character, from the fifth on, of a time written like 2006-01-02T15:04:05Z."""


def _by_layout(layout: str) -> Callable[[Any], int]:
    parse = parser(layout)
    return lambda value: parse(text_of(value)).nanos // SECOND


def unix_seconds(gen: Generator, node: tree.Method, scope: Scope) -> Value | None:
    """The seconds of a text: by `datetime` where it is written like 2006-01-02T15:04:05Z, else by the layout."""
    inner = node.target
    if not isinstance(inner, tree.Method) or inner.name != "ts_parse":
        return None
    layout = inner.args[0]
    if not isinstance(layout, tree.Literal) or layout.value not in _LAYOUTS:
        return None
    text = gen.kept(gen.value(inner.target, scope))
    if not within(text.types, T.JSON) or not text.types & T.STR:
        return None
    gap, seconds = gen.code.fresh("gap"), gen.code.fresh("n")
    with gen.block() as usual:
        parsed = call(gen.bound(datetime.fromisoformat, "fromisoformat"), text.code)
        gen.code.set(gap, binary(parsed, "-", gen.code.bind(_EPOCH, "epoch")))
        days = binary(attribute(name(gap), "days"), "*", const(86_400))
        gen.code.set(seconds, binary(days, "+", attribute(name(gap), "seconds")))
    with gen.block() as unusual:
        gen.code.set(seconds, call(gen.bound(_by_layout(layout.value), "seconds"), text.code))
    marks = item(text.code, ast.Slice(const(4), None, const(3)))
    gen.code.when(compare(marks, "==", const(_MARKS)), usual, unusual)
    return Plain(name(seconds), T.INT, small=True)
