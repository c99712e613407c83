"""What a name that is called stands for: a declaration of the language, or one that only a remap calls."""

from __future__ import annotations

from dataclasses import dataclass

from conduix.mapping.check import signature
from conduix.mapping.functions import find, table
from conduix.mapping.functions.declare import Function, Kind
from conduix.mapping.functions.remap import table as remap_table
from conduix.mapping.vrl import OURS, SAME
from conduix_tui.cli.map_forms import Form


@dataclass(frozen=True, slots=True)
class Called:
    """A declaration, and how it is called: by its own signature, or as a remap writes a method."""

    function: Function
    usage: str

    @property
    def brief(self) -> str:
        """One line: how it is called, and what it does."""
        return f"{self.usage}  {first_sentence(self.function.doc)}"


def called(kind: Kind, name: str, form: Form) -> Called | None:
    """What is called by that name."""
    if form == "remap" and kind == "function":
        return _of_remap(name)
    function = table().get((kind, name))
    return None if function is None else Called(function, signature(function))


def _of_remap(name: str) -> Called | None:
    own = remap_table().get(name)
    if own is not None:
        return Called(own, signature(own))
    same = SAME.get(name)
    if same is not None and (method := find("method", same.method)) is not None:
        return Called(method, f"{name}({', '.join(same.parameters)})")
    function = find("function", OURS.get(name, name))
    return None if function is None else Called(function, signature(function).replace(function.name, name, 1))


def named(function: Function) -> Function:
    """The function itself, where it is another name for one: that has the examples."""
    if function.alias_of is None:
        return function
    return find(function.kind, function.alias_of) or function


def first_sentence(doc: str) -> str:
    """What a list has room for."""
    return doc.partition(". ")[0].removesuffix(".")
