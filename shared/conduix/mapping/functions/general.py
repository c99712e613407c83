"""General functions: what is no value, failing on purpose, recovering, ranges, generated values."""

from __future__ import annotations

import math
import os
import random
import time
from collections.abc import Callable
from datetime import UTC
from typing import Any

from conduix.errors import MappingError
from conduix.mapping.functions.declare import Family, Parameter
from conduix.mapping.record import Scope
from conduix.mapping.timestamps import rfc3339
from conduix.mapping.values import DELETED, NOTHING, Timestamp, is_null, number, refuse_giant, settled, type_name

family = Family("general")

_ALPHABET = "_-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_random = random.SystemRandom()


@family.function(
    "deleted",
    "Says that the target is to be deleted: a field, an item, or the whole record.",
    examples=(
        ("root = this\nroot.bar = deleted()", '{"bar":1,"baz":2}', '{"baz":2}'),
        (
            "root.new = this.nums.map_each(n -> if n < 10 { deleted() } else { n - 10 })",
            '{"nums":[3,11]}',
            '{"new":[1]}',
        ),
    ),
)
def deleted() -> Any:
    """The marker of a deletion."""
    return DELETED


@family.function(
    "nothing",
    "Says that the target is to stay as it is.",
    examples=(("root = this\nroot.a = nothing()", '{"a":1}', '{"a":1}'),),
)
def nothing() -> Any:
    """The marker of no assignment."""
    return NOTHING


@family.function(
    "throw",
    "Fails the mapping with a message.",
    Parameter("why", "string", "What went wrong."),
    examples=(('root.a = throw("no").catch(err -> err)', "{}", '{"a":"no"}'),),
)
def throw(why: str) -> Any:
    """Raises a MappingError that says `why`; no letter is without a reason."""
    raise MappingError(why or "thrown without a reason")


@family.method(
    "catch",
    "Gives the fallback where the target fails; a lambda gets the error as text.",
    Parameter("fallback", "query", "The value instead, or a query of the error."),
    lazy=True,
    examples=(
        ("root.n = this.n.number().catch(0)", '{"n":"x"}', '{"n":0}'),
        ("root.e = this.n.not_null().catch(err -> err)", "{}", '{"e":"field `this.n`: value is null"}'),
    ),
)
def catch(target: Callable[[], Any], fallback: Callable[[Any], Any]) -> Any:
    """The target, or the fallback of its error."""
    try:
        return target()
    except MappingError as error:
        return fallback(error.message)


@family.method(
    "or",
    "Gives the fallback where the target fails or is null.",
    Parameter("fallback", "fallback", "The value instead."),
    lazy=True,
    examples=(('root.n = this.n.or("none")', "{}", '{"n":"none"}'),),
)
def or_else(target: Callable[[], Any], fallback: Callable[[Any], Any]) -> Any:
    """The target unless it fails or is null."""
    try:
        value = target()
    except MappingError:
        return fallback(None)
    return fallback(None) if is_null(value) else value


@family.method(
    "apply",
    "Runs a declared map with the target as `this`.",
    Parameter("mapping", "string", "The name of the map."),
    scope=True,
    examples=(('map thing {\n  root.inner = this.first\n}\nroot.foo = this.doc.apply("thing")',
               '{"doc":{"first":"hello"}}', '{"foo":{"inner":"hello"}}'),),
)  # fmt: skip
def apply(scope: Scope, target: Any, name: str) -> Any:
    """The result of the map `name`."""
    return scope.apply(name, target)


@family.method(
    "map",
    "Runs a query with the target as `this`.",
    Parameter("query", "query", "What to make of the target."),
    examples=(("root.a = this.b.map(this.c)", '{"b":{"c":1}}', '{"a":1}'),),
)
def map_value(target: Any, query: Callable[[Any], Any]) -> Any:
    """The result of the query."""
    return query(target)


@family.function(
    "range",
    "An array of integers from `start` up to, but without, `stop`.",
    Parameter("start", "integer", "The first value."),
    Parameter("stop", "integer", "Where to end, not included."),
    Parameter("step", "integer", "The difference between two values; may be negative.", 1),
    examples=(("root.a = range(0, 3)\nroot.b = range(start: 0, stop: this.max, step: 2)", '{"max":4}',
               '{"a":[0,1,2],"b":[0,2]}'),),
)  # fmt: skip
def make_range(start: int, stop: int, step: int) -> list[int]:
    """The integers; a step of zero or one that leads away from `stop` is an error."""
    if step == 0:
        raise MappingError("step must be greater than or less than 0")
    if step < 0 and stop > start:
        raise MappingError(f"with negative step arg stop ({stop}) must be <= start ({start})")
    if step > 0 and start >= stop:
        raise MappingError(f"with positive step arg start ({start}) must be < stop ({stop})")
    count = abs(stop - start) // abs(step)
    refuse_giant(count * 8)
    return [start + step * position for position in range(count)]


