"""The projection: the paths that a stretch reads, and the msgspec types that decode just these.

Leaves are `Any`, or `int | float` where any other type fails the record anyway; a record that does not fit the types
is decoded whole instead, so a projection never decides what comes out, only how fast.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

_WRITABLE = re.compile(r'[^"\\\x00-\x1f]*')


def can_be_field(key: str) -> bool:
    """Whether a Struct can have a field that is called `key` in JSON."""
    return _WRITABLE.fullmatch(key) is not None and key.isprintable()


@dataclass(slots=True, eq=False)
class Shape:
    """What is read of one place in the records. Grows while the code is generated, until nothing changes any more."""

    path: str = ""
    fields: dict[str, Shape] = field(default_factory=dict)
    items: Shape | None = None
    whole: bool = False
    """The value itself is used: it is decoded as it is."""
    numeric: bool = False
    """Used where any other type than a number fails the record."""
    lenient: bool = False
    """Used where another type than a number is no failure, which takes precedence over `numeric`."""
    asked: bool = False
    """Missing and null are told apart."""
    kept: bool = False
    """Written again as it came: all fields are decoded, no others may be there, and what is missing stays so."""
    required: bool = False
    """Written over where it stands: a record without it does not fit."""
    added: bool = False
    """Not there before the mapping: a record that has it does not fit."""
    reads: int = 0
    """How often the code of the round before reads it; more than once is worth a local name."""
    sized: bool = False
    """Its length is asked for."""
    seen: int = 0
    """The same in this round."""

    @property
    def leaf(self) -> bool:
        """Decoded as it is."""
        return self.whole or not (self.fields or self.items)

    @property
    def may_be_unset(self) -> bool:
        """Is UNSET what is decoded where it is missing?"""
        return self.asked or (self.kept and not self.required and not (self.leaf and self.number))

    @property
    def number(self) -> bool:
        """Decoded as a number only."""
        return self.numeric and not self.lenient and not self.asked

    def slot(self, key: str) -> str:
        """The name of the Struct's attribute for a field."""
        return f"f{list(self.fields).index(key)}"

    def everywhere(self) -> Iterator[Shape]:
        """This place and all below it."""
        yield self
        for child in self.fields.values():
            yield from child.everywhere()
        if self.items is not None:
            yield from self.items.everywhere()


def type_of(shape: Shape, sample: Any = None) -> Any:
    """The type that msgspec decodes this place with.

    `sample`: a record; where the fields come in the same order, they are found faster.
    """
    if shape.leaf:
        return int | float if shape.number else Any
    if shape.items is not None:
        first = sample[0] if isinstance(sample, list) and sample else None
        return list[type_of(shape.items, first)] | None  # type: ignore[misc]
    return struct_of(shape, sample) | None


def struct_of(shape: Shape, sample: Any = None) -> Any:
    """The Struct of an object; absent fields are None, or UNSET where that matters."""
    known = sample if isinstance(sample, dict) else {}
    order = {key: position for position, key in enumerate(known)}
    fields: list[Any] = []
    for key in sorted(shape.fields, key=lambda key: order.get(key, len(order))):
        child, slot = shape.fields[key], shape.slot(key)
        kind = type_of(child, known.get(key))
        if child.added:
            fields.append((slot, UnsetType, UNSET))
        elif child.required or (child.leaf and child.number):
            fields.append((slot, kind))
        elif child.may_be_unset:
            fields.append((slot, kind | UnsetType if kind is not Any else Any, UNSET))
        else:
            fields.append((slot, kind, None))
    rename = {shape.slot(key): key for key in shape.fields}
    return msgspec.defstruct(
        "Projection", fields, rename=rename, gc=False, kw_only=True, forbid_unknown_fields=shape.kept
    )


def describe(shape: Shape, indent: str = "") -> str:
    """The projection for people, one path a line."""
    lines: list[str] = []
    for key, child in shape.fields.items():
        what = "number" if child.leaf and child.number else "any" if child.leaf else "object"
        if not child.leaf and child.items is not None:
            what = "array"
            inner = child.items
            what += " of numbers" if inner.leaf and inner.number else "" if inner.leaf else " of objects"
        lines.append(f"{indent}{shape.slot(key)} = {key}: {what}")
        below = child if child.items is None else child.items
        if not child.leaf and not below.leaf:
            lines.append(describe(below, indent + "    "))
    return "\n".join(lines)
