"""The mapping language: parsed, checked, compiled to one function a batch; an interpreter beside it.

Reading a text checks it too, so a tree that these functions return can be run. Everything is imported at first use.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as JsonObject
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conduix.mapping.functions.declare import Function
    from conduix.mapping.tree import Expr, Mapping

__all__ = [
    "is_deterministic",
    "parse_condition",
    "parse_mapping",
    "parse_remap",
    "parse_structured",
    "parse_template",
    "registry",
]


def parse_mapping(text: str, *, in_place: bool = False, read_import: Callable[[str], str] | None = None) -> Mapping:
    """The checked tree of a Bloblang mapping.

    Args:
        text: the mapping.
        in_place: root starts as the record (`mutation`).
        read_import: gives the text of a file that the mapping imports; without it, files are read where the
            machine's owner allows it (see `conduix.mapping.access`).

    Raises:
        MappingSyntaxError: with line, column, what was found, what was expected and what to write instead.
    """
    from conduix.mapping.reading import read_mapping  # noqa: PLC0415 - importing this package stays free of cost

    return read_mapping(text, in_place=in_place, read_import=read_import)


def parse_condition(text: str) -> Expr:
    """The checked tree of one expression; `.status` in it means `this.status`. Raises MappingSyntaxError."""
    from conduix.mapping.reading import read_condition  # noqa: PLC0415 - importing this package stays free of cost

    return read_condition(text)


def parse_remap(text: str) -> Mapping:
    """The checked tree of an in-place mapping in VRL's spelling (`.a = .b`, `del(.x)`). Raises MappingSyntaxError."""
    from conduix.mapping.remap import read_remap  # noqa: PLC0415 - importing this package stays free of cost

    return read_remap(text)


def parse_structured(test: JsonObject[str, Any]) -> Expr:
    """The checked tree of a structured filter: `{field, operator, value}`, `{and: […]}` or `{or: […]}`.

    Raises:
        MappingSyntaxError: it says what is wrong with it; line and column say nothing, as there is no text.
    """
    from conduix.mapping.structured import read_structured  # noqa: PLC0415 - importing this package stays free of cost

    return read_structured(test)


def parse_template(text: str) -> Expr:
    """The checked tree of a text with `${! expression }` in it, which gives a string. Raises MappingSyntaxError."""
    from conduix.mapping.templates import read_template  # noqa: PLC0415 - importing this package stays free of cost

    return read_template(text)


def registry() -> tuple[Function, ...]:
    """Every function and method of the language, by kind and name."""
    from conduix.mapping.functions import registry as declared  # noqa: PLC0415 - importing this package stays free of cost

    return declared()


def is_deterministic(tree: Mapping | Expr) -> bool:
    """Whether the same record always gives the same result: no clock, no randomness, no counter in it."""
    from conduix.mapping.reading import is_deterministic as check  # noqa: PLC0415 - importing this package stays free of cost

    return check(tree)
