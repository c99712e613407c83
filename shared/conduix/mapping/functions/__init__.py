"""The functions and methods of the mapping language, one file a family.

A new family is a module with a `Family` named `family`, and its name in `_FAMILIES`.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from conduix.mapping.functions.declare import REMAP, STAGE, Family, Function, Kind

_FAMILIES = (
    # asked in this order until one has the name: what most mappings use comes first, what loads slowly last
    "strings", "arrays", "objects", "numbers", "coercion", "general", "message", "time", "regexp", "encoding",
    "hashing", "parsing", "url_text",
    "counting", "identifiers", "changes", "machine", "fake", "encryption", "jwt", "schemas",
)  # fmt: skip

_Table = dict[tuple[Kind, str], Function]


@cache
def _members(family: str) -> _Table:
    declared: Family = import_module(f"{__name__}.{family}").family
    return {(function.kind, function.name): function for function in declared.functions}


@cache
def find(kind: Kind, name: str) -> Function | None:
    """The function or method of that name; also one that only a remap calls, or only a stage."""
    if name.startswith(REMAP):
        return import_module(f"{__name__}.remap").table().get(name.removeprefix(REMAP)) if kind == "function" else None
    if name.startswith(STAGE):
        return import_module(f"{__name__}.stages").table().get(name) if kind == "method" else None
    for family in _FAMILIES:
        found = _members(family).get((kind, name))
        if found is not None:
            return found
    return None


@cache
def table() -> _Table:
    """Every function by kind and name, aliases too."""
    found: _Table = {}
    for family in _FAMILIES:
        for key, function in _members(family).items():
            if key in found:
                raise AssertionError(f"the {function.kind} {function.name} is declared twice")
            found[key] = function
    return found


def registry() -> tuple[Function, ...]:
    """Every declaration without aliases, by kind and name."""
    declared = (function for function in table().values() if function.alias_of is None)
    return tuple(sorted(declared, key=lambda function: (function.kind, function.name)))