@family.function("pi", "The number π.", examples=(("root.r = (pi() * 2).round()", "{}", '{"r":6}'),))
def pi() -> float:
    """The ratio of a circle's circumference to its diameter."""
    return math.pi


@family.function(
    "cosine_similarity",
    "The cosine of the angle between two vectors of the same length.",
    Parameter("a", "any", "An array of numbers."),
    Parameter("b", "any", "An array of numbers."),
    examples=(("root.s = cosine_similarity([1, 2, 3], [2, 4, 6])", "{}", '{"s":1}'),),
)
def cosine_similarity(a: Any, b: Any) -> int | float:
    """The similarity, -1 to 1; vectors that are empty or all zeros are an error."""
    first, second = _vector(a), _vector(b)
    if len(first) != len(second):
        raise MappingError("vectors must be equal length")
    if not first:
        raise MappingError("vectors cannot be empty")
    dot = squares_a = squares_b = 0.0
    for x, y in zip(first, second, strict=True):
        dot += x * y
        squares_a += x * x
        squares_b += y * y
    if squares_a == 0 or squares_b == 0:
        raise MappingError("vectors must not be null (all zeros)")
    return settled(dot / (math.sqrt(squares_a) * math.sqrt(squares_b)))


def _vector(value: Any) -> list[float]:
    if not isinstance(value, list) or any(type_name(item) != "number" for item in value):
        raise MappingError("vector must be an array of numeric types")
    return [float(number(item)) for item in value]


@family.function("now", "The current time as text in RFC 3339, UTC.", deterministic=False)
def now() -> str:
    """The current time."""
    return rfc3339(Timestamp(time.time_ns(), UTC))


@family.function("timestamp_unix", "The current Unix time in seconds.", deterministic=False)
def timestamp_unix() -> int:
    """Seconds since 1970."""
    return time.time_ns() // 1_000_000_000


@family.function("timestamp_unix_milli", "The current Unix time in milliseconds.", deterministic=False)
def timestamp_unix_milli() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


@family.function("timestamp_unix_micro", "The current Unix time in microseconds.", deterministic=False)
def timestamp_unix_micro() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1_000


@family.function("timestamp_unix_nano", "The current Unix time in nanoseconds.", deterministic=False)
def timestamp_unix_nano() -> int:
    """Nanoseconds since 1970."""
    return time.time_ns()


@family.function("uuid_v4", "A new random UUID.", deterministic=False)
def uuid_v4() -> str:
    """A UUID of version 4."""
    return _uuid(_random.getrandbits(128), 4)


@family.function("uuid_v7", "A new UUID that sorts by the time it was made.", deterministic=False)
def uuid_v7() -> str:
    """A UUID of version 7."""
    return _uuid(time.time_ns() // 1_000_000 << 80 | _random.getrandbits(80), 7)


def _uuid(bits: int, version: int) -> str:
    bits = bits & ~(0xF << 76) | version << 76
    digits = f"{bits & ~(0x3 << 62) | 0x2 << 62:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


@family.function(
    "nanoid",
    "A new random identifier.",
    Parameter("length", "integer", "How many characters.", 21),
    Parameter("alphabet", "string", "The characters to draw from.", _ALPHABET),
    deterministic=False,
)
def nanoid(length: int, alphabet: str) -> str:
    """Random characters of the alphabet."""
    if length <= 0 or not alphabet:
        raise MappingError("nanoid needs a length above 0 and an alphabet")
    refuse_giant(length)
    return "".join(_random.choice(alphabet) for _ in range(length))


@family.function("hostname", "The name of this machine.", deterministic=False)
def hostname() -> str:
    """The host name."""
    return os.uname().nodename


@family.function(
    "random_int",
    "A random integer from `min` to `max`, both included.",
    Parameter("seed", "any", "Kept for mappings that give one; the numbers are random anyway.", 0),
    Parameter("min", "integer", "The least value.", 0),
    Parameter("max", "integer", "The greatest value.", 2**63 - 2),
    deterministic=False,
)
def random_int(_seed: Any, least: int, greatest: int) -> int:
    """A random integer."""
    if least < 0:
        raise MappingError(f"min ({least}) must be a positive number")
    if greatest < least:
        raise MappingError(f"min ({least}) must be smaller or equal than max ({greatest})")
    return _random.randint(least, greatest)
