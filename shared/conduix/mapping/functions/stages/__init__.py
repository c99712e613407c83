"""What single stages do with a value or a record, as methods: their names have STAGE in front, no mapping calls them.

They are declared as all methods are, so a stage that lowers to them is fused with its neighbours, and what depends on
its options alone (a schema, a cipher, a pattern) is made once. They raise RecordInvalid, which names the field itself:
nothing is put before its message.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from conduix.mapping.functions.declare import Family, Function

_FAMILIES = ("archives", "casting", "hiding", "moments", "shapes")


@cache
def table() -> dict[str, Function]:
    """Every one of them by its name, STAGE in front."""
    found: dict[str, Function] = {}
    for module in _FAMILIES:
        declared: Family = import_module(f"{__name__}.{module}").family
        for function in declared.functions:
            if function.name in found:
                raise AssertionError(f"{function.name} is declared twice")
            found[function.name] = function
    return found
