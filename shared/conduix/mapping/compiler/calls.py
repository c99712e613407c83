"""Calls of functions and methods: inline where `inline` knows how, else the declared implementation."""

from __future__ import annotations

from conduix.mapping import tree
from conduix.mapping.compiler import inline
from conduix.mapping.compiler.code import call
from conduix.mapping.compiler.generator import Generator
from conduix.mapping.compiler.generic import argument_of, declared, method
from conduix.mapping.compiler.learning import NotCompiled
from conduix.mapping.compiler.results import result_types
from conduix.mapping.compiler.values import Plain, Scope, T, Value


def function_call(gen: Generator, node: tree.Call, scope: Scope) -> Value:
    """`name(args)`."""
    if node.name in {"deleted", "nothing"}:
        function = declared("function", node.name)
        return Plain(gen.code.bind(function.implementation(), node.name.upper()), T.ABSENT)
    function = declared("function", node.name)
    if function.scope or function.lazy:
        raise NotCompiled(f"{node.name}() looks at more than its arguments")
    arguments = [argument_of(gen, function, position, part, scope) for position, part in enumerate(node.args)]
    defaults = [gen.code.bind(p.default, "default") for p in function.parameters[len(arguments) :]]
    types = result_types(function, T.JSON)
    made = call(gen.bound(function.implementation, node.name), *arguments, *defaults)
    return Plain(gen.steps.made(made, types), types)


def method_call(gen: Generator, node: tree.Method, scope: Scope) -> Value:
    """`target.name(args)`."""
    special = inline.METHODS.get(node.name)
    if special is not None:
        made = special(gen, node, scope)
        if made is not None:
            return made
    return method(gen, node, gen.value(node.target, scope), scope)
