"""The operators, as plain functions on values."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any, Final

from conduix.errors import MappingError
from conduix.mapping.values import Timestamp, boolean, equal, number, refuse_giant, settled, text, type_name, whole


class Mismatch(MappingError):
    """An operator got types that do not go together; the parts name the operands where the tree is known."""

    def __init__(
        self, verb: str, left: Any, right: Any, sources: tuple[str, str] = ("", ""), *, line: int = 0, column: int = 0
    ) -> None:
        self.verb, self.left, self.right = verb, left, right
        first, second = (f" (from {source})" if source else "" for source in sources)
        super().__init__(
            f"cannot {verb} types {type_name(left)}{first} and {type_name(right)}{second}", line=line, column=column
        )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def add(left: Any, right: Any) -> Any:
    """The sum of numbers, or two texts joined."""
    if isinstance(left, str | bytes) and isinstance(right, str | bytes | Timestamp):
        refuse_giant(len(left) + len(text(right)))
        if isinstance(left, bytes) and isinstance(right, bytes):
            return left + right
        return text(left) + text(right)
    if _is_number(left) and _is_number(right):
        return settled(number(left) + number(right))
    raise Mismatch("add", left, right)


def subtract(left: Any, right: Any) -> int | float:
    """The difference of numbers."""
    if _is_number(left) and _is_number(right):
        return settled(number(left) - number(right))
    raise Mismatch("subtract", left, right)


def multiply(left: Any, right: Any) -> int | float:
    """The product of numbers."""
    if _is_number(left) and _is_number(right):
        return settled(number(left) * number(right))
    raise Mismatch("multiply", left, right)


def divide(left: Any, right: Any) -> int | float:
    """The quotient, calculated in floats; a divisor of zero is an error."""
    if not _is_number(left) or not _is_number(right):
        raise Mismatch("divide", left, right)
    if right == 0:
        raise MappingError("attempted to divide by zero")
    return settled(float(number(left)) / float(number(right)))


def modulo(left: Any, right: Any) -> int:
    """The remainder of integers, with the sign of the left one; decimals are cut off first."""
    if not _is_number(left) or not _is_number(right):
        raise Mismatch("modulo", left, right)
    dividend, divisor = whole(left), whole(right)
    if divisor == 0:
        raise MappingError("attempted to divide by zero")
    return int(math.copysign(1, dividend)) * (abs(dividend) % abs(divisor))


def negate(value: Any) -> int | float:
    """The number with its sign turned."""
    if _is_number(value):
        return settled(-number(value))
    raise Mismatch("subtract", 0, value)


def invert(value: Any) -> bool:
    """The other bool."""
    if isinstance(value, bool):
        return not value
    raise Mismatch("boolean not", value, value)


def unequal(left: Any, right: Any) -> bool:
    """The opposite of `equal`."""
    return not equal(left, right)


def _comparison(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compared(left: Any, right: Any) -> bool:
        if _is_number(left) and _is_number(right):
            return compare(left, right)
        textual = str | bytes | Timestamp
        if isinstance(left, textual) and isinstance(right, textual):
            return compare(text(left), text(right))
        raise Mismatch("compare", left, right)

    return compared


less = _comparison(operator.lt)
less_equal = _comparison(operator.le)
greater = _comparison(operator.gt)
greater_equal = _comparison(operator.ge)


def truth(value: Any) -> bool:
    """An operand of `&&` or `||`: a bool, or a number read as `!= 0`."""
    return boolean(value)


BINARY: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "%": modulo,
    "==": equal,
    "!=": unequal,
    "<": less,
    "<=": less_equal,
    ">": greater,
    ">=": greater_equal,
}
"""Every operator that always evaluates both sides."""
