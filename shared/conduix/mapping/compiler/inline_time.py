"""`text.ts_parse(layout).ts_unix()` in generated code: two memories of halves instead of a calendar calculation."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from conduix.mapping import tree
from conduix.mapping.compiler.code import binary, const, item
from conduix.mapping.compiler.generator import Generator
from conduix.mapping.compiler.values import Plain, Scope, T, Value, within
from conduix.mapping.golayout import parser
from conduix.mapping.timestamps import SECOND

_LAYOUTS = frozenset({"2006-01-02T15:04:05Z", "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05.999999999Z07:00"})
_HOUR = re.compile(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}")
_REST = re.compile(r":[0-9]{2}:[0-9]{2}(?:Z|[+-][0-9]{2}:[0-9]{2})")
_MOST = 16_384


class _Half(dict[str, int]):
    """Seconds of one half of a text, by the half: worked out by the layout's own parser with a zero other half."""

    def __init__(self, layout: str, pattern: re.Pattern[str], complete: Callable[[str], str]) -> None:
        super().__init__()
        self._parse = parser(layout)
        self._pattern = pattern
        self._complete = complete

    def __missing__(self, half: str) -> int:
        if self._pattern.fullmatch(half) is None:
            raise LookupError(half)
        seconds = self._parse(self._complete(half)).nanos // SECOND
        if len(self) >= _MOST:
            self.clear()
        self[half] = seconds
        return seconds


def unix_seconds(gen: Generator, node: tree.Method, scope: Scope) -> Value | None:
    """The seconds of a text of the form 2006-01-02T15:04:05 with Z or an offset; other texts go to the reference."""
    inner = node.target
    if not isinstance(inner, tree.Method) or inner.name != "ts_parse" or gen.guarded:
        return None
    layout = inner.args[0]
    if not isinstance(layout, tree.Literal) or layout.value not in _LAYOUTS:
        return None
    text = gen.kept(gen.value(inner.target, scope))
    if not within(text.types, T.JSON):
        return None
    hours = _Half(layout.value, _HOUR, lambda half: f"{half}:00:00Z")
    rests = _Half(layout.value, _REST, lambda half: f"1970-01-01T00{half}")
    cut = const(13)
    first = item(text.code, ast.Slice(None, cut, None))
    second = item(text.code, ast.Slice(cut, None, None))
    total = binary(item(gen.code.bind(hours, "hours"), first), "+", item(gen.code.bind(rests, "rests"), second))
    return Plain(total, T.INT, small=True)
