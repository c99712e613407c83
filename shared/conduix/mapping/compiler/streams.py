"""Lists that are mapped, filtered and summed in one loop, without the lists in between."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace

from conduix.mapping.compiler.code import attribute, call, compare, const, is_type, listing, name, negated
from conduix.mapping.compiler.generator import Generator
from conduix.mapping.compiler.operators import accumulate, number
from conduix.mapping.compiler.project import Shape
from conduix.mapping.compiler.values import Built, Plain, Projected, Record, Scope, Stream, T, Value, within
from conduix.mapping.tree import Lambda
from conduix.mapping.values import DELETED, NOTHING


def apply_lambda(gen: Generator, node: Lambda, argument: Value, scope: Scope) -> Value:
    """The body of a lambda with `argument` in the place of its parameter."""
    if node.param is None:
        scope = replace(scope, this=argument)
    elif node.param != "_":
        scope = replace(scope, params={**scope.params, node.param: argument})
    return gen.value(node.body, scope)


def stream(value: Value, kind: str, node: Lambda, scope: Scope) -> Stream:
    """`value.map_each(node)` or `value.filter(node)`, to be run when somebody looks."""
    if isinstance(value, Stream):
        return Stream(value.source, (*value.stages, (kind, node, scope)))
    return Stream(value, ((kind, node, scope),))


def loop(gen: Generator, value: Stream, use: Callable[[Value], None]) -> None:
    """A loop over the items; `use` generates what is done with each."""
    items, element = _source(gen, value.source)
    items = gen.steps.before_loop(items, [node for _, node, _ in value.stages])
    variable = gen.code.fresh("i")
    with ExitStack() as inside:
        inside.enter_context(gen.steps.inside())
        body = inside.enter_context(gen.block())
        item: Value = element(name(variable))
        for kind, node, scope in value.stages:
            if kind == "map_each":
                item = _mapped(gen, item, node, scope)
            else:
                _keep_if(gen, item, node, scope)
                # what follows does not see every item: it demands nothing of the projection
                gen.optional += 1
                inside.callback(_less_optional, gen)
        use(item)
    gen.code.emit(ast.For(ast.Name(variable, ast.Store()), items, body, []))


def _less_optional(gen: Generator) -> None:
    gen.optional -= 1


def _source(gen: Generator, value: Value) -> tuple[ast.expr, Callable[[ast.expr], Value]]:
    """What is iterated, and what each item is."""
    if isinstance(value, Projected) and not value.shape.whole and not value.shape.fields:
        shape = value.shape
        if shape.items is None:
            shape.items = Shape(f"{shape.path}[]")
            gen.learned.changed = True
        items = shape.items
        return value.code, lambda code: Projected(items, code, sure=True)
    if isinstance(value, Built):
        fields = value.fields
        return value.code, lambda code: _struct_fields(code, fields)
    made = gen.plain(value)
    types = gen.types(made)
    code = gen.code.keep(made.code)
    if not within(types, T.LIST | T.OTHER) or types & T.OTHER:
        gen.code.refuse_unless(is_type(code, "list"))
    inner = T.VALUE if types & T.OTHER else T.JSON
    return code, lambda item: Plain(item, inner)


def _struct_fields(code: ast.expr, fields: Mapping[str, T]) -> Record:
    slots = enumerate(fields.items())
    return Record({key: Plain(attribute(code, f"f{index}"), types) for index, (key, types) in slots})


def _mapped(gen: Generator, item: Value, node: Lambda, scope: Scope) -> Value:
    made = gen.settle_now(apply_lambda(gen, node, item, scope))
    if not isinstance(made, Plain) or not made.types & T.ABSENT:
        return made
    deleted = compare(made.code, "is", gen.code.bind(DELETED, "DELETED"))
    gen.code.emit(ast.If(deleted, [ast.Continue()], []))
    old = gen.plain(item)
    result = gen.code.fresh("v")
    gen.code.set(result, made.code)
    with gen.block() as body:
        gen.code.set(result, old.code)
    gen.code.when(compare(made.code, "is", gen.code.bind(NOTHING, "NOTHING")), body)
    return Plain(name(result), made.types & ~T.ABSENT | old.types)


def _keep_if(gen: Generator, item: Value, node: Lambda, scope: Scope) -> None:
    made = gen.plain(apply_lambda(gen, node, item, scope))
    kept = made.code if within(gen.types(made), T.BOOL) else compare(made.code, "is", const(True))
    gen.code.emit(ast.If(negated(kept), [ast.Continue()], []))


def build_list(gen: Generator, value: Stream, *, structs: bool) -> Built | Plain:
    """The list, made: of Structs where its items are new objects that only go into JSON."""
    node = value.stages[-1][1] if value.stages else None
    structs = structs and node is not None and id(node) not in gen.learned.plain_lists
    made = gen.code.fresh("l")
    gen.code.set(made, listing([]))
    fields: dict[str, T] = {}
    other = T(0)

    def append(item: Value) -> None:
        nonlocal other
        simple = isinstance(item, Record) and item.fields and all(isinstance(p, Plain) for p in item.fields.values())
        if structs and simple and isinstance(item, Record):
            fields.update({key: part.types for key, part in item.fields.items() if isinstance(part, Plain)})
            code = gen.struct(item)
        else:
            plain = gen.plain(item)
            other |= gen.types(plain) & T.OTHER
            code = plain.code
        gen.code.do(call(attribute(name(made), "append"), code))

    loop(gen, value, append)
    if fields and node is not None:
        return Built(name(made), node, fields)
    return Plain(name(made), T.LIST | other)


def total(gen: Generator, value: Stream) -> Plain:
    """The sum of the items."""
    result = gen.code.fresh("s")
    gen.code.set(result, const(0.0))  # floats are added to floats faster than to an int
    loop(gen, value, lambda item: accumulate(gen, result, number(gen, item)))
    return Plain(name(result), T.NUMBER, raw=True, small=True)
