"""`format` with the verbs of Go's fmt, and Go's quoting of strings."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from conduix.errors import MappingError
from conduix.mapping.lexer import unescape
from conduix.mapping.values import float_text, number, to_text, type_name

_VERB = re.compile(r"%([-+# 0]*)(\*|[0-9]+)?(?:\.(\*|[0-9]+)?)?(.)?", re.DOTALL)
_HAS_PRECISION = re.compile(r"%[-+# 0]*(?:\*|[0-9]+)?\.")
_MOST_WIDTH = 1_000_000
_CACHED_LENGTH = 1_000


def formatter(template: str) -> Callable[[Sequence[Any]], str]:
    """A callable that fills the verbs of `template` with arguments, prepared once."""
    return _cached(template) if len(template) <= _CACHED_LENGTH else _prepared(template)


def _prepared(template: str) -> Callable[[Sequence[Any]], str]:
    literals: list[str] = []
    verbs: list[re.Match[str]] = []
    end = 0
    for verb in _VERB.finditer(template):
        literals.append(template[end : verb.start()])
        verbs.append(verb)
        end = verb.end()
    tail = template[end:]

    def fill(arguments: Sequence[Any]) -> str:
        waiting = list(arguments)
        parts: list[str] = []
        for literal, verb in zip(literals, verbs, strict=True):
            parts += (literal, _fill(verb, waiting))
        parts.append(tail)
        if waiting:
            listed = ", ".join(f"{_go_type(value)}={_default(value)}" for value in waiting)
            parts.append(f"%!(EXTRA {listed})")
        return "".join(parts)

    return fill


_cached = lru_cache(maxsize=512)(_prepared)


def _fill(verb: re.Match[str], waiting: list[Any]) -> str:
    letter = verb[4]
    if letter is None:
        return "%!(NOVERB)"
    if letter == "%":
        return "%"
    width = _size(verb[2], waiting)
    precision = _size(verb[3], waiting)
    if precision is None and _HAS_PRECISION.match(verb[0]):
        precision = 0
    if not waiting:
        return f"%!{letter}(MISSING)"
    value = waiting.pop(0)
    written = _written(letter, value, verb[1], precision)
    if written is None:
        return f"%!{letter}({_go_type(value)}={_default(value)})"
    return _padded(written, verb[1], width or 0, numeric=letter in "dfFeEgGxXobv" and type_name(value) == "number")


def _size(given: str | None, waiting: list[Any]) -> int | None:
    if given == "*":
        taken = waiting.pop(0) if waiting else 0
        given = str(taken) if isinstance(taken, int) and not isinstance(taken, bool) else "0"
    if given and (len(given) > 8 or abs(int(given)) > _MOST_WIDTH):
        raise MappingError(f"a width of {given[:20]} is more than {_MOST_WIDTH}")
    return int(given) if given else None


def _written(letter: str, value: Any, flags: str, precision: int | None) -> str | None:
    kind = type_name(value)
    if letter == "v":
        return _signed(_default(value), value, flags)
    if letter == "T":
        return _go_type(value)
    if letter == "t":
        return _default(value) if kind == "bool" else None
    if kind == "number":
        return _number(letter, value, flags, precision)
    if kind in {"string", "bytes"}:
        return _text(letter, to_text(value), precision)
    return _default(value) if letter in "sd" and kind in {"array", "object"} else None


def _number(letter: str, value: float, flags: str, precision: int | None) -> str | None:
    if isinstance(value, float) and value.is_integer() and letter in "dxXobcU":
        value = int(value)
    if isinstance(value, int) and letter in "dxXob":
        written = format(value, letter)
        prefix = {"x": "0x", "X": "0X", "o": "0", "b": "0b"}.get(letter, "") if "#" in flags else ""
        sign, digits = ("-", written[1:]) if written.startswith("-") else ("", written)
        return _signed(sign + prefix + digits.rjust(precision or 0, "0"), value, flags)
    if isinstance(value, int) and letter in "cqU":
        if not 0 <= value <= 0x10FFFF or 0xD800 <= value <= 0xDFFF:
            return "\ufffd"
        return {"c": chr(value), "q": f"'{chr(value)}'", "U": f"U+{value:04X}"}[letter]
    if letter in "fFeEgG":
        places = 6 if precision is None and letter in "fFeE" else precision
        exact = float(number(value))
        written = float_text(exact) if places is None else format(exact, f".{places}{letter}")
        return _signed(written, value, flags)
    return str(value) if letter == "s" else None


def _text(letter: str, value: str, precision: int | None) -> str | None:
    match letter:
        case "s":
            return value if precision is None else value[:precision]
        case "q":
            return go_quote(value)
        case "x":
            return value.encode().hex()
        case "X":
            return value.encode().hex().upper()
        case _:
            return None


def _signed(written: str, value: Any, flags: str) -> str:
    if type_name(value) != "number" or value < 0:
        return written
    return f"+{written}" if "+" in flags else f" {written}" if " " in flags else written


def _padded(written: str, flags: str, width: int, *, numeric: bool) -> str:
    if "-" in flags:
        return written.ljust(width)
    if "0" in flags and numeric:
        return written.zfill(width)
    return written.rjust(width)


def _default(value: Any) -> str:
    if value is None:
        return "<nil>"
    if isinstance(value, list):
        return f"[{' '.join(map(_default, value))}]"
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{_default(value[key])}' for key in sorted(value))}]"
    return to_text(value)


def _go_type(value: Any) -> str:
    names = {"number": "float64" if isinstance(value, float) else "int64", "null": "<nil>", "bytes": "[]uint8",
             "array": "[]interface {}", "object": "map[string]interface {}", "timestamp": "time.Time"}  # fmt: skip
    kind = type_name(value)
    return names.get(kind, kind)


_ESCAPES = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
    '"': '\\"',
}


def go_quote(value: str) -> str:
    """`value` in double quotes; what cannot be printed as an escape."""
    return f'"{"".join(_quoted(letter) for letter in value)}"'


def _quoted(letter: str) -> str:
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    if letter.isprintable():
        return letter
    code = ord(letter)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def go_unquote(value: str) -> str:
    """What a text in double quotes or backquotes stands for.

    Raises:
        MappingError: the text is not quoted, or has a wrong escape.
    """
    if len(value) < 2 or value[0] != value[-1] or value[0] not in "\"`'":
        raise MappingError("invalid syntax")
    inside = value[1:-1]
    if value[0] == "`":
        if "`" in inside:
            raise MappingError("invalid syntax")
        return inside
    if "\n" in inside or re.search(r'(?<!\\)(?:\\\\)*"', inside):
        raise MappingError("invalid syntax")
    resolved = unescape(inside)
    if resolved is None or (value[0] == "'" and len(resolved) != 1):
        raise MappingError("invalid syntax")
    return resolved
