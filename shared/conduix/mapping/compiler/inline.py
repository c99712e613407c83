"""Methods that are written out in the generated code.

Each may assume a type only where any other type raises (then the reference decides) or is checked; it gives None where
the call is better left to the declared implementation.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from conduix.mapping import paths, tree
from conduix.mapping.compiler import inline_text, inline_time, streams
from conduix.mapping.compiler.code import (
    attribute,
    between,
    binary,
    call,
    choose,
    compare,
    const,
    is_type,
    name,
)  # fmt: skip
from conduix.mapping.compiler.generator import LIMIT, Generator
from conduix.mapping.compiler.generic import method
from conduix.mapping.compiler.learning import NotCompiled
from conduix.mapping.compiler.operators import number
from conduix.mapping.compiler.project import can_be_field
from conduix.mapping.compiler.recovery import recovered
from conduix.mapping.compiler.values import Built, Plain, Projected, Record, Scope, Stream, T, Value, within
from conduix.mapping.tree import Expr

Inline = Callable[[Generator, tree.Method, Scope], Value | None]

_PAIR = frozenset({"key", "value"})


# lists


def _map_each(gen: Generator, node: tree.Method, scope: Scope) -> Value | None:
    query = node.args[0]
    if not isinstance(query, tree.Lambda) or _asks_for_pairs(query):
        return None
    return streams.stream(gen.value(node.target, scope), "map_each", query, scope)


def _filter(gen: Generator, node: tree.Method, scope: Scope) -> Value | None:
    query = node.args[0]
    if not isinstance(query, tree.Lambda) or _asks_for_pairs(query):
        return None
    return streams.stream(gen.value(node.target, scope), "filter", query, scope)


def _asks_for_pairs(query: tree.Lambda) -> bool:
    """Whether the query looks as if it were meant for the pairs of an object."""
    asked = {
        part.name for part in tree.walk(query.body) if isinstance(part, tree.Field) and _is_argument(part.target, query)
    }
    return bool(asked) and asked <= _PAIR


def _is_argument(node: Expr, query: tree.Lambda) -> bool:
    if query.param is None:
        return isinstance(node, tree.This)
    return isinstance(node, tree.Param) and node.name == query.param


def _sum(gen: Generator, node: tree.Method, scope: Scope) -> Value | None:
    value = gen.value(node.target, scope)
    if isinstance(value, Stream):
        return streams.total(gen, value)
    if isinstance(value, Projected) and not value.shape.whole and not value.shape.fields:
        return streams.total(gen, Stream(value, ()))
    return method(gen, node, value, scope)


def _length(gen: Generator, node: tree.Method, scope: Scope) -> Value | None:
    value = gen.value(node.target, scope)
    if isinstance(value, Stream):
        value = gen.settle_now(value)
    if isinstance(value, Built):
        return Plain(call(name("len"), value.code), T.INT, small=True)
    if isinstance(value, Projected) and not value.shape.whole:
        if value.shape.items is not None:
            return Plain(call(name("len"), value.code), T.INT, small=True)
        if not value.shape.sized:
            # the next round knows whether somebody else looks into the items
            value.shape.sized = gen.learned.changed = True
            return Plain(call(name("len"), value.code), T.INT, small=True)
    made = gen.kept(value)
    if within(made.types, T.LIST | T.DICT):
        return Plain(call(name("len"), made.code), T.INT, small=True)
    slow = method(gen, node, made, scope).code
    if not within(made.types, T.JSON):
        return Plain(slow, T.INT, small=True)
    ascii_text = ast.BoolOp(ast.And(), [is_type(made.code, "str"), call(attribute(made.code, "isascii"))])
    return Plain(choose(ascii_text, call(name("len"), made.code), slow), T.INT, small=True)


# objects


def _exists(gen: Generator, node: tree.Method, scope: Scope) -> Value | None:
    path = node.args[0]
    if not isinstance(path, tree.Literal) or not isinstance(path.value, str):
        return None
    keys = paths.split(path.value)
    value = gen.value(node.target, scope)
    for position, key in enumerate(keys):
        last = position == len(keys) - 1
        if isinstance(value, Record):
            found = value.fields.get(key)
            if found is None:
                return Plain(const(False), T.BOOL)
            missing = isinstance(found, Plain) and found.types & T.ABSENT
            if last:
                there = compare(gen.plain_code(found), "is not", name("UNSET")) if missing else const(True)
                return Plain(there, T.BOOL)
            value = gen.present(found)
        elif isinstance(value, Projected) and _can_ask(value, key):
            if last:
                return Plain(_projected_exists(gen, value, key), T.BOOL)
            value = gen.field(value, key)
        else:
            made = gen.kept(value)
            if last and within(made.types, T.DICT):
                return Plain(compare(const(key), "in", made.code), T.BOOL)
            value = made
            rest = replace(node, args=(tree.Literal(paths.join(keys[position:]), path.mark),))
            return method(gen, rest, value, scope)
    return None


def _can_ask(value: Projected, key: str) -> bool:
    shape = value.shape
    return not shape.whole and shape.items is None and can_be_field(key) and not key.isdigit() and key != "*"


def _projected_exists(gen: Generator, value: Projected, key: str) -> ast.expr:
    base = Projected(value.shape, gen.code.keep(value.code, "o"), value.sure)
    child, code = gen.slot(base, key)
    if not child.asked:
        child.asked = gen.learned.changed = True
    there = compare(code, "is not", name("UNSET"))
    if base.sure:
        return there
    return ast.BoolOp(ast.And(), [compare(base.code, "is not", const(None)), there])


def _without(gen: Generator, node: tree.Method, scope: Scope) -> Value | None:
    """Of a record with known keys: it is known at once what is left."""
    if not all(isinstance(part, tree.Literal) and isinstance(part.value, str) for part in node.args):
        return None
    removed = [paths.split(part.value) for part in node.args if isinstance(part, tree.Literal)]
    value = gen.value(node.target, scope)
    if isinstance(value, Record) and all(len(path) == 1 for path in removed):
        gone = {path[0] for path in removed}
        return Record({key: part for key, part in value.fields.items() if key not in gone})
    return method(gen, node, value, scope)


def _with_only(gen: Generator, node: tree.Method, scope: Scope) -> Value | None:
    """`value.with()`: an empty object, of anything that is an object itself."""
    if node.args:
        return None
    value = gen.value(node.target, scope)
    if isinstance(value, Projected) and value.sure and not value.shape.whole:
        return Record({})
    if not isinstance(value, Record):
        made = gen.kept(value)
        if not within(made.types, T.DICT):
            gen.code.refuse_unless(is_type(made.code, "dict"))
    return Record({})


def _get(gen: Generator, node: tree.Method, scope: Scope) -> Value | None:
    path = node.args[0]
    if not isinstance(path, tree.Literal) or not isinstance(path.value, str) or "*" in path.value:
        return None
    value = gen.value(node.target, scope)
    for key in paths.split(path.value):
        value = gen.field(value, key)
    return value


# recovery and maps


def _or(gen: Generator, node: tree.Method, scope: Scope) -> Value | None:
    return recovered(
        gen, lambda: gen.value(node.target, scope), lambda: _fallback(gen, node.args[0], scope), nulls=True
    )


def _catch(gen: Generator, node: tree.Method, scope: Scope) -> Value | None:
    fallback = node.args[0]
    if isinstance(fallback, tree.Lambda) and _reads_argument(fallback):
        raise NotCompiled("the text of the error is the interpreter's")
    return recovered(gen, lambda: gen.value(node.target, scope), lambda: _fallback(gen, fallback, scope), nulls=False)


def _reads_argument(node: tree.Lambda) -> bool:
    return any(_is_argument(part, node) for part in tree.walk(node.body)) and node.param != "_"


def _fallback(gen: Generator, node: Expr, scope: Scope) -> Value:
    return gen.value(node.body if isinstance(node, tree.Lambda) else node, scope)


def _apply(gen: Generator, node: tree.Method, scope: Scope) -> Value | None:
    label = node.args[0]
    if not isinstance(label, tree.Literal) or label.value not in scope.maps or label.value in scope.applied:
        raise NotCompiled("a map that is chosen by the record, or that applies itself")
    return gen.applied(str(label.value), gen.settle_now(gen.value(node.target, scope)), scope)


# numbers


def _round(gen: Generator, node: tree.Method, scope: Scope) -> Value | None:
    operand = number(gen, gen.value(node.target, scope))
    if not within(operand.types, T.NUMBER):
        return method(gen, node, operand, scope)
    if not operand.small:
        gen.code.refuse_unless(between(-LIMIT, operand.code, LIMIT))
    cut = gen.code.keep(call(name("int"), operand.code), "n")
    rest = gen.code.keep(binary(operand.code, "-", cut), "n")
    up, down = binary(cut, "+", const(1)), binary(cut, "-", const(1))
    lower = choose(compare(rest, "<=", const(-0.5)), down, cut)
    return Plain(choose(compare(rest, ">=", const(0.5)), up, lower), T.INT, small=True)


def _floor(gen: Generator, node: tree.Method, scope: Scope) -> Value | None:
    operand = number(gen, gen.value(node.target, scope))
    if not within(operand.types, T.NUMBER):
        return method(gen, node, operand, scope)
    if not operand.small:
        gen.code.refuse_unless(between(-LIMIT, operand.code, LIMIT))
    floored = ast.BinOp(operand.code, ast.FloorDiv(), const(1))
    return Plain(call(name("int"), floored), T.INT, small=True)


def _number(gen: Generator, node: tree.Method, scope: Scope) -> Value | None:
    if node.args:
        return None
    made = gen.kept(gen.value(node.target, scope))
    if not within(made.types, T.STR):
        return method(gen, node, made, scope)
    return Plain(call(gen.bound(inline_text.number_of_text), made.code), T.NUMBER, raw=True)


# hashes

_DIGESTS: Mapping[str, Callable[..., Any]] = {
    "md5": hashlib.md5, "sha1": hashlib.sha1, "sha256": hashlib.sha256, "sha512": hashlib.sha512,
}  # fmt: skip


def _encode(gen: Generator, node: tree.Method, scope: Scope) -> Value | None:
    """`text.hash("sha256").encode("hex")` in one go."""
    inner = node.target
    if not isinstance(inner, tree.Method) or inner.name != "hash" or len(inner.args) != 1 or len(node.args) != 1:
        return None
    scheme, algorithm = node.args[0], inner.args[0]
    if not isinstance(scheme, tree.Literal) or scheme.value != "hex" or not isinstance(algorithm, tree.Literal):
        return None
    digest = _DIGESTS.get(algorithm.value) if isinstance(algorithm.value, str) else None
    if digest is None:
        return None
    made = gen.plain(gen.value(inner.target, scope))
    if not within(gen.types(made), T.JSON):
        return method(gen, node, method(gen, inner, made, scope), scope)
    # a copy of a fresh one: OpenSSL looks its algorithms up anew each time
    hashed = gen.code.keep(call(gen.bound(digest().copy)), "h")
    gen.code.do(call(attribute(hashed, "update"), call(attribute(made.code, "encode"))))
    return Plain(call(attribute(hashed, "hexdigest")), T.STR)


METHODS: Mapping[str, Inline] = {
    "map_each": _map_each,
    "filter": _filter,
    "sum": _sum,
    "length": _length,
    "exists": _exists,
    "without": _without,
    "with": _with_only,
    "get": _get,
    "or": _or,
    "catch": _catch,
    "apply": _apply,
    "round": _round,
    "floor": _floor,
    "number": _number,
    "encode": _encode,
    "ts_unix": inline_time.unix_seconds,
    **inline_text.METHODS,
}
