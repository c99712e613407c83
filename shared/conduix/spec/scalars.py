"""How an unquoted scalar is read, with nothing that YAML 1.1 and 1.2 understand differently.

Only `true`, `false`, `null` (also `~` and nothing) and decimal or `0x` numbers are more than text. What one version
reads as a boolean or a number and another as something else (`no`, `012`, `1:20`, `1_000`) is refused: whoever wrote
it meant one of the two. Dates stay text, exactly as written.
"""

from __future__ import annotations

import math
import re

from conduix.spec.nodes import short

_WORDS: dict[str, bool | None] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_SWITCHES = {
    **dict.fromkeys(("yes", "Yes", "YES", "on", "On", "ON"), "true"),
    **dict.fromkeys(("no", "No", "NO", "off", "Off", "OFF"), "false"),
}
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_OCTAL = re.compile(r"[-+]?0[0-9]+")
_RADIX = re.compile(r"[-+]?0(?:o[0-7_]+|b[01_]+|x[0-9a-fA-F_]+)")
_SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_UNDERSCORES = re.compile(r"[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_NUMERIC_START = frozenset("0123456789+-.")
_INT64 = range(-(2**63), 2**63)
_LONGEST_INT = 20
_LONGEST_NUMBER = 400
_OF_NUMBERS = frozenset("0123456789+-._:eEx")


class AmbiguousScalar(ValueError):
    """YAML versions disagree about this text; `suggestion` is what to write instead."""

    def __init__(self, message: str, suggestion: str) -> None:
        super().__init__(message)
        self.suggestion = suggestion


class NumberOutOfRange(ValueError):
    """A number that 64 bits do not hold."""


def read_plain(text: str) -> str | int | float | bool | None:
    """The value of an unquoted scalar.

    Raises:
        AmbiguousScalar: YAML 1.1 and 1.2 read it differently.
        NumberOutOfRange: an integer beyond 64 bits, or a float beyond its range.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text in _SWITCHES:
        meant = _SWITCHES[text]
        raise AmbiguousScalar(
            f"{text} is a boolean for some YAML parsers and text for others", f'{meant}, or "{text}" if text is meant'
        )
    if text[0] not in _NUMERIC_START:
        return text
    return _read_number(text)


def _read_number(text: str) -> str | int | float:
    if len(text) > _LONGEST_NUMBER:
        if set(text) <= _OF_NUMBERS:
            raise NumberOutOfRange(f"{short(text)} is too long for a number")
        return text
    if _INT.fullmatch(text) or _HEX.fullmatch(text):
        return _integer(text)
    _refuse_ambiguous(text)
    if not _FLOAT.fullmatch(text):
        return text
    number = float(text)
    if math.isinf(number):
        raise NumberOutOfRange(f"{short(text)} is beyond the range of a 64-bit float")
    return number


def _integer(text: str) -> int:
    # the length is looked at first: Python refuses to convert thousands of digits, in other words than ours
    number = int(text, 0) if len(text) <= _LONGEST_INT else _INT64.stop
    if number not in _INT64:
        raise NumberOutOfRange(f"{short(text)} is beyond 64 bits")
    return number


def _refuse_ambiguous(text: str) -> None:
    quoted = f'"{text}"'
    if _OCTAL.fullmatch(text):
        decimal = re.sub("^([-+]?)0+(?=[0-9])", r"\1", text)
        message = f"{short(text)} is octal for some YAML parsers and decimal for others"
        raise AmbiguousScalar(message, f"{short(decimal)}, or {short(quoted)} if text is meant")
    if _RADIX.fullmatch(text):
        raise AmbiguousScalar(
            f"{text} is a number for some YAML parsers and text for others",
            f"the number in decimals, or {quoted} if text is meant",
        )
    if _SEXAGESIMAL.fullmatch(text):
        raise AmbiguousScalar(f"{text} is a number to base 60 for some YAML parsers and text for others", quoted)
    if "_" in text and _UNDERSCORES.fullmatch(text):
        number = text.replace("_", "")
        raise AmbiguousScalar(
            f"{text} is a number for some YAML parsers and text for others", f"{number}, or {quoted} if text is meant"
        )
    if _NO_NUMBER.fullmatch(text):
        raise AmbiguousScalar(f"{text} is not a number that JSON knows", quoted)
