"""Numbers: rounding to a place, writing and reading them in other bases, durations, Unix times."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from conduix.errors import MappingError
from conduix.mapping.functions.coercion import parse_number
from conduix.mapping.functions.declare import REMAP, Family, Parameter
from conduix.mapping.functions.numbers import half_away
from conduix.mapping.timestamps import read
from conduix.mapping.values import Timestamp, settled, whole

family = Family("numbers", prefix=REMAP)

_VALUE = Parameter("value", "number", "The number.")
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_NANOS: Final = {
    "ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "cs": 10**7, "ds": 10**8, "s": 10**9, "m": 60 * 10**9,
    "h": 3600 * 10**9, "d": 86_400 * 10**9,
}  # fmt: skip
_DURATION = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,18})?)\s*(ns|us|µs|ms|cs|ds|s|m|h|d)\s*")
_EPOCH_UNITS: Final = {"seconds": 10**9, "milliseconds": 10**6, "microseconds": 10**3, "nanoseconds": 1}
_MOST_PLACES: Final = 15
_EXACT: Final = 2.0**52


def _rounding(name: str, what: str, how: Callable[[float], int], sample: tuple[str, str]) -> None:
    def implementation(value: float, precision: int) -> int | float:
        if isinstance(value, int):
            return value
        places = 10.0 ** min(max(precision, -_MOST_PLACES), _MOST_PLACES)
        scaled = value * places
        # so large that it has no decimals
        return settled(how(scaled) / places) if abs(scaled) < _EXACT else value

    implementation.__doc__ = f"The number, rounded {what}."
    family.function(name, f"The number rounded {what}, to a number of decimals.", _VALUE,
                    Parameter("precision", "integer", "How many decimals.", 0),
                    examples=((f".a = {name}({sample[0]}, precision: 2)", "{}", f'{{"a":{sample[1]}}}'),))(
                    implementation)  # fmt: skip


_rounding("round", "to the nearest, halves away from zero", half_away, ("5.678", "5.68"))
_rounding("ceil", "up", math.ceil, ("4.341", "4.35"))
_rounding("floor", "down", math.floor, ("4.349", "4.34"))


@family.function("mod", "What is left of a division, with the sign of the number.", _VALUE,
                 Parameter("modulus", "number", "What to divide by."),
                 examples=((".a = mod(-7, 3)", "{}", '{"a":-1}'),))  # fmt: skip
def mod(value: float, modulus: float) -> int | float:
    """The rest."""
    if modulus == 0:
        raise MappingError("cannot calculate a remainder with a divisor of 0")
    if isinstance(value, int) and isinstance(modulus, int):
        return abs(value) % abs(modulus) * (-1 if value < 0 else 1)
    return settled(math.fmod(value, modulus))


@family.function("format_int", "An integer written in a base from 2 to 36.",
                 Parameter("value", "integer", "The integer."), Parameter("base", "integer", "The base.", 10),
                 examples=((".a = format_int!(42, 2)", "{}", '{"a":"101010"}'),))  # fmt: skip
def format_int(value: int, base: int) -> str:
    """Its digits."""
    _check_base(base)
    left, digits = abs(value), ""
    while left or not digits:
        left, digit = divmod(left, base)
        digits = _DIGITS[digit] + digits
    return "-" + digits if value < 0 else digits


@family.function("parse_int", "The integer that a text spells in a base from 2 to 36; without one `0x`, `0o`, `0b` and "
                 "`0` in front say it.", Parameter("value", "string", "The text."),
                 Parameter("base", "integer", "The base.", None),
                 examples=(('.a = parse_int!("ff", 16)', "{}", '{"a":255}'),))  # fmt: skip
def parse_int(value: str, base: int | None) -> int:
    """The integer."""
    if base is not None:
        _check_base(base)
    digits = value.lstrip("+-")
    octal = base is None and len(digits) > 1 and digits.isdecimal() and digits[0] == "0"
    try:
        if len(value) > 80 or "_" in value or value != value.strip() or not value.isascii():
            raise ValueError(value)
        return whole(settled(int(value, 8 if octal else base or 0)))
    except ValueError as error:
        raise MappingError(f'could not parse integer from "{value[:100]}"') from error


def _check_base(base: int) -> None:
    if not 2 <= base <= 36:
        raise MappingError(f"invalid base {base}: must be between 2 and 36")


@family.function("parse_float", "The number that a text spells.", Parameter("value", "string", "The text."),
                 examples=(('.a = parse_float!("42.38")', "{}", '{"a":42.38}'),))  # fmt: skip
def parse_float(value: str) -> int | float:
    """The number."""
    return parse_number(value)


@family.function("format_number", "A number written with separators.", _VALUE,
                 Parameter("scale", "integer", "How many decimals.", None),
                 Parameter("decimal_separator", "string", "What stands before the decimals.", "."),
                 Parameter("grouping_separator", "string", "What stands between thousands.", ""),
                 examples=(('.a = format_number(1234567.891, 2, decimal_separator: ",", grouping_separator: ".")', "{}",
                            '{"a":"1.234.567,89"}'),))  # fmt: skip
def format_number(value: float, scale: int | None, decimal_separator: str, grouping_separator: str) -> str:
    """The written number; decimals beyond the scale are cut off."""
    _, _, written = f"{Decimal(repr(value)):f}".rpartition("-")
    integer, _, decimals = written.partition(".")
    if scale is not None:
        decimals = decimals[: max(scale, 0)].ljust(min(max(scale, 0), 100), "0")
    grouped = f"{int(integer):,}".replace(",", grouping_separator)
    return ("-" if value < 0 else "") + grouped + (decimal_separator + decimals if decimals else "")


@family.function("parse_duration", "A duration such as `1s 500ms`, in a unit.",
                 Parameter("value", "string", "The text."),
                 Parameter("unit", "string", "`ns`, `us`, `ms`, `cs`, `ds`, `s`, `m`, `h` or `d`."),
                 examples=(('.a = parse_duration!("1005ms", unit: "s")', "{}", '{"a":1.005}'),))  # fmt: skip
def parse_duration(value: str, unit: str) -> int | float:
    """The duration in that unit."""
    if unit not in _NANOS:
        raise MappingError(f"unknown unit of a duration {unit[:20]}: write one of {', '.join(_NANOS)}")
    total, at = Decimal(0), 0
    while part := _DURATION.match(value, at):
        total += Decimal(part[1]) * _NANOS[part[2]]
        at = part.end()
    if at < len(value) or not value:
        raise MappingError(f'unable to parse duration "{value[:100]}"')
    return settled(float(total / _NANOS[unit]))


_UNIT = Parameter("unit", "string", "`seconds`, `milliseconds`, `microseconds` or `nanoseconds`.", "seconds")


@family.function("to_unix_timestamp", "A time as the time since 1970.", Parameter("value", "any", "The time."), _UNIT,
                 examples=(('.a = to_unix_timestamp("1970-01-02T00:00:00Z", unit: "milliseconds")', "{}",
                            '{"a":86400000}'),))  # fmt: skip
def to_unix_timestamp(value: Any, unit: str) -> int:
    """Whole units since 1970."""
    return read(value).nanos // _epoch_unit(unit)


@family.function("from_unix_timestamp", "The time that is so long after 1970.",
                 Parameter("value", "integer", "How long."), _UNIT,
                 examples=((".a = from_unix_timestamp!(86400)", "{}", '{"a":"1970-01-02T00:00:00Z"}'),))  # fmt: skip
def from_unix_timestamp(value: int, unit: str) -> Timestamp:
    """The timestamp, in UTC."""
    return Timestamp(value * _epoch_unit(unit), read(0).zone)


def _epoch_unit(unit: str) -> int:
    if unit not in _EPOCH_UNITS:
        raise MappingError(f"unknown unit {unit[:20]}: write one of {', '.join(_EPOCH_UNITS)}")
    return _EPOCH_UNITS[unit]
