"""The functions and methods of the mapping language, one file a family.

A new family is a module with a `Family` named `family`, and its name in `_FAMILIES`.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from conduix.mapping.functions.declare import Family, Function, Kind

_FAMILIES = (
    "general", "message", "strings", "numbers", "coercion", "arrays", "objects", "regexp", "time", "parsing",
    "encoding", "hashing",
)  # fmt: skip


@cache
def table() -> dict[tuple[Kind, str], Function]:
    """Every function by kind and name, aliases too."""
    found: dict[tuple[Kind, str], Function] = {}
    for name in _FAMILIES:
        family: Family = import_module(f"{__name__}.{name}").family
        for function in family.functions:
            if (function.kind, function.name) in found:
                raise AssertionError(f"the {function.kind} {function.name} is declared twice")
            found[function.kind, function.name] = function
    return found


def find(kind: Kind, name: str) -> Function | None:
    """The function or method of that name."""
    return table().get((kind, name))


def registry() -> tuple[Function, ...]:
    """Every declaration without aliases, by kind and name."""
    declared = (function for function in table().values() if function.alias_of is None)
    return tuple(sorted(declared, key=lambda function: (function.kind, function.name)))
