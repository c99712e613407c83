"""The values of the language and what every part of it agrees on: types, equality, text forms, limits.

Values are plain JSON values of Python, and `bytes`, `Timestamp`, `DELETED` and `NOTHING`. A bool is never a number.
Integers are exact within 64 bits; a float that is a whole number leaves every calculation as an int.
"""

from __future__ import annotations

import base64
import math
from datetime import tzinfo
from enum import Enum
from typing import Any, NamedTuple

import orjson

from conduix.errors import MappingError

MAX_SIZE = 10_000_000
"""The largest result in bytes or items that a function may make."""

_LEAST_INT = -(2**63)
_GREATEST_INT = 2**64 - 1
_EXACT_FLOAT = float(2**53)


class Absent(Enum):
    """The two results that are no value."""

    DELETED = "delete"
    NOTHING = "nothing"


DELETED = Absent.DELETED
NOTHING = Absent.NOTHING


class Timestamp(NamedTuple):
    """A moment: nanoseconds since 1970-01-01 UTC, and the zone in which it is written."""

    nanos: int
    zone: tzinfo


class WrongType(MappingError):
    """A value of another type was needed; `where` is filled in by whoever knows what gave the value."""

    def __init__(self, expected: str, value: Any, where: str = "", *, line: int = 0, column: int = 0) -> None:
        self.expected = expected
        self.value = value
        self.where = where
        source = f" from {where}" if where else ""
        super().__init__(
            f"expected {expected} value, got {type_name(value)}{source}{_preview(value)}", line=line, column=column
        )

    def located(self, where: str, line: int, column: int) -> WrongType:
        """The same error, saying which part of the mapping gave the value."""
        return WrongType(self.expected, self.value, self.where or where, line=self.line or line, column=column)


def _preview(value: Any) -> str:
    if isinstance(value, str):
        return f' ("{value if len(value) <= 100 else value[:100] + "…"}")'
    if isinstance(value, bool | int | float):
        return f" ({to_text(value)})"
    return ""


def type_name(value: Any) -> str:  # noqa: PLR0911 - one return a type is the clearest table
    """The name of a value's type, as `.type()` gives it and errors say it."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return "string"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list):
        return "array"
    if isinstance(value, bytes):
        return "bytes"
    if isinstance(value, Timestamp):
        return "timestamp"
    return value.value if isinstance(value, Absent) else "unknown"


def is_null(value: Any) -> bool:
    """Whether `|` and `.or()` pass over the value: null, deleted or nothing."""
    return value is None or value is DELETED or value is NOTHING


def text(value: Any) -> str:
    """The text of a string, of bytes or of a timestamp; anything else is a WrongType."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, Timestamp):
        return to_text(value)
    raise WrongType("string", value)


def data(value: Any) -> bytes:
    """The bytes of a string or of bytes; anything else is a WrongType."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, bytes):
        return value
    raise WrongType("string", value)


def number(value: Any) -> int | float:
    """The value if it is a number; else a WrongType. An int beyond 64 bits becomes a float."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WrongType("number", value)
    if isinstance(value, int) and not _LEAST_INT <= value <= _GREATEST_INT:
        return _as_float(value)
    return value


def _as_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise MappingError(f"a number of {value.bit_length()} bits is too large to calculate with") from error


def whole(value: Any) -> int:
    """A number as an int of 64 bits, decimals cut off, as the reference reads such arguments; else a WrongType."""
    value = number(value)
    if isinstance(value, int):
        return value
    if not math.isfinite(value) or not _LEAST_INT <= value <= _GREATEST_INT:
        raise MappingError(f"cannot convert {value} to an integer of 64 bits")
    return int(value)


