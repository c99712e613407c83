"""Dotted paths in options, and the trees that read and write them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator

from conduix.mapping.functions.declare import STAGE
from conduix.mapping.tree import (
    Assign,
    Binary,
    Expr,
    Field,
    If,
    IfStatement,
    Literal,
    Mapping,
    Mark,
    Method,
    Statement,
    Target,
    This,
)

GENERATED = Mark(0, 0)
"""The mark of nodes that stand for options: they have no place in a text."""


def _check_path(path: str) -> str:
    if not all(path.split(".")):
        raise ValueError(f"{path!r} is no path; write for example id or customer.address.city")
    return path


FieldPath = Annotated[str, AfterValidator(_check_path)]
"""A dotted path, `customer.address.city`; a dot that belongs to a name is written `~1`, a tilde `~0`."""


def names(path: str) -> tuple[str, ...]:
    """The names of a path, from the outside inwards."""
    return tuple(part.replace("~1", ".").replace("~0", "~") for part in path.split("."))


def read(path: str) -> Expr:
    """`this.path`."""
    value: Expr = This(GENERATED)
    for name in names(path):
        value = Field(value, name, GENERATED)
    return value


def assign(path: str | None, value: Expr) -> Assign:
    """`root.path = value`; the root itself without a path."""
    return Assign(Target("root", names(path) if path else (), GENERATED), value, GENERATED)


def copy_if_there(old: str, new: str) -> Statement:
    """`if this.exists("old") { root.new = this.old }`: what is missing stays missing."""
    there = Method(This(GENERATED), "exists", (Literal(old, GENERATED),), GENERATED)
    return IfStatement(((there, (assign(new, read(old)),)),), (), GENERATED)


def stage_call(target: Expr, name: str, *constants: Any) -> Expr:
    """`target.name(constants)`, of the methods that only stages have."""
    return Method(target, f"{STAGE}{name}", tuple(Literal(value, GENERATED) for value in constants), GENERATED)


def is_there(path: str) -> Expr:
    """`this.path != null`."""
    return Binary("!=", read(path), Literal(None, GENERATED), GENERATED)


def change(path: str, value: Expr) -> Assign:
    """`root.path = if this.path != null { value }`: what is missing stays missing, null stays null."""
    return assign(path, If(((is_there(path), value),), None, GENERATED))


def refuse_twice(fields: Sequence[str]) -> None:
    """Raises a ValueError where a field stands twice in a list."""
    for field in fields:
        if fields.count(field) > 1:
            raise ValueError(f"{field!r} stands twice in the list; remove one")


SAME = assign(None, This(GENERATED))
"""`root = this`."""


def without(paths: tuple[str, ...]) -> Expr:
    """`this.without("a", "b.c")`."""
    return Method(This(GENERATED), "without", tuple(Literal(path, GENERATED) for path in paths), GENERATED)


EMPTY = Method(This(GENERATED), "with", (), GENERATED)
"""`this.with()`: an empty object; a record that is no object fails instead of becoming one."""


def mapping(*statements: Statement) -> Mapping:
    """A mapping made of statements instead of text."""
    return Mapping(statements, (), "")
