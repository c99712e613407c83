"""Makes the nodes of the tree: one method for each alternative that the grammar names.

The result is raw: names are not resolved and functions not looked up yet; `check` does both.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NoReturn

from conduix.errors import MappingSyntaxError
from conduix.mapping import tree
from conduix.mapping.lexer import Dialect, Token
from conduix.mapping.tree import Expr, Mark, Statement


@dataclass(frozen=True, slots=True)
class Bare:
    """An expression where a statement may stand."""

    value: Any
    mark: Mark


@dataclass(frozen=True, slots=True)
class RawIf:
    """An `if` before it is known whether its blocks hold statements or one expression each."""

    branches: tuple[tuple[Expr, tuple[Item, ...]], ...]
    otherwise: tuple[Item, ...] | None
    mark: Mark


@dataclass(frozen=True, slots=True)
class RawMap:
    """`map name { … }`."""

    name: str
    items: tuple[Item, ...]
    mark: Mark


@dataclass(frozen=True, slots=True)
class RawImport:
    """`import "file"`."""

    path: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class _Named:
    name: str
    value: Expr
    mark: Mark


Item = Bare | tree.Assign | RawMap | RawImport


@dataclass(slots=True)
class Builder:
    """Reduces what the grammar matched to nodes; `children` are tokens and the values of earlier reductions."""

    dialect: Dialect
    _unsettled: frozenset[str] = field(default=frozenset({"first", "bare", "if_else_if"}))

    def reduce(self, method: str, children: list[Any]) -> Any:
        """The value of one matched rule. Raises MappingSyntaxError where the grammar is wider than the language."""
        if method not in self._unsettled:
            children = [settle(child) for child in children]
        return getattr(self, method)(children)

    # lists and plain passing on

    def program(self, children: list[Any]) -> Any:
        return children[0] or ()

    def first(self, children: list[Any]) -> Any:
        return children[0]

    def ignored(self, _children: list[Any]) -> None:
        return None

    def nothing(self, _children: list[Any]) -> None:
        return None

    def one(self, children: list[Any]) -> tuple[Any, ...]:
        return (children[0],)

    def more(self, children: list[Any]) -> tuple[Any, ...]:
        return (*(children[0] or ()), children[-1])

    def group(self, children: list[Any]) -> Any:
        return children[1]

    # statements

    def bare(self, children: list[Any]) -> Bare:
        return Bare(children[0], children[0].mark)

    def assign(self, children: list[Any]) -> tree.Assign:
        target, sign, value = children
        return tree.Assign(tree.Target("root", _path(target), target.mark), value, sign.mark)

    def assign_meta(self, children: list[Any]) -> tree.Assign:
        _, key, sign, value = children
        return tree.Assign(tree.Target("meta", (key.value,), key.mark), value, sign.mark)

    def assign_all_meta(self, children: list[Any]) -> tree.Assign:
        keyword, sign, value = children
        return tree.Assign(tree.Target("meta", (), keyword.mark), value, sign.mark)

    def assign_variable(self, children: list[Any]) -> tree.Assign:
        _, name, sign, value = children
        return tree.Assign(tree.Target("var", (name.value,), name.mark), value, sign.mark)

    def declare_map(self, children: list[Any]) -> RawMap:
        _, name, _, items, _ = children
        return RawMap(name.value, items or (), name.mark)

    def import_file(self, children: list[Any]) -> RawImport:
        return RawImport(children[1].value, children[1].mark)

    # operators

    def binary(self, children: list[Any]) -> tree.Binary:
        left, operator, right = children
        return tree.Binary(operator.value, left, right, operator.mark)

    def unary(self, children: list[Any]) -> Expr:
        operator, operand = children
        if operator.kind == "NOT":
            return tree.Unary("!", operand, operator.mark)
        return tree.Unary("-", operand, operator.mark)

    def rescue(self, children: list[Any]) -> tree.Method:
        value, operator, fallback = children
        return tree.Method(value, "catch", (tree.Lambda("_", fallback, fallback.mark),), operator.mark)

    def arrow(self, children: list[Any]) -> tree.Lambda:
        name, _, body = children
        if isinstance(body, tree.Lambda):
            _refuse(
                f"it would be in poor taste to capture the same context under both '{name.value}' and '{body.param}': "
                "give the value one name",
                body.mark,
            )
        return tree.Lambda(name.value, body, name.mark)

    # paths and calls

    def field(self, children: list[Any]) -> tree.Field:
        return tree.Field(children[0], children[2].value, children[2].mark)

    def own_field(self, children: list[Any]) -> tree.Field:
        dot, name = children
        return tree.Field(tree.This(dot.mark), name.value, name.mark)

    def method(self, children: list[Any]) -> tree.Method:
        target, _, name, _, arguments, _ = children
        positional, named = _arguments(arguments)
        return tree.Method(target, name.value, positional, name.mark, named)

    def own_method(self, children: list[Any]) -> tree.Method:
        dot, name, _, arguments, _ = children
        positional, named = _arguments(arguments)
        return tree.Method(tree.This(dot.mark), name.value, positional, name.mark, named)

    def call(self, children: list[Any]) -> tree.Call:
        name, _, arguments, _ = children
        if name.value in {"if", "match"}:
            _refuse(f"expected whitespace after `{name.value}`: write `{name.value} (`", name.mark)
        positional, named = _arguments(arguments)
        return tree.Call(name.value, positional, name.mark, named)

    def context(self, children: list[Any]) -> tree.Context:
        target, _, opening, body, _ = children
        query = body if isinstance(body, tree.Lambda) else tree.Lambda(None, body, body.mark)
        return tree.Context(target, query, opening.mark)

    def index(self, children: list[Any]) -> tree.Method:
        target, bracket, position, _ = children
        return tree.Method(target, "[]", (position,), bracket.mark)

    def slice(self, children: list[Any]) -> tree.Method:
        target, bracket = children[:2]
        bounds = [child for child in children[2:] if not isinstance(child, Token)]
        absent = tree.Literal(None, bracket.mark)
        return tree.Method(target, "[:]", tuple(bound or absent for bound in bounds), bracket.mark)

    def positional(self, children: list[Any]) -> Expr:
        expression: Expr = children[0]
        return expression

    def named(self, children: list[Any]) -> _Named:
        return _Named(children[0].value, children[2], children[0].mark)

    # atoms

    def literal(self, children: list[Any]) -> tree.Literal:
        token: Token = children[0]
        return tree.Literal(_CONSTANTS[token.kind](token.value), token.mark)

    def this(self, children: list[Any]) -> tree.This:
        return tree.This(children[0].mark)

    def root(self, children: list[Any]) -> tree.Root:
        return tree.Root(children[0].mark)

    def name(self, children: list[Any]) -> tree.Param:
        return tree.Param(children[0].value, children[0].mark)

    def metadata(self, children: list[Any]) -> tree.Meta:
        return tree.Meta(children[0].value or None, children[0].mark)

    def variable(self, children: list[Any]) -> tree.Var:
        return tree.Var(children[0].value, children[0].mark)

    def array(self, children: list[Any]) -> tree.Array:
        return tree.Array(children[1] or (), children[0].mark)

    def object(self, children: list[Any]) -> tree.Object:
        return tree.Object(children[1] or (), children[0].mark)

    def pair(self, children: list[Any]) -> tuple[Expr, Expr]:
        return children[0], children[2]

    # match and if

    def match_value(self, children: list[Any]) -> tree.Match:
        return tree.Match(children[1], children[3], children[0].mark)

    def match_context(self, children: list[Any]) -> tree.Match:
        return tree.Match(None, children[2], children[0].mark)

    def case(self, children: list[Any]) -> tree.Case:
        pattern, arrow, body = children
        anything = isinstance(pattern, tree.Param) and pattern.name == "_"
        return tree.Case(None if anything else pattern, body, arrow.mark)

    def if_only(self, children: list[Any]) -> RawIf:
        return RawIf(((children[1], children[3] or ()),), None, children[0].mark)

    def if_else(self, children: list[Any]) -> RawIf:
        return RawIf(((children[1], children[3] or ()),), children[7] or (), children[0].mark)

    def if_else_if(self, children: list[Any]) -> RawIf:
        condition, items, following = settle(children[1]), children[3] or (), children[6]
        return RawIf(((condition, items), *following.branches), following.otherwise, children[0].mark)


_CONSTANTS = {
    "NULL": lambda _: None,
    "TRUE": lambda _: True,
    "FALSE": lambda _: False,
    "INTEGER": int,
    "FLOAT": float,
    "STRING": str,
}


def settle(child: Any) -> Any:
    """`child` as part of an expression: an `if` whose blocks are one expression each becomes an `If`."""
    if not isinstance(child, RawIf):
        return child
    branches = tuple((condition, _only(items, child.mark)) for condition, items in child.branches)
    otherwise = None if child.otherwise is None else _only(child.otherwise, child.mark)
    return tree.If(branches, otherwise, child.mark)


def _only(items: tuple[Item, ...], mark: Mark) -> Expr:
    if not items:
        _refuse("required: expected query, got: }: an `if` within an expression needs a value in each block", mark)
    if len(items) > 1 or not isinstance(items[0], Bare):
        _refuse("a block of this `if` must be one expression: assignments stand in an `if` of their own line", mark)
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


def if_statement(raw: RawIf, statements: Any) -> tree.IfStatement:
    """The statement form; `statements` turns the items of a block into statements."""
    branches = tuple((condition, statements(items)) for condition, items in raw.branches)
    return tree.IfStatement(branches, statements(raw.otherwise or ()), raw.mark)


def _path(target: Any) -> tuple[str, ...]:
    """The path that an expression on the left of `=` names; a first `root` is left out."""
    names: list[str] = []
    node = target
    while isinstance(node, tree.Field):
        names.append(node.name)
        node = node.target
    if isinstance(node, tree.Param):
        names.append(node.name)
    elif isinstance(node, tree.This):
        names.append("this")
    elif not isinstance(node, tree.Root):
        _refuse(
            "expected the mapping to end here: what stands left of `=` must be a path such as `root.field`, "
            "`let name` or `meta name`; write `==` to compare",
            target.mark,
        )
    return tuple(reversed(names))


def _arguments(arguments: tuple[Any, ...] | None) -> tuple[tuple[Expr, ...], tuple[tuple[str, Expr], ...]]:
    given = arguments or ()
    named = [argument for argument in given if isinstance(argument, _Named)]
    if named and len(named) < len(given):
        _refuse("cannot mix named and nameless arguments: name all of them or none", named[0].mark)
    seen: set[str] = set()
    for argument in named:
        if argument.name in seen:
            _refuse(f"duplicate named arg: {argument.name}: give each argument once", argument.mark)
        seen.add(argument.name)
    positional = tuple(argument for argument in given if not isinstance(argument, _Named))
    return positional, tuple((argument.name, argument.value) for argument in named)


def statements_of(items: tuple[Item, ...], *, in_map: bool = False) -> tuple[Statement, ...]:
    """Statements of a block; refuses maps, imports and lone expressions, and metadata within a map."""
    return tuple(_statement(item, in_map=in_map) for item in items)


def _statement(item: Item, *, in_map: bool) -> Statement:
    match item:
        case tree.Assign():
            if in_map and item.target.kind == "meta":
                _refuse("setting meta fields is not allowed within this block: maps only make a value", item.mark)
            return item
        case Bare(value=RawIf() as raw):
            return if_statement(raw, lambda items: statements_of(items, in_map=in_map))
        case RawMap():
            _refuse("defining maps is not allowed within this block: declare maps outside of blocks", item.mark)
        case RawImport():
            _refuse("importing mappings is not allowed within this block: import outside of blocks", item.mark)
        case _:
            _refuse("expected =, found an expression alone: write `root = …` or `root.field = …`", item.mark)


def _refuse(message: str, mark: Mark) -> NoReturn:
    raise MappingSyntaxError(message, line=mark.line, column=mark.column)
