"""Python syntax trees, built from our own names only: no text of a user ever becomes source code.

User text reaches the generated function as a constant or as a bound object, never as a name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

_OPERATORS: Mapping[str, ast.operator] = {"+": ast.Add(), "-": ast.Sub(), "*": ast.Mult(), "%": ast.Mod()}
_COMPARISONS: Mapping[str, ast.cmpop] = {
    "==": ast.Eq(), "!=": ast.NotEq(), "<": ast.Lt(), "<=": ast.LtE(), ">": ast.Gt(), ">=": ast.GtE(),
    "is": ast.Is(), "is not": ast.IsNot(), "in": ast.In(),
}  # fmt: skip

_OPPOSITES: Mapping[type[ast.cmpop], ast.cmpop] = {
    ast.Eq: ast.NotEq(), ast.NotEq: ast.Eq(), ast.Is: ast.IsNot(), ast.IsNot: ast.Is(),
}  # fmt: skip

NONE = ast.Constant(None)


def const(value: str | float | bool | None) -> ast.expr:
    """A constant; negative numbers too."""
    return ast.Constant(value)


def name(identifier: str) -> ast.Name:
    """Reads a name."""
    return ast.Name(identifier, ast.Load())


def attribute(value: ast.expr, identifier: str) -> ast.expr:
    """`value.identifier`."""
    return ast.Attribute(value, identifier, ast.Load())


def item(value: ast.expr, key: ast.expr) -> ast.expr:
    """`value[key]`."""
    return ast.Subscript(value, key, ast.Load())


def call(function: ast.expr, *arguments: ast.expr) -> ast.expr:
    """`function(arguments)`."""
    return ast.Call(function, list(arguments), [])


def binary(left: ast.expr, operator: str, right: ast.expr) -> ast.expr:
    """`left operator right`."""
    return ast.BinOp(left, _OPERATORS[operator], right)


def compare(left: ast.expr, operator: str, right: ast.expr) -> ast.expr:
    """`left operator right`, a bool; identity of constants is known at once."""
    if operator in {"is", "is not"} and isinstance(left, ast.Constant) and isinstance(right, ast.Constant):
        return const((left.value is right.value) == (operator == "is"))
    return ast.Compare(left, [_COMPARISONS[operator]], [right])


def between(low: float, value: ast.expr, high: float) -> ast.expr:
    """`low < value < high`."""
    return ast.Compare(const(low), [ast.Lt(), ast.Lt()], [value, const(high)])


def refusal(test: ast.expr) -> ast.stmt:
    """`if not test: raise Unfit`."""
    return ast.If(negated(test), [ast.Raise(name("Unfit"), None)], [])


def negated(value: ast.expr) -> ast.expr:
    """`not value`; an equality or identity turned round instead."""
    if isinstance(value, ast.Compare) and len(value.ops) == 1 and type(value.ops[0]) in _OPPOSITES:
        return ast.Compare(value.left, [_OPPOSITES[type(value.ops[0])]], value.comparators)
    return ast.UnaryOp(ast.Not(), value)


def both(values: Sequence[ast.expr]) -> ast.expr:
    """All of the values, joined by `and`."""
    return values[0] if len(values) == 1 else ast.BoolOp(ast.And(), list(values))


def either(values: Sequence[ast.expr]) -> ast.expr:
    """The values joined by `or`."""
    return values[0] if len(values) == 1 else ast.BoolOp(ast.Or(), list(values))


def choose(test: ast.expr, yes: ast.expr, no: ast.expr) -> ast.expr:
    """`yes if test else no`."""
    return ast.IfExp(test, yes, no)


def is_type(value: ast.expr, kind: str) -> ast.expr:
    """`type(value) is kind`, for a type among the builtins."""
    return compare(call(name("type"), value), "is", name(kind))


def display(pairs: Sequence[tuple[str, ast.expr]]) -> ast.expr:
    """`{"key": value, …}`."""
    return ast.Dict([const(key) for key, _ in pairs], [value for _, value in pairs])


def listing(items: Sequence[ast.expr]) -> ast.expr:
    """`[item, …]`."""
    return ast.List(list(items), ast.Load())


def is_simple(value: ast.expr) -> bool:
    """Whether the expression costs nothing and changes nothing when it is repeated."""
    return isinstance(value, ast.Name | ast.Constant)


class Code:
    """The function under construction: its statements, its local names, and the objects bound to it."""

    def __init__(self) -> None:
        self.body: list[ast.stmt] = []
        self.bound: dict[str, Any] = {}
        self._bound_ids: dict[int, str] = {}
        self._count = 0

    def fresh(self, hint: str) -> str:
        """A local name that nothing else has."""
        self._count += 1
        return f"{hint}{self._count}"

    def bind(self, value: Any, hint: str) -> ast.Name:
        """A name under which the generated function sees `value`."""
        identifier = self._bound_ids.get(id(value))
        if identifier is None:
            identifier = f"{hint}_{len(self.bound)}"
            self.bound[identifier] = value
            self._bound_ids[id(value)] = identifier
        return name(identifier)

    def emit(self, statement: ast.stmt) -> None:
        """Append a statement to the block under construction."""
        self.body.append(statement)

    def do(self, expression: ast.expr) -> None:
        """Evaluate an expression for its effect."""
        self.emit(ast.Expr(expression))

    def set(self, identifier: str, value: ast.expr) -> None:
        """`identifier = value`."""
        self.emit(ast.Assign([ast.Name(identifier, ast.Store())], value))

    def set_item(self, container: ast.expr, key: ast.expr, value: ast.expr) -> None:
        """`container[key] = value`."""
        self.emit(ast.Assign([ast.Subscript(container, key, ast.Store())], value))

    def set_attribute(self, owner: ast.expr, identifier: str, value: ast.expr) -> None:
        """`owner.identifier = value`."""
        self.emit(ast.Assign([ast.Attribute(owner, identifier, ast.Store())], value))

    def increase(self, identifier: str, value: ast.expr) -> None:
        """`identifier += value`."""
        self.emit(ast.AugAssign(ast.Name(identifier, ast.Store()), ast.Add(), value))

    def keep(self, value: ast.expr, hint: str = "v") -> ast.expr:
        """The value under a local name, so that it is evaluated once."""
        if is_simple(value):
            return value
        identifier = self.fresh(hint)
        self.set(identifier, value)
        return name(identifier)

    @contextmanager
    def block(self) -> Iterator[list[ast.stmt]]:
        """Collect what is emitted inside into a block of its own."""
        outer, self.body = self.body, []
        try:
            yield self.body
        finally:
            self.body = outer

    def when(self, test: ast.expr, yes: list[ast.stmt], no: list[ast.stmt] | None = None) -> None:
        """`if test: yes else: no`; empty blocks are left out."""
        if not yes and no:
            self.emit(ast.If(negated(test), no, []))
        elif yes:
            self.emit(ast.If(test, yes, no or []))

    def refuse_unless(self, test: ast.expr) -> None:
        """Give the record to the reference unless `test` holds."""
        self.emit(refusal(test))

    def take_back(self, statement: ast.stmt) -> None:
        """Leave the statement out if it is what was emitted last."""
        if self.body and ast.dump(self.body[-1]) == ast.dump(statement):
            self.body.pop()
