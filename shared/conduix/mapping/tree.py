"""The tree of a mapping: what the parser makes and what the checker, the compiler and the interpreter read.

Nodes are immutable and compare without their marks, so two nodes are equal exactly when they mean the same.
In a tree that `parse_mapping`, `parse_condition` or `parse_remap` returned:

* every name is known and every argument stands in its declared place: `named` is empty, trailing arguments that were
  not given are absent (the function's own defaults hold), gaps are filled with the default as a `Literal`;
* an argument that the function wants as a query (`map_each`, `filter`, `sort_by`, `or`, `catch`, …) is always a
  `Lambda`, whatever the text said;
* a bare name (`foo`) has become `Field(This, "foo")`, or `Param` where a lambda around it binds that name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from typing import Literal as OneOf

import msgspec

TargetKind = OneOf["root", "meta", "var"]


class Mark(msgspec.Struct, frozen=True):
    """A place in the text of the mapping; both count from 1."""

    line: int
    column: int


class Node(msgspec.Struct, frozen=True, eq=False):
    """What all nodes share: equal are those of one kind whose parts are equal, wherever they stand."""

    def _parts(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__struct_fields__ if name != "mark")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and isinstance(other, Node) and self._parts() == other._parts()

    def __hash__(self) -> int:
        return hash((type(self), self._parts()))


class Literal(Node, frozen=True):
    """A constant: null, bool, int, float, str, or a whole list or dict of constants after folding."""

    value: Any
    mark: Mark


class This(Node, frozen=True):
    """The value in context: the record, or what the nearest `Lambda` without name, `Match` or `Context` put there."""

    mark: Mark


class Root(Node, frozen=True):
    """The new record as it stands so far."""

    mark: Mark


class Meta(Node, frozen=True):
    """`@name`: one key of the record's metadata, null if missing; all of it as an object where `name` is None."""

    name: str | None
    mark: Mark


class Var(Node, frozen=True):
    """`$name`: a variable that a `let` set."""

    name: str
    mark: Mark


class Param(Node, frozen=True):
    """The parameter of a `Lambda` around this node; the innermost one of that name."""

    name: str
    mark: Mark


class Field(Node, frozen=True):
    """`target.name`: a key of an object, or an index of an array where the name is a number.

    Null where it is missing, and where the target is neither object nor array.
    """

    target: Expr
    name: str
    mark: Mark


class Call(Node, frozen=True):
    """`name(args)`: a function without target."""

    name: str
    args: tuple[Expr, ...]
    mark: Mark
    named: tuple[tuple[str, Expr], ...] = ()


class Method(Node, frozen=True):
    """`target.name(args)`."""

    target: Expr
    name: str
    args: tuple[Expr, ...]
    mark: Mark
    named: tuple[tuple[str, Expr], ...] = ()


class Unary(Node, frozen=True):
    """`!operand` (bools only) or `-operand` (numbers only)."""

    op: OneOf["!", "-"]
    operand: Expr
    mark: Mark


