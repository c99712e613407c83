"""Constant parts of an expression, worked out when the text is read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from conduix.errors import MappingError
from conduix.mapping import tree
from conduix.mapping.arithmetic import BINARY, Mismatch, negate
from conduix.mapping.build import refuse
from conduix.mapping.describe import describe
from conduix.mapping.tree import Expr


def fold(node: Expr) -> Expr:
    """The constant that the node always is, or the node.

    Raises:
        MappingSyntaxError: the constant operands can never work, such as `5 + "a"`.
    """
    match node:
        case tree.Unary():
            return _fold_unary(node)
        case tree.Binary():
            return _fold_binary(node)
        case tree.Array():
            return _fold_array(node)
        case tree.Object():
            return _fold_object(node)
        case _:
            return node


def constants(arguments: Iterable[Expr]) -> list[Any] | None:
    """The values of the arguments, None where one of them is no constant."""
    values: list[Any] = []
    for argument in arguments:
        if not isinstance(argument, tree.Literal):
            return None
        values.append(argument.value)
    return values


def _fold_unary(node: tree.Unary) -> Expr:
    operand = node.operand
    if not isinstance(operand, tree.Literal):
        return node
    if node.op == "!":
        return tree.Literal(not operand.value, node.mark) if isinstance(operand.value, bool) else node
    try:
        return tree.Literal(negate(operand.value), node.mark)
    except MappingError as error:
        refuse(error.message, node.mark)


def _fold_binary(node: tree.Binary) -> Expr:
    operate = BINARY.get(node.op)
    left, right = node.left, node.right
    if operate is None or not isinstance(left, tree.Literal) or not isinstance(right, tree.Literal):
        return node
    try:
        return tree.Literal(operate(left.value, right.value), node.mark)
    except Mismatch as error:
        named = Mismatch(error.verb, error.left, error.right, (describe(left), describe(right)))
        refuse(named.message, node.mark)
    except MappingError as error:
        refuse(f"{describe(right)}: {error.message}", node.mark)


def _fold_array(node: tree.Array) -> Expr:
    values = constants(node.items)
    return node if values is None else tree.Literal(values, node.mark)


def _fold_object(node: tree.Object) -> Expr:
    for key, _ in node.items:
        if isinstance(key, tree.Literal) and not isinstance(key.value, str):
            refuse(f"object keys must be strings, received: {describe(key)}: put the key in quotes", key.mark)
    keys = constants(key for key, _ in node.items)
    values = constants(value for _, value in node.items)
    if keys is None or values is None:
        return node
    return tree.Literal(dict(zip(keys, values, strict=True)), node.mark)
