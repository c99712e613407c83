"""Calls through the declared implementations, prepared beforehand where the arguments are constants."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from conduix.errors import MappingError
from conduix.mapping import tree
from conduix.mapping.compiler import streams
from conduix.mapping.compiler.code import call, const, name
from conduix.mapping.compiler.generator import Generator
from conduix.mapping.compiler.learning import NotCompiled
from conduix.mapping.compiler.results import result_types
from conduix.mapping.compiler.values import Plain, Scope, T, Value, within
from conduix.mapping.functions import find
from conduix.mapping.functions.declare import Function, Parameter

_MADE_OF_JSON: Mapping[str, T] = {
    "string": T.STR, "any": T.JSON, "array": T.LIST, "object": T.DICT, "bool": T.BOOL,
}  # fmt: skip


def method(gen: Generator, node: tree.Method, value: Value, scope: Scope) -> Plain:
    """A method through its implementation."""
    function = declared("method", node.name)
    if function.scope or function.lazy:
        raise NotCompiled(f".{node.name}() looks at more than its target and arguments")
    return generic(gen, function, value, node.args, scope)


def generic(gen: Generator, function: Function, value: Value, args: Sequence[tree.Expr], scope: Scope) -> Plain:
    """A method through its implementation, prepared beforehand where its arguments are constants."""
    target = gen.plain(value)
    types = result_types(function, gen.types(target))
    if all(isinstance(argument, tree.Literal) for argument in args):
        constants = [argument.value for argument in args if isinstance(argument, tree.Literal)]
        try:
            ready = function.specialise(constants)
        except MappingError as error:
            raise NotCompiled(f".{function.name}() can never work with these arguments") from error
        return Plain(gen.steps.made(call(gen.bound(ready, function.name), target.code), types), types)
    arguments = [argument_of(gen, function, position, part, scope) for position, part in enumerate(args)]
    defaults = [] if function.variadic else function.parameters[len(arguments) :]
    rest = [gen.code.bind(parameter.default, "default") for parameter in defaults]
    made = call(gen.bound(function.implementation, function.name), target.code, *arguments, *rest)
    return Plain(gen.steps.made(made, types), types)


def declared(kind: Any, identifier: str) -> Function:
    """The declaration of a function or method."""
    function = find(kind, identifier)
    if function is None:
        raise NotCompiled(f"there is no {kind} {identifier}")
    return function


def argument_of(gen: Generator, function: Function, position: int, node: tree.Expr, scope: Scope) -> ast.expr:
    """An argument as the implementation wants it."""
    parameter = None if function.variadic else function.parameters[position]
    if isinstance(node, tree.Lambda):
        return _lambda(gen, node, scope)
    if isinstance(node, tree.Literal):
        value = node.value if parameter is None else parameter.read(node.value)
        return gen.code.bind(value, "constant") if not isinstance(value, str) else const(value)
    made = gen.plain(gen.value(node, scope))
    if parameter is None or _fits(parameter, gen.types(made)):
        return made.code
    return call(gen.bound(parameter.read, "read"), made.code)


def _fits(parameter: Parameter, types: T) -> bool:
    if parameter.kind == "any":
        return True
    wanted = _MADE_OF_JSON.get(parameter.kind)
    return wanted is not None and within(types, wanted)


def _lambda(gen: Generator, node: tree.Lambda, scope: Scope) -> ast.expr:
    """A function of one value, for implementations that call it themselves."""
    argument, made = gen.code.fresh("x"), gen.code.fresh("query")
    with gen.steps.inside(), gen.branch() as body:
        gen.steps.before_call(node)
        result = gen.plain(streams.apply_lambda(gen, node, Plain(name(argument), T.VALUE), scope))
        gen.code.emit(ast.Return(result.code))
    parameters = ast.arguments([], [ast.arg(argument)], None, [], [], None, [])
    gen.code.emit(ast.FunctionDef(made, parameters, body, []))
    return name(made)
