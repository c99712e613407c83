"""Turning values into other types, and insisting on what a value is."""

from __future__ import annotations

import re
from typing import Any

from conduix.errors import MappingError
from conduix.mapping.functions.declare import Family, Parameter
from conduix.mapping.timestamps import read
from conduix.mapping.values import Timestamp, WrongType, array, data, number, settled, text, to_text, type_name

family = Family("coercion")

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}\Z")
_DECIMAL = re.compile(r"[+-]?(?:[0-9][0-9]*\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z")
_HEX = re.compile(r"[+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?[0-9]+\Z")


def parse_number(spelled: str) -> int | float:
    """The number that a text spells; integers of 64 bits stay exact. Raises MappingError if it spells none."""
    if _INTEGER.match(spelled):
        return int(spelled)
    if len(spelled) <= 400:
        if _DECIMAL.match(spelled):
            plain = spelled.lstrip("+-").isdigit()
            return settled(int(spelled)) if plain and abs(int(spelled)) < 2**63 else settled(float(spelled))
        if _HEX.match(spelled):
            return settled(float.fromhex(spelled))
    raise MappingError(f'"{spelled[:100]}" is not a number')


@family.method("number", "The value as a number; a text is read as one.",
               Parameter("default", "number", "What to give where the value is no number.", None),
               examples=(("root.a = this.a.number() + 10", '{"a":"5"}', '{"a":15}'),
                         ("root.a = this.a.number(5)", '{"a":"x"}', '{"a":5}')))  # fmt: skip
def to_number(value: Any, _default: float | None = None) -> int | float:
    """The number."""
    if isinstance(value, str):
        return parse_number(value)
    if isinstance(value, bytes):
        return parse_number(text(value))
    return settled(number(value))


@family.method("bool", "The value as a bool: a number is true unless it is 0, a text is read as one.",
               Parameter("default", "bool", "What to give where the value is no bool.", None),
               examples=(("root.a = this.a.bool()", '{"a":"true"}', '{"a":true}'),
                         ("root.a = this.a.bool(false)", '{"a":"x"}', '{"a":false}')))  # fmt: skip
def to_bool(value: Any, _default: bool | None = None) -> bool:
    """The bool."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value != 0
    if isinstance(value, str | bytes):
        spelled = text(value)
        if spelled in _TRUE or spelled in _FALSE:
            return spelled in _TRUE
    raise WrongType("bool", value)


@family.method("string", "The value as text; arrays and objects as JSON.",
               examples=(("root.a = this.a.string()", '{"a":{"b":1}}', '{"a":"{\\"b\\":1}"}'),
                         ("root.a = this.a.string()", '{"a":228930314431312345}',
                          '{"a":"228930314431312345"}')))  # fmt: skip
def to_string(value: Any) -> str:
    """The text."""
    return to_text(value)


@family.method("bytes", "The value as bytes: of its text.",
               examples=(('root.a = this.a.bytes().encode("hex")', '{"a":"fo"}', '{"a":"666f"}'),))  # fmt: skip
def to_bytes(value: Any) -> bytes:
    """The bytes."""
    return value if isinstance(value, bytes) else data(to_text(value))


@family.method("array", "The value as an array; anything else as its only item.",
               examples=(("root.a = this.a.array()", '{"a":"x"}', '{"a":["x"]}'),))  # fmt: skip
def to_array(value: Any) -> list[Any]:
    """The array."""
    return value if isinstance(value, list) else [value]


@family.method("type", "The name of the value's type.",
               examples=(("root.a = this.a.type()\nroot.b = this.b.type()", '{"a":1}',
                         '{"a":"number","b":"null"}'),))  # fmt: skip
def type_of(value: Any) -> str:
    """string, bytes, number, bool, timestamp, array, object or null."""
    return type_name(value)


@family.method("not_null", "The value; null is an error.",
               examples=(("root.a = this.a.not_null()", '{"a":1}', '{"a":1}'),))  # fmt: skip
def not_null(value: Any) -> Any:
    """The value."""
    if value is None:
        raise MappingError("value is null")
    return value


@family.method("not_empty", "The text, array or object; an empty one is an error.",
               examples=(("root.a = this.a.not_empty()", '{"a":"x"}', '{"a":"x"}'),))  # fmt: skip
def not_empty(value: Any) -> Any:
    """The value."""
    if not isinstance(value, str | list | dict):
        raise WrongType("string, array or object", value)
    if not value:
        raise MappingError(f"{type_name(value)} value is empty")
    return value


@family.method("timestamp", "The value as a timestamp: Unix seconds, or text in RFC 3339.",
               Parameter("default", "any", "What to give where the value is no timestamp.", None),
               examples=(("root.a = this.a.timestamp().ts_unix()", '{"a":"2020-08-14T05:54:23Z"}',
                         '{"a":1597384463}'),))  # fmt: skip
def to_timestamp(value: Any, default: Any) -> Timestamp:
    """The timestamp."""
    try:
        return read(value)
    except MappingError:
        if default is None:
            raise
        return read(default)


@family.method("not", "The contrary of a bool.",
               examples=(("root.a = this.a.not()", '{"a":true}', '{"a":false}'),))  # fmt: skip
def negated(value: Any) -> bool:
    """The bool."""
    if not isinstance(value, bool):
        raise WrongType("bool", value)
    return not value


@family.method("vector", "The array, all of whose items are numbers, as stores of vectors want it.",
               examples=(("root.a = this.a.vector()", '{"a":[1,0.5]}', '{"a":[1,0.5]}'),))  # fmt: skip
def vector(value: Any) -> list[int | float]:
    """The numbers."""
    return [number(item) for item in array(value)]
