"""Draws remaps: VRL's spelling, with the names of functions that it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from random import Random

from conduix.errors import MappingSyntaxError
from conduix.mapping import parse_remap, vrl

_PATHS = (
    ".s",
    ".t",
    ".n",
    ".m",
    ".b",
    ".o.s",
    ".o.n",
    ".items",
    ".ns",
    ".any",
    ".at",
    ".missing",
    '."x y"',
    ".items[0].p",
    ".",
    "v",
)
_LITERALS = (
    "18446744073709551615", "-9223372036854775808", '["s", {}]',
    '"a"', '"-"', '""', "1", "2.5", "-1", "true", "null", "[1, 2]", '{"a": 1}', "r'[a-z]+'", '"%Y-%m-%d"',
    '"[0-9]+"', '"{\\"a\\":1}"', "r'(?P<k>\\d+)'", '"1h"', "0", '"s"',
)  # fmt: skip
_OPERATORS = ("+", "-", "*", "/", "==", "!=", "<", ">=", "&&", "||", "??", "|", "%")


def expression(rng: Random, depth: int = 3) -> str:
    """An expression."""
    roll = rng.random()
    if depth <= 0 or roll < 0.25:
        return rng.choice(_PATHS if rng.random() < 0.6 else _LITERALS)
    if roll < 0.65:
        return _call(rng, depth)
    if roll < 0.85:
        return f"({expression(rng, depth - 1)} {rng.choice(_OPERATORS)} {expression(rng, depth - 1)})"
    if roll < 0.92:
        return f"if {expression(rng, 1)} {{ {expression(rng, depth - 1)} }} else {{ {expression(rng, depth - 1)} }}"
    return rng.choice(("!(%s)", "-(%s)", "[%s]", '{"k": %s}')) % expression(rng, depth - 1)


@cache
def counts() -> Mapping[str, Sequence[int]]:
    """By function, the numbers of arguments that it may be given."""
    return {name: [n for n in range(6) if _takes(name, n)] for name in vrl.names() if name not in {"del", "exists"}}


def _takes(name: str, number: int) -> bool:
    try:
        parse_remap(f".r = {name}({', '.join(['.s'] * number)})")
    except MappingSyntaxError:
        return False
    return True


def _call(rng: Random, depth: int) -> str:
    """A call with as many arguments as the function takes; one in thirty with another number."""
    name = rng.choice([*counts()])
    count = rng.choice(counts()[name] or (1, 2, 3)) if rng.random() < 0.97 else rng.randrange(4)
    first = [expression(rng, depth - 1)] if count else []
    rest = (rng.choice(_PATHS if rng.random() < 0.2 else _LITERALS) for _ in range(count - 1))
    arguments = [*first, *rest]
    return f"{name}{rng.choice(('', '!'))}({', '.join(arguments)})"


def _statement(rng: Random, depth: int = 2) -> str:
    roll = rng.random()
    if roll < 0.6:
        return f"{rng.choice((*_PATHS, '.new', '.o.new', '.a.b.c'))} = {expression(rng)}"
    if roll < 0.75:
        return f"{rng.choice(('', '.new = ', 'v = '))}del({rng.choice(_PATHS)})"
    if roll < 0.85 or depth == 0:
        return expression(rng, 2)
    test = f"exists({rng.choice(_PATHS)})" if rng.random() < 0.4 else expression(rng, 1)
    return f"if {test} {{\n  {_statement(rng, depth - 1)}\n}} else {{\n  {_statement(rng, depth - 1)}\n}}"


def remap(rng: Random) -> str:
    """A whole remap."""
    return rng.choice(("\n", "\n", "; ")).join(_statement(rng) for _ in range(rng.choice((1, 1, 2, 4))))