def boolean(value: Any) -> bool:
    """A bool, or a number read as `!= 0`; else a WrongType."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value != 0
    raise WrongType("bool", value)


def array(value: Any) -> list[Any]:
    """The value if it is an array; else a WrongType."""
    if isinstance(value, list):
        return value
    raise WrongType("array", value)


def mapping(value: Any) -> dict[str, Any]:
    """The value if it is an object; else a WrongType."""
    if isinstance(value, dict):
        return value
    raise WrongType("object", value)


def settled(result: float) -> int | float:
    """The result of a calculation: a whole float as an int; beyond 64 bits, infinite or undefined is an error."""
    if isinstance(result, int):
        if _LEAST_INT <= result <= _GREATEST_INT:
            return result
        raise MappingError(f"the result {result} does not fit into 64 bits")
    if not math.isfinite(result):
        raise MappingError("the result is not a finite number")
    return int(result) if -_EXACT_FLOAT <= result <= _EXACT_FLOAT and result.is_integer() else result


def equal(left: Any, right: Any) -> bool:
    """Equality as `==` sees it: numbers by value, bytes and timestamps as text, arrays and objects in depth."""
    if isinstance(left, str | bytes | Timestamp):
        # the text of a time beyond all calendars is an error, and not needed to see that it is no number
        return isinstance(right, str | bytes | Timestamp) and text(left) == text(right)
    if isinstance(left, bool):
        return isinstance(right, bool | int | float) and left == (right != 0)
    if isinstance(left, int | float):
        return isinstance(right, int | float) and not isinstance(right, bool) and left == right
    if isinstance(left, list):
        same_length = isinstance(right, list) and len(left) == len(right)
        return same_length and all(map(equal, left, right))
    if isinstance(left, dict):
        if not isinstance(right, dict) or len(left) != len(right):
            return False
        return all(equal(value, right.get(key)) for key, value in left.items())
    return left is None and right is None


def to_text(value: Any) -> str:
    """The text form that `.string()` and string functions use; arrays and objects as compact JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, Timestamp):
        from conduix.mapping.timestamps import rfc3339  # noqa: PLC0415 - timestamps are made of values

        return rfc3339(value)
    return encode_json(value, sort_keys=True).decode()


def float_text(value: float) -> str:
    """A float with the fewest digits that read back as it; an exponent of two digits beyond 1e21 and below 1e-4."""
    if value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    shortest = repr(value)
    if "e" not in shortest:
        return shortest
    digits, exponent = shortest.split("e")
    sign, power = exponent[0], exponent.lstrip("+-")
    return f"{digits.removesuffix('.0')}e{'-' if sign == '-' else '+'}{power.zfill(2)}"


def encode_json(value: Any, *, sort_keys: bool = False, indent: bool = False) -> bytes:
    """The value as JSON: bytes as base64, timestamps as RFC 3339, whole floats without a point.

    Raises:
        MappingError: text that is not valid Unicode, or values nested too deep.
    """
    options = orjson.OPT_SORT_KEYS if sort_keys else 0
    if indent:
        options |= orjson.OPT_INDENT_2
    try:
        return orjson.dumps(plain(value), option=options)
    except (TypeError, ValueError, RecursionError) as error:
        raise MappingError(f"the value cannot be written as JSON: {error}") from error


def plain(value: Any) -> Any:
    """The value in JSON types only; containers are copied only where something in them changes."""
    if isinstance(value, dict):
        made = {key: plain(item) for key, item in value.items()}
        return made if any(made[key] is not item for key, item in value.items()) else value
    if isinstance(value, list):
        items = [plain(item) for item in value]
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Timestamp):
        return to_text(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return int(value) if _LEAST_INT <= value <= _GREATEST_INT else value
    return None if isinstance(value, Absent) else value


def copied(value: Any) -> Any:
    """A deep copy of arrays and objects, so that what a mapping writes into is its own."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copied(item) for item in value]
    return value


def refuse_giant(size: int) -> None:
    """Raises a MappingError where a result of `size` bytes or items is more than a function may make."""
    if size > MAX_SIZE:
        raise MappingError(f"the result would be {size} bytes or items long, the limit is {MAX_SIZE}")
