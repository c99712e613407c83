"""Values made to be of a type: stricter than the methods of the language, with errors that name the field."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from conduix.errors import MappingError, RecordInvalid
from conduix.mapping import timestamps
from conduix.mapping.functions.declare import STAGE, Family, Parameter
from conduix.mapping.values import to_text, type_name

family = Family("casting", prefix=STAGE)

_INT = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
_LEAST, _GREATEST = -(2**63), 2**63 - 1
_EXACT = 2.0**53
_LONGEST = 400
"""Characters of a number's text; longer ones are no numbers that fit."""
_TRUTH = {
    "true": True, "t": True, "yes": True, "y": True, "1": True,
    "false": False, "f": False, "no": False, "n": False, "0": False,
}  # fmt: skip


def told(value: Any) -> str:
    """The value as errors show it: texts in quotes and short, of objects and arrays only what they are."""
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 60 else f'"{value[:60]}…"'
    return f"an {kind}" if (kind := type_name(value)) in {"object", "array"} else to_text(value)


def _prepare(path: str, kind: str, nulls: list[Any]) -> Callable[[Any], Any]:
    convert, wanted = _KINDS[kind]
    missing = frozenset(nulls)

    def cast(value: Any) -> Any:
        if value is None or (isinstance(value, str) and value in missing):
            return None
        try:
            return convert(value)
        except (ValueError, OverflowError, MappingError) as error:
            raise RecordInvalid(f"{path}: {told(value)} is no {kind}: {wanted}") from error

    return cast


@family.method("cast", "The value as another type; null stays null.",
               Parameter("path", "string", "What errors call it."), Parameter("type", "string", "One of the types."),
               Parameter("nulls", "array", "Texts that stand for null."), prepare=_prepare)  # fmt: skip
def cast(value: Any, path: str, kind: str, nulls: list[Any]) -> Any:
    """The value. Raises RecordInvalid where it cannot be of that type."""
    return _prepare(path, kind, nulls)(value)


def _int(value: Any) -> int:
    if isinstance(value, str):
        text = value.strip()
        if len(text) > _LONGEST or not _INT.fullmatch(text):
            raise ValueError
        made = int(text)
    elif isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise ValueError
    else:
        made = int(value)
    if not _LEAST <= made <= _GREATEST:
        raise ValueError
    return made


def _number(value: Any) -> int | float:
    if isinstance(value, str):
        text = value.strip()
        if len(text) > _LONGEST or not _NUMBER.fullmatch(text):
            raise ValueError
        made = float(text)
        if _INT.fullmatch(text) and _LEAST <= (whole := int(text)) <= _GREATEST:
            return whole
    elif isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError
    else:
        return value
    if math.isinf(made):
        raise ValueError
    return int(made) if made.is_integer() and abs(made) < _EXACT else made


def _bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and value in {0, 1}:
        return bool(value)
    if isinstance(value, str) and (known := _TRUTH.get(value.strip().lower())) is not None:
        return known
    raise ValueError


def _timestamp(value: Any) -> str:
    return timestamps.rfc3339(timestamps.read(value))


_KINDS: Mapping[str, tuple[Callable[[Any], Any], str]] = {
    "int": (_int, "digits, perhaps with a sign, are expected, or a whole number, within 64 bits"),
    "number": (_number, "a number is expected, or a text such as 12, -0.5 or 1e3"),
    "bool": (_bool, "true or false is expected, yes or no, 1 or 0"),
    "string": (to_text, ""),
    "timestamp": (_timestamp, "RFC 3339 is expected, such as 2026-01-31T12:00:00Z, or Unix seconds"),
}
"""By type: what converts (ValueError, MappingError where it cannot be), and what it expects."""
