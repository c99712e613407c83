"""Expressions to code: one case a kind of node."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from conduix.mapping import tree
from conduix.mapping.compiler import calls, streams
from conduix.mapping.compiler.code import both, call, choose, compare, const, display, either, is_type, listing, name
from conduix.mapping.compiler.generator import Generator
from conduix.mapping.compiler.learning import NotCompiled
from conduix.mapping.compiler.operators import condition, inversion, negation, operate, truth_of
from conduix.mapping.compiler.recovery import recovered
from conduix.mapping.compiler.values import Plain, Record, Scope, T, Value, types_of, within
from conduix.mapping.tree import Expr
from conduix.mapping.values import DELETED, NOTHING, Absent

ABSENT_CALLS = {"deleted": DELETED, "nothing": NOTHING}


def evaluate(gen: Generator, node: Expr, scope: Scope) -> Value:
    """The value of an expression; statements that it needs go into `gen.code`.

    Raises:
        NotCompiled: it needs what only the interpreter has.
    """
    return _EVALUATORS[type(node)](gen, node, scope)


def literal(gen: Generator, value: Any) -> Value:
    """A constant of the mapping."""
    if value is None or isinstance(value, str | int | float):
        return Plain(const(value), types_of(value))
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return Record({key: literal(gen, part) for key, part in value.items()})
    if isinstance(value, list):
        return Plain(listing([gen.plain_code(literal(gen, part)) for part in value]), T.LIST)
    return Plain(gen.code.bind(value, "constant"), types_of(value))


def _literal(gen: Generator, node: tree.Literal, _scope: Scope) -> Value:
    return literal(gen, node.value)


def _root(gen: Generator, _node: tree.Root, scope: Scope) -> Value:
    if scope.root is None:
        return Plain(gen.code.bind(NOTHING, "NOTHING"), T.ABSENT)
    return scope.root


def _variable(_gen: Generator, node: tree.Var, scope: Scope) -> Value:
    found = scope.variables.get(node.name)
    if found is None or (isinstance(found, Plain) and found.types & T.ABSENT):
        raise NotCompiled(f"whether ${node.name} is set depends on the record")
    return found


def _unary(gen: Generator, node: tree.Unary, scope: Scope) -> Value:
    operand = gen.value(node.operand, scope)
    return inversion(gen, operand) if node.op == "!" else negation(gen, operand)


def _binary(gen: Generator, node: tree.Binary, scope: Scope) -> Value:
    if node.op == "|":
        return recovered(gen, lambda: gen.value(node.left, scope), lambda: gen.value(node.right, scope), nulls=True)
    if node.op in {"&&", "||"}:
        return _logic(gen, node, scope)
    left = gen.value(node.left, scope)
    return operate(gen, node.op, left, gen.value(node.right, scope))


def _logic(gen: Generator, node: tree.Binary, scope: Scope) -> Value:
    left = truth_of(gen, gen.value(node.left, scope))
    with gen.branch() as body:
        right = truth_of(gen, gen.value(node.right, scope))
    join = both if node.op == "&&" else either
    if not body:
        return Plain(join([left, right]), T.BOOL)
    result = gen.code.fresh("b")
    gen.code.set(result, left)
    body.append(ast.Assign([ast.Name(result, ast.Store())], right))
    test = name(result)
    gen.code.emit(ast.If(test if node.op == "&&" else ast.UnaryOp(ast.Not(), test), body, []))
    return Plain(name(result), T.BOOL)


# branches


def _if(gen: Generator, node: tree.If, scope: Scope) -> Value:
    def test_of(test: Expr) -> Callable[[], ast.expr]:
        return lambda: condition(gen, gen.value(test, scope))

    return _branches(gen, [(test_of(test), body, scope) for test, body in node.branches], node.otherwise, scope)


def _match(gen: Generator, node: tree.Match, scope: Scope) -> Value:
    if node.target is not None:
        target = gen.value(node.target, scope)
        scope = replace(scope, this=gen.settle_now(target))
    arms: list[_Arm] = []
    for case in node.cases:
        if case.pattern is None:
            return _branches(gen, arms, case.body, scope)
        arms.append((partial(_fits, gen, case.pattern, scope), case.body, scope))
    return _branches(gen, arms, None, scope)


def _fits(gen: Generator, pattern: Expr, scope: Scope) -> ast.expr:
    if isinstance(pattern, tree.Literal):
        return operate(gen, "==", scope.this, literal(gen, pattern.value)).code
    made = gen.plain(gen.value(pattern, scope))
    return made.code if within(gen.types(made), T.BOOL) else compare(made.code, "is", const(True))


_Arm = tuple[Callable[[], ast.expr], Expr, Scope]


def _branches(gen: Generator, arms: Sequence[_Arm], otherwise: Expr | None, scope: Scope) -> Value:
    """The body of the first arm whose test holds."""
    if not arms:
        return gen.nothing() if otherwise is None else gen.value(otherwise, scope)
    test_of, body, inner = arms[0]
    test = test_of()
    result = gen.code.fresh("v")
    with gen.branch() as yes:
        first = gen.plain(gen.value(body, inner))
    with gen.branch() as no:
        second = gen.plain(_branches(gen, arms[1:], otherwise, scope))
    types = first.types | second.types
    if not yes and not no:
        return Plain(choose(test, first.code, second.code), types, small=first.small and second.small)
    yes.append(ast.Assign([ast.Name(result, ast.Store())], first.code))
    no.append(ast.Assign([ast.Name(result, ast.Store())], second.code))
    gen.code.emit(ast.If(test, yes, no))
    return Plain(name(result), types, small=first.small and second.small)


# containers


def _array(gen: Generator, node: tree.Array, scope: Scope) -> Value:
    parts = [gen.plain(gen.value(part, scope)) for part in node.items]
    made = listing([part.code for part in parts])
    if any(gen.types(part) & T.ABSENT for part in parts):
        return Plain(call(gen.bound(_without_absent), made), T.LIST | _other(parts))
    return Plain(made, T.LIST | _other(parts))


def _other(parts: Sequence[Plain]) -> T:
    """OTHER where a part may hold what JSON does not have."""
    other = T(0)
    for part in parts:
        other |= part.types & T.OTHER
    return other


def _without_absent(items: list[Any]) -> list[Any]:
    return [part for part in items if not isinstance(part, Absent)]


def _object(gen: Generator, node: tree.Object, scope: Scope) -> Value:
    fields: dict[str, Value] = {}
    for key, part in node.items:
        if not isinstance(key, tree.Literal) or not isinstance(key.value, str):
            return _loose_object(gen, node, scope)
        value = gen.settle_now(gen.value(part, scope))
        if key.value in fields and (_perhaps(fields[key.value]) or _perhaps(value)):
            # the record decides which of the two makes the key, and so where it stands
            return _loose_object(gen, node, scope)
        if isinstance(value, Plain) and value.types & T.ABSENT:
            code = gen.code.keep(value.code)
            missing = call(gen.bound(isinstance), code, gen.bound(Absent))
            value = Plain(gen.code.keep(choose(missing, name("UNSET"), code)), value.types)
        fields[key.value] = value
    return Record(fields)


def _perhaps(value: Value) -> bool:
    return isinstance(value, Plain) and bool(value.types & T.ABSENT)


def _loose_object(gen: Generator, node: tree.Object, scope: Scope) -> Value:
    """An object whose keys are calculated."""
    made = gen.code.keep(display([]), "d")
    for key, part in node.items:
        key_value = gen.plain(gen.value(key, scope))
        key_code = gen.code.keep(key_value.code)
        if not within(gen.types(key_value), T.STR):
            gen.code.refuse_unless(is_type(key_code, "str"))
        value = gen.kept(gen.value(part, scope))
        with gen.block() as body:
            gen.code.set_item(made, key_code, value.code)
        if value.types & T.ABSENT:
            present = ast.UnaryOp(ast.Not(), call(gen.bound(isinstance), value.code, gen.bound(Absent)))
            gen.code.when(present, body)
        else:
            gen.code.body.extend(body)
    return Plain(made, T.DICT | T.OTHER)


def _context(gen: Generator, node: tree.Context, scope: Scope) -> Value:
    return streams.apply_lambda(gen, node.body, gen.settle_now(gen.value(node.target, scope)), scope)


def _refused(_gen: Generator, node: Expr, _scope: Scope) -> Value:
    raise NotCompiled(f"{type(node).__name__} is left to the interpreter")


_EVALUATORS: dict[type, Callable[[Generator, Any, Scope], Value]] = {
    tree.Literal: _literal,
    tree.This: lambda _gen, _node, scope: scope.this,
    tree.Root: _root,
    tree.Meta: _refused,
    tree.Var: _variable,
    tree.Param: lambda _gen, node, scope: scope.params[node.name],
    tree.Field: lambda gen, node, scope: gen.field(gen.value(node.target, scope), node.name),
    tree.Call: calls.function_call,
    tree.Method: calls.method_call,
    tree.Unary: _unary,
    tree.Binary: _binary,
    tree.If: _if,
    tree.Match: _match,
    tree.Lambda: _refused,
    tree.Context: _context,
    tree.Array: _array,
    tree.Object: _object,
}
