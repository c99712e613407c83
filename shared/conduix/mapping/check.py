"""Resolves names, puts arguments in their places, folds constants, and refuses what can never work.

What it returns keeps every promise that `tree` makes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any

from msgspec.structs import replace

from conduix.errors import MappingError, MappingSyntaxError
from conduix.mapping import tree
from conduix.mapping.build import refuse
from conduix.mapping.folding import constants, fold
from conduix.mapping.functions import find, table
from conduix.mapping.functions.declare import REMAP, REQUIRED, Function, Kind, Parameter
from conduix.mapping.rebuilding import rebuilt
from conduix.mapping.tree import Expr, Mark, Statement

MAX_DEPTH = 400

_NO_NAMES: frozenset[str] = frozenset()


def check_statements(statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """The statements with every expression checked."""
    return tuple(_statement(statement) for statement in statements)


def check_expression(expression: Expr) -> Expr:
    """The checked form of one expression that no lambda surrounds.

    Raises:
        MappingSyntaxError: with the place of the node that is wrong.
    """
    refuse_depth(expression)
    return _check(expression, _NO_NAMES)


def _statement(statement: Statement) -> Statement:
    if isinstance(statement, tree.Assign):
        return replace(statement, value=check_expression(statement.value))
    branches = tuple((check_expression(condition), check_statements(body)) for condition, body in statement.branches)
    return replace(statement, branches=branches, otherwise=check_statements(statement.otherwise))


def refuse_depth(expression: Expr) -> None:
    """Raises a MappingSyntaxError for an expression so deep that going down in it would end in a RecursionError."""
    level: list[Expr] = [expression]
    for _ in range(MAX_DEPTH):
        level = [below for node in level for below in tree.children(node)]
        if not level:
            return
    refuse(f"the expression is nested deeper than {MAX_DEPTH}: take parts out into `let` or `map`", level[0].mark)


def _check(node: Expr, names: frozenset[str]) -> Expr:
    match node:
        case tree.Param(name=name, mark=mark):
            return node if name in names else tree.Field(tree.This(mark), name, mark)
        case tree.Call():
            return _check_call(node, names)
        case tree.Method():
            return _check_method(node, names)
        case tree.Lambda():
            return _check_lambda(node, names)
        case _:
            return fold(rebuilt(node, [_check(child, names) for child in tree.children(node)]))


def _check_lambda(node: tree.Lambda, names: frozenset[str]) -> tree.Lambda:
    if node.param is None or node.param == "_":
        return replace(node, body=_check(node.body, names))
    if node.param in names:
        refuse(f"context label `{node.param}` would shadow a parent context: choose another name", node.mark)
    return replace(node, body=_check(node.body, names | {node.param}))


# calls


def _check_call(node: tree.Call, names: frozenset[str]) -> Expr:
    function = _lookup("function", node.name, node.mark)
    arguments = _arguments(function, node.args, node.named, node.mark, names)
    if node.name == "var" and isinstance(arguments[0], tree.Literal):
        return tree.Var(arguments[0].value, node.mark)
    if function.state is not None:
        return tree.Call(node.name, (tree.Literal(function.state(), node.mark), *arguments), node.mark)
    checked = tree.Call(node.name, arguments, node.mark)
    given = constants(arguments)
    if given is not None and function.folds:
        _attempt(lambda: function.call(*given), node.mark)
    return checked


def _check_method(node: tree.Method, names: frozenset[str]) -> Expr:
    function = _lookup("method", node.name, node.mark)
    target = _check(node.target, names)
    arguments = _arguments(function, node.args, node.named, node.mark, names)
    if node.name == "map" and isinstance(arguments[0], tree.Lambda):
        return tree.Context(target, arguments[0], node.mark)
    if node.name in {"number", "bool"} and arguments:
        plain = tree.Method(target, node.name, (), node.mark)
        return tree.Method(plain, "catch", (tree.Lambda("_", arguments[0], node.mark),), node.mark)
    given = constants(arguments)
    if given is not None and not function.scope and not function.lazy:
        _try_constants(function, target, given, node.mark)
    return tree.Method(target, node.name, arguments, node.mark)


def _try_constants(function: Function, target: Expr, given: Sequence[Any], mark: Mark) -> None:
    if function.prepare is not None:
        _attempt(lambda: function.specialise(given), mark)
    if function.folds and isinstance(target, tree.Literal):
        _attempt(lambda: function.call(target.value, *given), mark)


def _attempt(call: Callable[[], Any], mark: Mark) -> None:
    try:
        call()
    except MappingError as error:
        raise MappingSyntaxError(error.message, line=mark.line, column=mark.column) from error


def _lookup(kind: Kind, name: str, mark: Mark) -> Function:
    found = find(kind, name)
    if found is None:
        refuse(f"unrecognised {kind} '{name}'{_suggestion(kind, name)}", mark)
    return found


def _suggestion(kind: Kind, name: str) -> str:
    if find("method", name) is not None:
        return f": it is a method, write `value.{name}()`"
    if find("function", name) is not None:
        return f": it is a function, write `{name}(…)` alone"
    close = get_close_matches(name, [known for at, known in table() if at == kind], n=1)
    return f": did you mean `{close[0]}`?" if close else ""


# arguments


def _arguments(
    function: Function,
    given: tuple[Expr, ...],
    named: tuple[tuple[str, Expr], ...],
    mark: Mark,
    names: frozenset[str],
) -> tuple[Expr, ...]:
    if named and given:
        refuse("cannot mix named and nameless arguments: name all of them or none", named[0][1].mark)
    if function.variadic:
        if named:
            refuse(f"named arguments are not supported by `{function.name}`: give them in their order", mark)
        return tuple(_check(argument, names) for argument in given)
    placed = _place_named(function, dict(named), mark) if named else given
    if len(placed) > len(function.parameters):
        refuse(
            f"wrong number of arguments, expected {len(function.parameters)}, got {len(placed)}: "
            f"write `{signature(function)}`",
            mark,
        )
    missing = [parameter.name for parameter in function.parameters[len(placed) :] if parameter.default is REQUIRED]
    if missing:
        refuse(_missing(function, missing), mark)
    pairs = zip(function.parameters, placed, strict=False)
    return tuple(_argument(parameter, argument, names) for parameter, argument in pairs)


def _place_named(function: Function, named: dict[str, Expr], mark: Mark) -> tuple[Expr, ...]:
    known = [parameter.name for parameter in function.parameters]
    for name, value in named.items():
        if name not in known:
            close = get_close_matches(name, known, n=1)
            hint = f", did you mean {close[0]}?" if close else f": write `{signature(function)}`"
            refuse(f"unknown parameter {name}{hint}", value.mark)
    missing = [
        parameter.name
        for parameter in function.parameters
        if parameter.default is REQUIRED and parameter.name not in named
    ]
    if missing:
        refuse(_missing(function, missing), mark)
    last = max(known.index(name) for name in named)
    return tuple(
        named.get(parameter.name, tree.Literal(parameter.default, mark))
        for parameter in function.parameters[: last + 1]
    )


def _missing(function: Function, missing: list[str]) -> str:
    plural = "s" if len(missing) > 1 else ""
    return f"missing parameter{plural}: {', '.join(missing)}: write `{signature(function)}`"


def _argument(parameter: Parameter, argument: Expr, names: frozenset[str]) -> Expr:
    checked = _check(argument, names)
    if parameter.kind in {"query", "fallback"}:
        if isinstance(checked, tree.Lambda):
            return checked
        return tree.Lambda(None if parameter.kind == "query" else "_", checked, argument.mark)
    if isinstance(checked, tree.Lambda):
        refuse(f"field {parameter.name}: expected {parameter.kind} value, got query expression", argument.mark)
    if isinstance(checked, tree.Literal):
        _attempt(lambda: parameter.read(checked.value), argument.mark)
    return checked


def signature(function: Function) -> str:
    """How the function is written, with the names of its parameters and their defaults."""
    if function.variadic:
        inside = "value, …"
    else:
        inside = ", ".join(
            parameter.name if parameter.default is REQUIRED else f"{parameter.name}?"
            for parameter in function.parameters
        )
    return f"{'.' if function.kind == 'method' else ''}{function.name.removeprefix(REMAP)}({inside})"
