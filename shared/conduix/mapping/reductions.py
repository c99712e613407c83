"""Makes the raw nodes: one function for each alternative that the grammar names.

`children` are the tokens and the values of earlier reductions, in the order of the text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from conduix.mapping import tree
from conduix.mapping.build import Bare, RawIf, RawImport, RawMap, RawWhole, refuse, settle
from conduix.mapping.lexer import Token
from conduix.mapping.tree import Expr, Mark

# an `if` passes through these unsettled: it may turn out to be a statement
_UNSETTLED = frozenset({"first", "bare", "if_else_if"})


def reduce(name: str, children: list[Any]) -> Any:
    """The value of one matched rule. Raises MappingSyntaxError where the grammar is wider than the language."""
    if name not in _UNSETTLED:
        children = [settle(child) for child in children]
    return _REDUCTIONS[name](children)


@dataclass(frozen=True, slots=True)
class _Named:
    name: str
    value: Expr
    mark: Mark


# lists and plain passing on


def _program(children: list[Any]) -> Any:
    return children[0] or ()


def _first(children: list[Any]) -> Any:
    return children[0]


def _ignored(_children: list[Any]) -> None:
    return None


def _nothing(_children: list[Any]) -> None:
    return None


def _one(children: list[Any]) -> tuple[Any, ...]:
    return (children[0],)


def _more(children: list[Any]) -> tuple[Any, ...]:
    return (*(children[0] or ()), children[-1])


def _group(children: list[Any]) -> Any:
    return children[1]


# statements


def _bare(children: list[Any]) -> Bare:
    return Bare(children[0], children[0].mark)


def _assign(children: list[Any]) -> tree.Assign:
    target, sign, value = children
    return tree.Assign(tree.Target("root", _path(target), target.mark), value, sign.mark)


def _assign_meta(children: list[Any]) -> tree.Assign:
    _, key, sign, value = children
    return tree.Assign(tree.Target("meta", (key.value,), key.mark), value, sign.mark)


def _assign_all_meta(children: list[Any]) -> tree.Assign:
    keyword, sign, value = children
    return tree.Assign(tree.Target("meta", (), keyword.mark), value, sign.mark)


def _assign_variable(children: list[Any]) -> tree.Assign:
    _, name, sign, value = children
    return tree.Assign(tree.Target("var", (name.value,), name.mark), value, sign.mark)


def _declare_map(children: list[Any]) -> RawMap:
    _, name, _, items, _ = children
    return RawMap(name.value, items or (), name.mark)


def _import_file(children: list[Any]) -> RawImport:
    return RawImport(children[1].value, children[1].mark)


def _whole_import(children: list[Any]) -> tuple[RawWhole]:
    return (RawWhole(children[1].value, children[1].mark),)


# operators


def _binary(children: list[Any]) -> tree.Binary:
    left, operator, right = children
    return tree.Binary(operator.value, left, right, operator.mark)


def _unary(children: list[Any]) -> Expr:
    operator, operand = children
    if operator.kind == "NOT":
        return tree.Unary("!", operand, operator.mark)
    return tree.Unary("-", operand, operator.mark)


def _rescue(children: list[Any]) -> tree.Method:
    value, operator, fallback = children
    return tree.Method(value, "catch", (tree.Lambda("_", fallback, fallback.mark),), operator.mark)


def _arrow(children: list[Any]) -> tree.Lambda:
    name, _, body = children
    if isinstance(body, tree.Lambda):
        refuse(
            f"it would be in poor taste to capture the same context under both '{name.value}' and '{body.param}': "
            "give the value one name",
            body.mark,
        )
    return tree.Lambda(name.value, body, name.mark)


# paths and calls


def _field(children: list[Any]) -> tree.Field:
    return tree.Field(children[0], children[2].value, children[2].mark)


def _own_field(children: list[Any]) -> tree.Field:
    dot, name = children
    return tree.Field(tree.This(dot.mark), name.value, name.mark)


def _method(children: list[Any]) -> tree.Method:
    target, _, name, _, arguments, _ = children
    positional, named = _arguments(arguments)
    return tree.Method(target, name.value, positional, name.mark, named)


def _own_method(children: list[Any]) -> tree.Method:
    dot, name, _, arguments, _ = children
    positional, named = _arguments(arguments)
    return tree.Method(tree.This(dot.mark), name.value, positional, name.mark, named)


def _call(children: list[Any]) -> tree.Call:
    name, _, arguments, _ = children
    positional, named = _arguments(arguments)
    return tree.Call(name.value, positional, name.mark, named)


def _context(children: list[Any]) -> tree.Context:
    target, _, opening, body, _ = children
    query = body if isinstance(body, tree.Lambda) else tree.Lambda(None, body, body.mark)
    return tree.Context(target, query, opening.mark)


def _index(children: list[Any]) -> tree.Method:
    target, bracket, position, _ = children
    return tree.Method(target, "[]", (position,), bracket.mark)


def _slice(children: list[Any]) -> tree.Method:
    target, bracket = children[:2]
    bounds = [child for child in children[2:] if not isinstance(child, Token)]
    absent = tree.Literal(None, bracket.mark)
    return tree.Method(target, "[:]", tuple(bound or absent for bound in bounds), bracket.mark)


def _positional(children: list[Any]) -> Expr:
    expression: Expr = children[0]
    return expression


def _named(children: list[Any]) -> _Named:
    return _Named(children[0].value, children[2], children[0].mark)


# atoms


def _literal(children: list[Any]) -> tree.Literal:
    token: Token = children[0]
    return tree.Literal(_CONSTANTS[token.kind](token.value), token.mark)


def _this(children: list[Any]) -> tree.This:
    return tree.This(children[0].mark)


def _root(children: list[Any]) -> tree.Root:
    return tree.Root(children[0].mark)


def _name(children: list[Any]) -> tree.Param:
    return tree.Param(children[0].value, children[0].mark)


def _metadata(children: list[Any]) -> tree.Meta:
    return tree.Meta(children[0].value or None, children[0].mark)


def _variable(children: list[Any]) -> tree.Var:
    return tree.Var(children[0].value, children[0].mark)


def _array(children: list[Any]) -> tree.Array:
    return tree.Array(children[1] or (), children[0].mark)


def _object(children: list[Any]) -> tree.Object:
    return tree.Object(children[1] or (), children[0].mark)


def _pair(children: list[Any]) -> tuple[Expr, Expr]:
    return children[0], children[2]


# match and if


def _match_value(children: list[Any]) -> tree.Match:
    return tree.Match(children[1], children[3], children[0].mark)


def _match_context(children: list[Any]) -> tree.Match:
    return tree.Match(None, children[2], children[0].mark)


def _case(children: list[Any]) -> tree.Case:
    pattern, arrow, body = children
    anything = isinstance(pattern, tree.Param) and pattern.name == "_"
    return tree.Case(None if anything else pattern, body, arrow.mark)


def _if_only(children: list[Any]) -> RawIf:
    return RawIf(((children[1], children[3] or ()),), None, children[0].mark)


def _if_else(children: list[Any]) -> RawIf:
    return RawIf(((children[1], children[3] or ()),), children[7] or (), children[0].mark)


def _if_else_if(children: list[Any]) -> RawIf:
    condition, items, following = settle(children[1]), children[3] or (), children[6]
    return RawIf(((condition, items), *following.branches), following.otherwise, children[0].mark)


_CONSTANTS: dict[str, Callable[[str], Any]] = {
    "NULL": lambda _: None,
    "TRUE": lambda _: True,
    "FALSE": lambda _: False,
    "INTEGER": int,
    "FLOAT": float,
    "STRING": str,
}


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
        refuse(
            "expected the mapping to end here: what stands left of `=` must be a path such as `root.field`, "
            "`let name` or `meta name`; write `==` to compare",
            target.mark,
        )
    return tuple(reversed(names))


def _arguments(arguments: tuple[Any, ...] | None) -> tuple[tuple[Expr, ...], tuple[tuple[str, Expr], ...]]:
    given = arguments or ()
    named = [argument for argument in given if isinstance(argument, _Named)]
    seen: set[str] = set()
    for argument in named:
        if argument.name in seen:
            refuse(f"duplicate named arg: {argument.name}: give each argument once", argument.mark)
        seen.add(argument.name)
    positional = tuple(argument for argument in given if not isinstance(argument, _Named))
    return positional, tuple((argument.name, argument.value) for argument in named)


_REDUCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    function.__name__[1:]: function
    for function in (
        _program,
        _first,
        _ignored,
        _nothing,
        _one,
        _more,
        _group,
        _bare,
        _assign,
        _assign_meta,
        _assign_all_meta,
        _assign_variable,
        _declare_map,
        _import_file,
        _whole_import,
        _binary,
        _unary,
        _rescue,
        _arrow,
        _field,
        _own_field,
        _method,
        _own_method,
        _call,
        _context,
        _index,
        _slice,
        _positional,
        _named,
        _literal,
        _this,
        _root,
        _name,
        _metadata,
        _variable,
        _array,
        _object,
        _pair,
        _match_value,
        _match_context,
        _case,
        _if_only,
        _if_else,
        _if_else_if,
    )
}
