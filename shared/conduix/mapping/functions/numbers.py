"""Functions on numbers."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Any

from conduix.errors import MappingError
from conduix.mapping.functions.coercion import parse_number
from conduix.mapping.functions.declare import Family, Parameter
from conduix.mapping.values import WrongType, array, number, settled, whole

family = Family("numbers")


@family.method("abs", "The number without its sign.",
               examples=(("root.a = this.a.map_each(x -> x.abs())", '{"a":[9,-18,-4.56]}',
                         '{"a":[9,18,4.56]}'),))  # fmt: skip
def absolute(value: Any) -> int | float:
    """The absolute value."""
    return settled(abs(number(value)))


@family.method("ceil", "The least integer that is not below the number.",
               examples=(("root.a = this.a.ceil()", '{"a":5.3}', '{"a":6}'),))  # fmt: skip
def ceil(value: Any) -> int | float:
    """The number rounded up."""
    return _rounded(value, math.ceil)


@family.method("floor", "The greatest integer that is not above the number.",
               examples=(("root.a = this.a.floor()", '{"a":5.7}', '{"a":5}'),))  # fmt: skip
def floor(value: Any) -> int | float:
    """The number rounded down."""
    return _rounded(value, math.floor)


@family.method("round", "The nearest integer, halves away from zero.",
               examples=(("root.a = this.a.round()", '{"a":2.5}', '{"a":3}'),))  # fmt: skip
def round_number(value: Any) -> int | float:
    """The rounded number."""
    return _rounded(value, half_away)


def half_away(value: float) -> int:
    """The nearest whole number, of two the one farther from zero."""
    lower = math.floor(abs(value))
    nearest = lower + (abs(value) - lower >= 0.5)
    return nearest if value >= 0 else -nearest


def _rounded(value: Any, how: Callable[[float], int]) -> int | float:
    exact = number(value)
    if isinstance(exact, int) or not math.isfinite(exact):
        return settled(exact)
    result = how(exact)
    return result if -(2**63) <= result < 2**63 else float(result)


def _real(name: str, doc: str, calculate: Callable[[float], float], example: tuple[str, str, str]) -> None:
    def implementation(value: Any) -> int | float:
        try:
            return settled(calculate(float(number(value))))
        except ValueError as error:
            raise MappingError(f"{name} of {value} is not a finite number") from error

    implementation.__doc__ = doc
    family.method(name, doc, examples=(example,))(implementation)


_real("log", "The natural logarithm.", math.log, ("root.a = this.a.log().round()", '{"a":2.7183}', '{"a":1}'))
_real("log10", "The decimal logarithm.", math.log10, ("root.a = this.a.log10()", '{"a":1000}', '{"a":3}'))
_real("sin", "The sine of an angle in radians.", math.sin, ("root.a = this.a.sin()", '{"a":0}', '{"a":0}'))
_real("cos", "The cosine of an angle in radians.", math.cos, ("root.a = this.a.cos()", '{"a":0}', '{"a":1}'))
_real("tan", "The tangent of an angle in radians.", math.tan, ("root.a = this.a.tan()", '{"a":0}', '{"a":0}'))


@family.method("pow", "The number raised to a power.", Parameter("exponent", "number", "The exponent."),
               examples=(("root.a = this.a.pow(2)", '{"a":3}', '{"a":9}'),))  # fmt: skip
def power(value: Any, exponent: float) -> int | float:
    """The power, calculated in floats."""
    try:
        result = math.pow(number(value), exponent)
    except (OverflowError, ValueError) as error:
        raise MappingError("the result is not a finite number") from error
    return settled(result)


_OTHER = Parameter("value", "integer", "The other operand.")


@family.method("bitwise_and", "The bits that both integers have.", _OTHER,
               examples=(("root.a = this.a.bitwise_and(6)", '{"a":12}', '{"a":4}'),))  # fmt: skip
def bitwise_and(value: Any, other: int) -> int:
    """Bitwise and."""
    return whole(value) & other


@family.method("bitwise_or", "The bits that either integer has.", _OTHER,
               examples=(("root.a = this.a.bitwise_or(6)", '{"a":12}', '{"a":14}'),))  # fmt: skip
def bitwise_or(value: Any, other: int) -> int:
    """Bitwise or."""
    return whole(value) | other


@family.method("bitwise_xor", "The bits that exactly one of the integers has.", _OTHER,
               examples=(("root.a = this.a.bitwise_xor(6)", '{"a":12}', '{"a":10}'),))  # fmt: skip
def bitwise_xor(value: Any, other: int) -> int:
    """Bitwise exclusive or."""
    return whole(value) ^ other


@family.method("max", "The greatest number of an array.",
               examples=(("root.a = this.a.max()", '{"a":[0,3,2.5,7]}', '{"a":7}'),))  # fmt: skip
def greatest(value: Any) -> int | float:
    """The greatest; an empty array is an error."""
    return max(_numbers(value))


@family.method("min", "The least number of an array.",
               examples=(("root.a = this.a.min()", '{"a":[0,3,-2.5]}', '{"a":-2.5}'),))  # fmt: skip
def least(value: Any) -> int | float:
    """The least; an empty array is an error."""
    return min(_numbers(value))


def _numbers(value: Any) -> list[int | float]:
    if not array(value):
        raise MappingError("the array was empty")
    return [_item(item, f"index {position} of array") for position, item in enumerate(value)]


def _item(item: Any, where: str) -> int | float:
    if isinstance(item, bool) or not isinstance(item, int | float):
        raise MappingError(f"{where}: {WrongType('number', item).message}")
    return settled(number(item))


@family.method("sum", "The sum of the numbers of an array.",
               examples=(("root.a = this.a.sum()", '{"a":[3,8,4]}', '{"a":15}'),))  # fmt: skip
def total(value: Any) -> int | float:
    """The sum; a number alone is its own."""
    if isinstance(value, list):
        try:
            return settled(sum(map(number, value)))
        except WrongType:
            for position, item in enumerate(value):
                _item(item, f"index {position}")
            raise
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise WrongType("array", value)


_LIMITS = {
    f"{'u' if unsigned else ''}int{bits}": (0 if unsigned else -(2 ** (bits - 1)), 2 ** (bits - (not unsigned)) - 1)
    for bits in (8, 16, 32, 64)
    for unsigned in (False, True)
}


def _integer(name: str, lower: int, upper: int) -> None:
    def implementation(value: Any) -> int:
        result = _as_integer(value)
        if not lower <= result <= upper:
            raise MappingError(f"value is too {'small' if result < lower else 'large'} to be cast as {name}: {result}")
        return result

    implementation.__doc__ = f"The value as an {name}."
    family.method(
        name,
        f"The number, or the number that a text spells, as an integer from {lower} to {upper}.",
        examples=((f"root.a = this.a.{name}()", '{"a":"0xD"}', '{"a":13}'),),
    )(implementation)


def _as_integer(value: Any) -> int:
    if isinstance(value, str | bytes):
        return _parse_integer(value.decode("utf-8", "replace") if isinstance(value, bytes) else value)
    exact = number(value)
    if isinstance(exact, float):
        if not math.isfinite(exact):
            raise MappingError(f"cannot convert {exact} to an integer")
        if not exact.is_integer():
            raise MappingError(
                "float value contains decimals and therefore cannot be cast as an integer, "
                "if you intend to round the value then call `.round()` explicitly before this cast"
            )
    return int(exact)


def _parse_integer(spelled: str) -> int:
    digits = spelled.lstrip("+-")
    octal = len(digits) > 1 and digits[0] == "0" and digits[1] in "01234567_"
    try:
        if len(spelled) > 80 or not spelled.isascii() or spelled != spelled.strip():
            raise ValueError(spelled)
        return int(spelled, 8 if octal else 0)
    except ValueError as error:
        raise MappingError(f'"{spelled[:100]}" is not a whole number') from error


for _name, (_lower, _upper) in _LIMITS.items():
    _integer(_name, _lower, _upper)


@family.method("float64", "The number, or the number that a text spells, as a float of 64 bits.",
               examples=(("root.a = this.a.float64()", '{"a":"6.5e-11"}', '{"a":6.5e-11}'),))  # fmt: skip
def float64(value: Any) -> int | float:
    """The number; whole ones as int."""
    spelled = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return settled(float(parse_number(spelled) if isinstance(spelled, str) else number(spelled)))


@family.method("float32", "The number, or the number that a text spells, with the precision of 32 bits.",
               examples=(("root.a = this.a.float32()", '{"a":"0.1"}', '{"a":0.1}'),))  # fmt: skip
def float32(value: Any) -> int | float:
    """The nearest float of 32 bits, in its shortest decimal form."""
    exact = float64(value)
    try:
        packed = struct.pack("<f", exact)
    except OverflowError as error:
        raise MappingError(f"{exact} is out of the range of 32 bit floats") from error
    nearest: float = struct.unpack("<f", packed)[0]
    for digits in range(1, 10):
        short = float(f"{nearest:.{digits}g}")
        if struct.pack("<f", short) == packed:
            return settled(short)
    return settled(nearest)