BinaryOp = OneOf["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "|"]


class Binary(Node, frozen=True):
    """`left op right`; `&&`, `||` and the coalesce `|` evaluate the right side only where it is needed.

    `|` takes the right side where the left one is null or failed.
    """

    op: BinaryOp
    left: Expr
    right: Expr
    mark: Mark


class If(Node, frozen=True):
    """The first branch whose condition is true; without `otherwise` and without a match: nothing."""

    branches: tuple[tuple[Expr, Expr], ...]
    otherwise: Expr | None
    mark: Mark


class Case(Node, frozen=True):
    """One arm of a `Match`.

    `pattern` None is `_`. A `Literal` pattern matches by equality; any other must give a bool, with the matched
    value as `this`. The body, too, sees the matched value as `this`.
    """

    pattern: Expr | None
    body: Expr
    mark: Mark


class Match(Node, frozen=True):
    """`match target { pattern => body, … }`; without target the context stays. No arm fits: nothing."""

    target: Expr | None
    cases: tuple[Case, ...]
    mark: Mark


class Lambda(Node, frozen=True):
    """`param -> body`.

    `param` None: the text gave a bare expression, the argument becomes `this` within the body.
    `param` "_": the argument is not bound, `this` stays what it was outside.
    """

    param: str | None
    body: Expr
    mark: Mark


class Context(Node, frozen=True):
    """`target.(x -> body)` or `target.(body)`: evaluates the body once with the target as its argument."""

    target: Expr
    body: Lambda
    mark: Mark


class Array(Node, frozen=True):
    """`[a, b]`; items that are deleted or nothing are left out."""

    items: tuple[Expr, ...]
    mark: Mark


class Object(Node, frozen=True):
    """`{"a": x, (key): y}`; keys must be strings; pairs whose value is deleted or nothing are left out."""

    items: tuple[tuple[Expr, Expr], ...]
    mark: Mark


Expr = (
    Literal
    | This
    | Root
    | Meta
    | Var
    | Param
    | Field
    | Call
    | Method
    | Unary
    | Binary
    | If
    | Match
    | Lambda
    | Context
    | Array
    | Object
)


class Target(Node, frozen=True):
    """Where an assignment writes.

    `root`: `path` into the new record, empty for the record itself. `meta`: empty for all metadata, else one key.
    `var`: one name.
    """

    kind: TargetKind
    path: tuple[str, ...]
    mark: Mark


class Assign(Node, frozen=True):
    """`target = value`. Nothing leaves the target as it is; deleted removes it (the whole record for `root`)."""

    target: Target
    value: Expr
    mark: Mark


class IfStatement(Node, frozen=True):
    """`if … { statements } else { statements }` at the level of statements."""

    branches: tuple[tuple[Expr, tuple[Statement, ...]], ...]
    otherwise: tuple[Statement, ...]
    mark: Mark


class MapDecl(Node, frozen=True):
    """`map name { statements }`: run by `.apply("name")` on a target, with its own root and its own variables."""

    name: str
    statements: tuple[Statement, ...]
    mark: Mark


Statement = Assign | IfStatement


class Mapping(Node, frozen=True):
    """A whole mapping.

    `in_place`: root starts as the record and `this` is that same growing record, so reads see earlier writes
    (`mutation`, `remap`); else root starts unset and an unset root at the end leaves the record as it was.
    """

    statements: tuple[Statement, ...]
    maps: tuple[MapDecl, ...]
    source: str
    in_place: bool = False


def children(expr: Expr) -> Iterator[Expr]:
    """The expressions directly below `expr`, in the order of the text."""
    match expr:
        case Field(target=target):
            yield target
        case Method(target=target, args=args, named=named):
            yield target
            yield from args
            yield from (value for _, value in named)
        case Call(args=args, named=named):
            yield from args
            yield from (value for _, value in named)
        case Unary(operand=operand):
            yield operand
        case Binary(left=left, right=right):
            yield left
            yield right
        case Lambda(body=body):
            yield body
        case Context(target=target, body=body):
            yield target
            yield body
        case Array(items=items):
            yield from items
        case If() | Match() | Object():
            yield from _branch_children(expr)
        case _:
            return


def _branch_children(expr: If | Match | Object) -> Iterator[Expr]:
    match expr:
        case If(branches=branches, otherwise=otherwise):
            for condition, body in branches:
                yield condition
                yield body
            if otherwise is not None:
                yield otherwise
        case Match(target=target, cases=cases):
            if target is not None:
                yield target
            for case in cases:
                if case.pattern is not None:
                    yield case.pattern
                yield case.body
        case Object(items=items):
            for key, value in items:
                yield key
                yield value


def walk(expr: Expr) -> Iterator[Expr]:
    """`expr` and every expression below it, outer before inner."""
    stack = [expr]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(tuple(children(node))))


def expressions(statements: tuple[Statement, ...]) -> Iterator[Expr]:
    """Every top expression of the statements: conditions and assigned values, in the order of the text."""
    for statement in statements:
        if isinstance(statement, Assign):
            yield statement.value
            continue
        for condition, body in statement.branches:
            yield condition
            yield from expressions(body)
        yield from expressions(statement.otherwise)
