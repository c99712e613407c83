"""Types: asking for them, insisting on them, turning values into them; failing on purpose."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

from conduix.errors import MappingError
from conduix.mapping.access import granted
from conduix.mapping.functions.coercion import parse_number
from conduix.mapping.functions.declare import REMAP, Family, Parameter
from conduix.mapping.values import Timestamp, WrongType, equal, settled, text, to_text

family = Family("values", prefix=REMAP)

_VALUE = Parameter("value", "any", "The value.")
_SECOND = 1_000_000_000
_TRUE = frozenset({"true", "t", "yes", "y", "1"})
_FALSE = frozenset({"false", "f", "no", "n", "0"})
_random = random.SystemRandom()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_json(value: Any) -> bool:
    try:
        json.loads(text(value))
    except (ValueError, RecursionError):
        return False
    return True


def _is_empty(value: Any) -> bool:
    if not isinstance(value, str | bytes | list | dict):
        raise WrongType("string, array or object", value)
    return not value


_KINDS: dict[str, tuple[str, Callable[[Any], bool], str]] = {
    "string": ("a text", lambda value: isinstance(value, str | bytes), '"a"'),
    "integer": ("a whole number", lambda value: isinstance(value, int) and not isinstance(value, bool), "1"),
    "float": ("a number with decimals", lambda value: isinstance(value, float), "1.5"),
    "boolean": ("true or false", lambda value: isinstance(value, bool), "false"),
    "array": ("an array", lambda value: isinstance(value, list), "[]"),
    "object": ("an object", lambda value: isinstance(value, dict), "{}"),
    "timestamp": ("a timestamp", lambda value: isinstance(value, Timestamp), 'parse_timestamp!("2020", "%Y")'),
    "null": ("null", lambda value: value is None, "null"),
    "nullish": ("null, or a text that is empty, blank or `-`",
                lambda value: value is None or (isinstance(value, str) and value.strip() in {"", "-"}), '"-"'),
    "empty": ("an empty text, array or object", _is_empty, '""'),
    "json": ("a text of JSON", _is_json, '"[1]"'),
}  # fmt: skip

for _name, (_what, _test, _sample) in _KINDS.items():

    def _make(name: str, what: str, test: Callable[[Any], bool], sample: str) -> None:
        def implementation(value: Any) -> bool:
            return test(value)

        implementation.__doc__ = f"Whether the value is {what}."
        family.function(f"is_{name}", f"Whether the value is {what}.", _VALUE,
                        examples=((f".a = is_{name}({sample})", "{}", '{"a":true}'),))(implementation)  # fmt: skip

    _make(_name, _what, _test, _sample)

# whole floats become integers in calculations, so a whole number is a float too
_ASSERTED: dict[str, tuple[str, Callable[[Any], bool], str, str]] = {
    "string": ("string", _KINDS["string"][1], '"a"', '"a"'),
    "int": ("integer", _KINDS["integer"][1], "1", "1"),
    "float": ("float", _is_number, "1.5", "1.5"),
    "bool": ("boolean", _KINDS["boolean"][1], "true", "true"),
    "array": ("array", _KINDS["array"][1], "[1]", "[1]"),
    "object": ("object", _KINDS["object"][1], '{"b":1}', '{"b":1}'),
    "timestamp": ("timestamp", _KINDS["timestamp"][1], 'parse_timestamp!("1970", "%Y")', '"1970-01-01T00:00:00Z"'),
}

for _name, (_what, _test, _sample, _result) in _ASSERTED.items():

    def _insist(name: str, what: str, test: Callable[[Any], bool], sample: str, result: str) -> None:
        def implementation(value: Any) -> Any:
            if not test(value):
                raise WrongType(what, value)
            return value

        implementation.__doc__ = f"The value, which is of the type {what}."
        family.function(name, f"The value if it is of the type {what}; else the record fails.", _VALUE,
                        examples=((f".a = {name}!({sample})", "{}", f'{{"a":{result}}}'),))(implementation)  # fmt: skip

    _insist(_name, _what, _test, _sample, _result)


@family.function("to_string", "The value as text; null as an empty one.", _VALUE,
                 examples=((".a = to_string!(.n)", '{"n":5}', '{"n":5,"a":"5"}'),))  # fmt: skip
def to_string(value: Any) -> str:
    """The text; arrays and objects are an error."""
    if isinstance(value, list | dict):
        raise WrongType("string, number, boolean, timestamp or null", value)
    return "" if value is None else to_text(value)


@family.function("to_int", "The value as an integer: decimals are cut off, null is 0, a time its Unix seconds.", _VALUE,
                 examples=((".a = to_int!(.s)", '{"s":"12.9"}', '{"s":"12.9","a":12}'),))  # fmt: skip
def to_int(value: Any) -> int:
    """The integer."""
    return int(settled(int(_to_number(value))))


@family.function("to_float", "The value as a number: null is 0, a time its Unix seconds.", _VALUE,
                 examples=((".a = to_float!(.s)", '{"s":"1.5"}', '{"s":"1.5","a":1.5}'),))  # fmt: skip
def to_float(value: Any) -> int | float:
    """The number."""
    return _to_number(value)


def _to_number(value: Any) -> int | float:
    if isinstance(value, str):
        # what most texts are that become numbers; up to 18 digits never leave 64 bits
        return int(value) if value.isascii() and value.isdecimal() and len(value) <= 18 else parse_number(value.strip())
    if value is None:
        return 0
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float):
        return settled(value)
    if isinstance(value, Timestamp):
        return settled(value.nanos / _SECOND)
    return parse_number(text(value).strip())


@family.function("to_bool", "The value as a boolean: `true`, `t`, `yes`, `y`, `1` and their contraries; a number is "
                 "true unless it is 0; null is false.", _VALUE,
                 examples=((".a = to_bool!(.s)", '{"s":"yes"}', '{"s":"yes","a":true}'),))  # fmt: skip
def to_bool(value: Any) -> bool:
    """The boolean."""
    if value is None or isinstance(value, bool):
        return bool(value)
    if _is_number(value):
        return bool(value != 0)
    spelled = text(value).lower()
    if spelled in _TRUE or spelled in _FALSE:
        return spelled in _TRUE
    raise MappingError(f'"{spelled[:100]}" is not a boolean')


@family.function("assert", "Fails the record unless the condition is true.",
                 Parameter("condition", "bool", "What must be true."),
                 Parameter("message", "string", "What the error says.", "assertion failed"),
                 examples=(('.ok = assert!(.n > 0, "n is too small")', '{"n":1}', '{"n":1,"ok":true}'),))  # fmt: skip
def assert_true(condition: bool, message: str) -> bool:
    """True."""
    if not condition:
        raise MappingError(message)
    return True


@family.function("assert_eq", "Fails the record unless two values are equal.",
                 Parameter("left", "any", "The one."), Parameter("right", "any", "The other."),
                 Parameter("message", "string", "What the error says.", None),
                 examples=((".ok = assert_eq!(.n, 1)", '{"n":1}', '{"n":1,"ok":true}'),))  # fmt: skip
def assert_equal(left: Any, right: Any, message: str | None) -> bool:
    """True."""
    if not equal(left, right):
        raise MappingError(message or f"assertion failed: {to_text(left)[:100]} == {to_text(right)[:100]}")
    return True


@family.function("get_env_var", "A variable that the machine's owner allows in `CONDUIX_ALLOW_ENV`.",
                 Parameter("name", "string", "The variable."), deterministic=False)  # fmt: skip
def get_env_var(name: str) -> str:
    """The value; one that is not set is an error."""
    value = granted().variable(name)
    if value is None:
        raise MappingError(f"environment variable not found: {name}")
    return value


@family.function("random_bool", "True or false, by chance.", deterministic=False)
def random_bool() -> bool:
    """One of the two."""
    return _random.random() < 0.5


@family.function("random_int", "A random integer from `min` up to, but without, `max`.",
                 Parameter("min", "integer", "The least."), Parameter("max", "integer", "Where to end, not included."),
                 deterministic=False)  # fmt: skip
def random_int(least: int, end: int) -> int:
    """The integer."""
    if end <= least:
        raise MappingError("max must be greater than min")
    return _random.randrange(least, end)


@family.function("random_float", "A random number from `min` up to `max`.",
                 Parameter("min", "number", "The least."), Parameter("max", "number", "The end."),
                 deterministic=False)  # fmt: skip
def random_float(least: float, end: float) -> float:
    """The number."""
    if end <= least:
        raise MappingError("max must be greater than min")
    return least + _random.random() * (end - least)
