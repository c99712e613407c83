"""VRL's functions where they mean something else than a method of the language: only a remap calls them.

They are declared as all functions are; their names have REMAP in front.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from conduix.mapping.functions.declare import REMAP, Family, Function

_FAMILIES = ("values", "text", "numbers", "collections", "coding", "documents", "logs", "network")


@cache
def table() -> dict[str, Function]:
    """Every function by VRL's name, aliases too."""
    found: dict[str, Function] = {}
    for module in _FAMILIES:
        declared: Family = import_module(f"{__name__}.{module}").family
        for function in declared.functions:
            name = function.name.removeprefix(REMAP)
            if name in found:
                raise AssertionError(f"{name} is declared twice")
            found[name] = function
    return found
