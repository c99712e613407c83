"""`|`, `.or()` and `.catch()`: what a mapping does about its own failures."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from conduix.errors import MappingError
from conduix.mapping.compiler.code import call, compare, const, name
from conduix.mapping.compiler.generator import Generator
from conduix.mapping.compiler.values import Plain, T, Value
from conduix.mapping.values import is_null


def recovered(
    gen: Generator, target: Callable[[], Value], fallback: Callable[[], Value], *, nulls: bool, failures: bool = True
) -> Plain:
    """The target, or the fallback where it fails (`failures`) or is null, deleted or nothing (`nulls`)."""
    result = gen.code.fresh("v")
    with gen.guard(), gen.branch() as attempt:
        value = gen.plain(target())
        types = gen.types(value)
        gen.code.set(result, value.code)
    with gen.branch() as rescue:
        other = gen.plain(fallback())
        gen.code.set(result, other.code)
    final = other.types
    if failures and _may_fail(attempt):
        handler = ast.ExceptHandler(gen.bound(MappingError), None, rescue)
        gen.code.emit(ast.Try(attempt, [handler], [], []))
    else:
        for statement in attempt:
            gen.code.emit(statement)
    if nulls and types & (T.NULL | T.ABSENT):
        test = compare(name(result), "is", const(None))
        if types & T.ABSENT:
            test = call(gen.bound(is_null), name(result))
        with gen.branch() as again:
            gen.code.set(result, gen.plain_code(fallback()))
        gen.code.emit(ast.If(test, again, []))
        types &= ~(T.NULL | T.ABSENT)
    return Plain(name(result), types | final)


_SAFE_CALLS = frozenset({"get", "type", "step", "equal", "len"})


def _may_fail(body: Sequence[ast.stmt]) -> bool:
    """Whether the statements call a function that raises mapping errors."""
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Call) and _called(node).split("_")[0] not in _SAFE_CALLS:
                return True
    return False


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""
