"""Resolves names, puts arguments in their places, folds constants, and refuses what can never work.

What it returns keeps every promise that `tree` makes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, NoReturn, assert_never

from conduix.errors import MappingError, MappingSyntaxError
from conduix.mapping import tree
from conduix.mapping.arithmetic import BINARY, Mismatch, negate
from conduix.mapping.describe import describe
from conduix.mapping.functions import find, table
from conduix.mapping.functions.declare import REQUIRED, Function, Kind, Parameter
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
    _refuse_depth(expression)
    return _check(expression, _NO_NAMES)


def _statement(statement: Statement) -> Statement:
    if isinstance(statement, tree.Assign):
        return replace(statement, value=check_expression(statement.value))
    branches = tuple((check_expression(condition), check_statements(body)) for condition, body in statement.branches)
    return replace(statement, branches=branches, otherwise=check_statements(statement.otherwise))


def _refuse_depth(expression: Expr) -> None:
    level: list[Expr] = [expression]
    for _ in range(MAX_DEPTH):
        level = [below for node in level for below in tree.children(node)]
        if not level:
            return
    _refuse(f"the expression is nested deeper than {MAX_DEPTH}: take parts out into `let` or `map`", level[0].mark)


def _check(node: Expr, names: frozenset[str]) -> Expr:  # noqa: C901, PLR0911, PLR0912 - one line a kind of node
    match node:
        case tree.Literal() | tree.This() | tree.Root() | tree.Meta() | tree.Var():
            return node
        case tree.Param(name=name, mark=mark):
            return node if name in names else tree.Field(tree.This(mark), name, mark)
        case tree.Field(target=target):
            return replace(node, target=_check(target, names))
        case tree.Call():
            return _check_call(node, names)
        case tree.Method():
            return _check_method(node, names)
        case tree.Unary(operand=operand):
            return _fold_unary(replace(node, operand=_check(operand, names)))
        case tree.Binary(left=left, right=right):
            return _fold_binary(replace(node, left=_check(left, names), right=_check(right, names)))
        case tree.If(branches=branches, otherwise=otherwise):
            checked = tuple((_check(condition, names), _check(body, names)) for condition, body in branches)
            return replace(node, branches=checked, otherwise=otherwise and _check(otherwise, names))
        case tree.Match(target=target, cases=cases):
            arms = tuple(_check_case(case, names) for case in cases)
            return replace(node, target=target and _check(target, names), cases=arms)
        case tree.Lambda():
            return _check_lambda(node, names)
        case tree.Context(target=target, body=body):
            return replace(node, target=_check(target, names), body=_check_lambda(body, names))
        case tree.Array(items=items):
            return _fold_array(replace(node, items=tuple(_check(item, names) for item in items)))
        case tree.Object(items=pairs):
            checked = tuple((_check(key, names), _check(value, names)) for key, value in pairs)
            return _fold_object(replace(node, items=checked))
        case _:
            assert_never(node)


def _check_case(case: tree.Case, names: frozenset[str]) -> tree.Case:
    pattern = case.pattern and _check(case.pattern, names)
    return replace(case, pattern=pattern, body=_check(case.body, names))


def _check_lambda(node: tree.Lambda, names: frozenset[str]) -> tree.Lambda:
    if node.param is None or node.param == "_":
        return replace(node, body=_check(node.body, names))
    if node.param in names:
        _refuse(f"context label `{node.param}` would shadow a parent context: choose another name", node.mark)
    return replace(node, body=_check(node.body, names | {node.param}))


# calls


def _check_call(node: tree.Call, names: frozenset[str]) -> Expr:
    function = _lookup("function", node.name, node.mark)
    arguments = _arguments(function, node.args, node.named, node.mark, names)
    if node.name == "var" and isinstance(arguments[0], tree.Literal):
        return tree.Var(arguments[0].value, node.mark)
    checked = tree.Call(node.name, arguments, node.mark)
    constants = _constants(arguments)
    if constants is not None and function.folds:
        _attempt(lambda: function.call(*constants), node.mark)
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
    constants = _constants(arguments)
    if constants is not None and not function.scope and not function.lazy:
        _try_constants(function, target, constants, node.mark)
    return tree.Method(target, node.name, arguments, node.mark)


def _try_constants(function: Function, target: Expr, constants: Sequence[Any], mark: Mark) -> None:
    if function.prepare is not None:
        _attempt(lambda: function.specialise(constants), mark)
    if function.folds and isinstance(target, tree.Literal):
        _attempt(lambda: function.call(target.value, *constants), mark)


def _attempt(call: Any, mark: Mark) -> None:
    try:
        call()
    except MappingError as error:
        raise MappingSyntaxError(error.message, line=mark.line, column=mark.column) from error


def _constants(arguments: Iterable[Expr]) -> list[Any] | None:
    values: list[Any] = []
    for argument in arguments:
        if not isinstance(argument, tree.Literal):
            return None
        values.append(argument.value)
    return values


def _lookup(kind: Kind, name: str, mark: Mark) -> Function:
    found = find(kind, name)
    if found is not None:
        return found
    other: Kind = "method" if kind == "function" else "function"
    hint = ""
    if find(other, name) is not None:
        hint = f": it is a method, write `value.{name}()`" if other == "method" else f": write `{name}(…)` alone"
    elif close := get_close_matches(name, [known for at, known in table() if at == kind], n=1):
        hint = f": did you mean `{close[0]}`?"
    _refuse(f"unrecognised {kind} '{name}'{hint}", mark)


# arguments


def _arguments(
    function: Function,
    given: tuple[Expr, ...],
    named: tuple[tuple[str, Expr], ...],
    mark: Mark,
    names: frozenset[str],
) -> tuple[Expr, ...]:
    if function.variadic:
        if named:
            _refuse(f"named arguments are not supported by `{function.name}`: give them in their order", mark)
        return tuple(_check(argument, names) for argument in given)
    placed = _place_named(function, dict(named), mark) if named else given
    if len(placed) > len(function.parameters):
        _refuse(
            f"wrong number of arguments, expected {len(function.parameters)}, got {len(placed)}: "
            f"write `{signature(function)}`",
            mark,
        )
    missing = [parameter.name for parameter in function.parameters[len(placed) :] if parameter.default is REQUIRED]
    if missing:
        _refuse(_missing(function, missing), mark)
    pairs = zip(function.parameters, placed, strict=False)
    return tuple(_argument(parameter, argument, names) for parameter, argument in pairs)


def _place_named(function: Function, named: dict[str, Expr], mark: Mark) -> tuple[Expr, ...]:
    known = [parameter.name for parameter in function.parameters]
    for name, value in named.items():
        if name not in known:
            close = get_close_matches(name, known, n=1)
            hint = f", did you mean {close[0]}?" if close else f": write `{signature(function)}`"
            _refuse(f"unknown parameter {name}{hint}", value.mark)
    missing = [
        parameter.name
        for parameter in function.parameters
        if parameter.default is REQUIRED and parameter.name not in named
    ]
    if missing:
        _refuse(_missing(function, missing), mark)
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
        _refuse(f"field {parameter.name}: expected {parameter.kind} value, got query expression", argument.mark)
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
    return f"{'.' if function.kind == 'method' else ''}{function.name}({inside})"


# constants


def _fold_unary(node: tree.Unary) -> Expr:
    operand = node.operand
    if not isinstance(operand, tree.Literal):
        return node
    if node.op == "!":
        return tree.Literal(not operand.value, node.mark) if isinstance(operand.value, bool) else node
    try:
        return tree.Literal(negate(operand.value), node.mark)
    except MappingError as error:
        raise MappingSyntaxError(error.message, line=node.mark.line, column=node.mark.column) from error


def _fold_binary(node: tree.Binary) -> Expr:
    operate = BINARY.get(node.op)
    left, right = node.left, node.right
    if operate is None or not isinstance(left, tree.Literal) or not isinstance(right, tree.Literal):
        return node
    try:
        return tree.Literal(operate(left.value, right.value), node.mark)
    except Mismatch as error:
        named = Mismatch(error.verb, error.left, error.right, (describe(left), describe(right)))
        _refuse(named.message, node.mark)
    except MappingError as error:
        _refuse(f"{describe(right)}: {error.message}", node.mark)


def _fold_array(node: tree.Array) -> Expr:
    constants = _constants(node.items)
    return node if constants is None else tree.Literal(constants, node.mark)


def _fold_object(node: tree.Object) -> Expr:
    for key, _ in node.items:
        if isinstance(key, tree.Literal) and not isinstance(key.value, str):
            _refuse(f"object keys must be strings, received: {describe(key)}: put the key in quotes", key.mark)
    keys = _constants(key for key, _ in node.items)
    values = _constants(value for _, value in node.items)
    if keys is None or values is None:
        return node
    return tree.Literal(dict(zip(keys, values, strict=True)), node.mark)


def _refuse(message: str, mark: Mark) -> NoReturn:
    raise MappingSyntaxError(message, line=mark.line, column=mark.column)
