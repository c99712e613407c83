"""How errors name the part of a mapping that gave a value."""

from __future__ import annotations

from conduix.mapping import paths, tree
from conduix.mapping.functions.declare import REMAP
from conduix.mapping.tree import Expr
from conduix.mapping.values import type_name

_FIXED = {
    tree.Array: "array literal",
    tree.Object: "object literal",
    tree.If: "if expression",
    tree.Match: "match expression",
    tree.Lambda: "query expression",
    tree.Context: "mapped value",
    tree.This: "field `this`",
    tree.Root: "field `root`",
}


def describe(node: Expr) -> str:  # noqa: PLR0911 - one return a kind of node
    """What `node` is, for a message: field `this.a.b`, string literal, method uppercase."""
    match node:
        case tree.Field():
            return _field(node)
        case tree.Literal(value=value):
            return f"{type_name(value)} literal"
        case tree.Param(name=name):
            return f"field `{name}`"
        case tree.Meta(name=name):
            return f"meta field {name}" if name else "meta object"
        case tree.Var(name=name):
            return f"variable {name}"
        case tree.Call(name="json", args=(tree.Literal(value=path),)):
            return f"json path `{path}`"
        case tree.Call(name="meta", args=(tree.Literal(value=key),)):
            return f"meta field {key}"
        case tree.Call(name=name):
            return f"function {name.removeprefix(REMAP)}"
        case tree.Method(name=name):
            return f"method {name}"
        case tree.Binary(right=right):
            return describe(right)
        case tree.Unary(operand=operand):
            return f"not {describe(operand)}" if node.op == "!" else describe(operand)
        case _:
            return _FIXED[type(node)]


def _field(node: tree.Field) -> str:
    names = [node.name]
    base = node.target
    while isinstance(base, tree.Field):
        names.append(base.name)
        base = base.target
    dotted = paths.join(tuple(reversed(names)))
    match base:
        case tree.This():
            return f"field `this.{dotted}`"
        case tree.Root():
            return f"field `root.{dotted}`"
        case tree.Param(name=name):
            return f"field `{name}.{dotted}`"
        case _:
            return f"path `{dotted}`"
