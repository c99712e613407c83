"""The raw nodes that a text is read into before they are checked, and how statements are made of them.

Names are not resolved and functions not looked up yet; `check` does both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import msgspec

from conduix.errors import MappingSyntaxError
from conduix.mapping import tree
from conduix.mapping.tree import Expr, Mark, Statement


class Bare(msgspec.Struct, frozen=True):
    """An expression where a statement may stand."""

    value: Any
    mark: Mark


class RawIf(msgspec.Struct, frozen=True):
    """An `if` before it is known whether its blocks hold statements or one expression each."""

    branches: tuple[tuple[Expr, tuple[Item, ...]], ...]
    otherwise: tuple[Item, ...] | None
    mark: Mark


class RawMap(msgspec.Struct, frozen=True):
    """`map name { … }`."""

    name: str
    items: tuple[Item, ...]
    mark: Mark


class RawImport(msgspec.Struct, frozen=True):
    """`import "file"`."""

    path: str
    mark: Mark


class RawWhole(msgspec.Struct, frozen=True):
    """`from "file"`: the mapping is what the file holds."""

    path: str
    mark: Mark


Item = Bare | tree.Assign | RawMap | RawImport | RawWhole


def settle(child: Any) -> Any:
    """`child` as part of an expression: an `if` whose blocks are one expression each becomes an `If`."""
    if not isinstance(child, RawIf):
        return child
    branches = tuple((condition, _only(items, child.mark)) for condition, items in child.branches)
    otherwise = None if child.otherwise is None else _only(child.otherwise, child.mark)
    return tree.If(branches, otherwise, child.mark)


def _only(items: tuple[Item, ...], mark: Mark) -> Expr:
    if not items:
        refuse("required: expected query, got: }: an `if` within an expression needs a value in each block", mark)
    if len(items) > 1 or not isinstance(items[0], Bare):
        refuse("a block of this `if` must be one expression: assignments stand in an `if` of their own line", mark)
    expression: Expr = settle(items[0].value)
    return expression


def is_expression(item: Item) -> bool:
    """Whether `item` has a value: an expression, or an `if` whose blocks all have one."""
    if not isinstance(item, Bare):
        return False
    if not isinstance(item.value, RawIf):
        return True
    blocks = [items for _, items in item.value.branches] + [item.value.otherwise or ()]
    return all(len(items) == 1 and is_expression(items[0]) for items in blocks if items) and bool(blocks[0])


def if_statement(raw: RawIf, statements: Callable[[tuple[Item, ...]], tuple[Statement, ...]]) -> tree.IfStatement:
    """The statement form; `statements` turns the items of a block into statements."""
    branches = tuple((condition, statements(items)) for condition, items in raw.branches)
    return tree.IfStatement(branches, statements(raw.otherwise or ()), raw.mark)


def statements_of(items: tuple[Item, ...], *, in_map: bool = False) -> tuple[Statement, ...]:
    """Statements of a block; refuses maps, imports and lone expressions, and metadata within a map."""
    return tuple(_statement(item, in_map=in_map) for item in items)


def _statement(item: Item, *, in_map: bool) -> Statement:
    if isinstance(item, RawMap):
        refuse("defining maps is not allowed within this block: declare maps outside of blocks", item.mark)
    if isinstance(item, RawImport | RawWhole):
        refuse("importing mappings is not allowed within this block: import outside of blocks", item.mark)
    if isinstance(item, Bare):
        if isinstance(item.value, RawIf):
            return if_statement(item.value, lambda items: statements_of(items, in_map=in_map))
        refuse("expected =, found an expression alone: write `root = …` or `root.field = …`", item.mark)
    if in_map and item.target.kind == "meta":
        refuse("setting meta fields is not allowed within this block: maps only make a value", item.mark)
    return item


def refuse(message: str, mark: Mark) -> NoReturn:
    """Raises a MappingSyntaxError at that place."""
    raise MappingSyntaxError(message, line=mark.line, column=mark.column)
