"""VRL's functions by what they are in this language.

Each entry is the parameters and a function from their expressions to an expression. An argument that was not given
is None.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from conduix.mapping import tree
from conduix.mapping.build import refuse
from conduix.mapping.functions import find
from conduix.mapping.tree import Expr, Mark

IsPattern = Callable[[Expr], bool]


@dataclass(frozen=True, slots=True)
class _Function:
    parameters: tuple[str, ...]
    build: Callable[..., Expr]
    required: int = 1


def translate(node: tree.Call, is_pattern: IsPattern) -> Expr:
    """The expression for a call, whose arguments are translated already. Raises MappingSyntaxError for unknown names.

    `is_pattern` says whether a constant was written as a pattern.
    """
    function = _FUNCTIONS.get(node.name)
    if function is None:
        if find("function", node.name) is not None:
            return node
        close = get_close_matches(node.name, (*_FUNCTIONS, "del", "exists"), n=1)
        hint = f": did you mean `{close[0]}`?" if close else ""
        refuse(f"unrecognised function '{node.name}'{hint}", node.mark)
    arguments = _placed(node, function)
    if node.name in {"replace", "split"} and is_pattern(arguments[1]):
        if node.name == "split":
            refuse("`split` by a pattern is not supported: split by a text", node.mark)
        return _method("re_replace_all")(node.mark, *arguments)
    return function.build(node.mark, *arguments)


def _placed(node: tree.Call, function: _Function) -> list[Any]:
    named = dict(node.named)
    usage = f"write `{node.name}({', '.join(function.parameters)})`"
    unknown = [name for name in named if name not in function.parameters]
    if unknown or len(node.args) > len(function.parameters):
        refuse(f"`{node.name}` has no such argument: {usage}", node.mark)
    placed: list[Any] = list(node.args)
    placed += [named.get(name) for name in function.parameters[len(node.args) :]]
    if any(argument is None for argument in placed[: function.required]):
        refuse(f"`{node.name}` needs more arguments: {usage}", node.mark)
    return placed


def _given(arguments: tuple[Expr | None, ...]) -> tuple[Expr, ...]:
    return tuple(argument for argument in arguments if argument is not None)


def _method(name: str, *constants: Any) -> Callable[..., Expr]:
    """Calls the method on the first argument, with the others and then the constants."""

    def build(mark: Mark, target: Expr, *arguments: Expr | None) -> Expr:
        fixed = tuple(tree.Literal(constant, mark) for constant in constants)
        return tree.Method(target, name, (*_given(arguments), *fixed), mark)

    return build


def _chain(*calls: tuple[str, tuple[Any, ...]], null: Any = None) -> Callable[..., Expr]:
    """Calls methods with constant arguments one after the other; `null` stands in for a null target."""

    def build(mark: Mark, target: Expr, *_ignored: Expr | None) -> Expr:
        made = target
        if null is not None:
            absent = tree.Binary("==", target, tree.Literal(None, mark), mark)
            made = tree.If(((absent, tree.Literal(null, mark)),), target, mark)
        for name, constants in calls:
            made = tree.Method(made, name, tuple(tree.Literal(constant, mark) for constant in constants), mark)
        return made

    return build


def _is_type(*types: str) -> Callable[..., Expr]:
    def build(mark: Mark, target: Expr) -> Expr:
        return _any_type(mark, target, types)

    return build


def _any_type(mark: Mark, target: Expr, types: tuple[str, ...]) -> Expr:
    kind = tree.Method(target, "type", (), mark)
    return tree.Method(tree.Literal(list(types), mark), "contains", (kind,), mark)


def _assertion(kind: str) -> Callable[..., Expr]:
    """The value if it is of the type; else the record fails."""

    def build(mark: Mark, target: Expr) -> Expr:
        failure = tree.Call("throw", (tree.Literal(f"expected {kind} value", mark),), mark)
        return tree.If(((_any_type(mark, target, (kind,)), target),), failure, mark)

    return build


def _operator(symbol: tree.BinaryOp) -> Callable[..., Expr]:
    return lambda mark, left, right: tree.Binary(symbol, left, right, mark)


def _is_null(mark: Mark, target: Expr) -> Expr:
    return tree.Binary("==", target, tree.Literal(None, mark), mark)


def _assert(mark: Mark, condition: Expr, message: Expr | None) -> Expr:
    reason = message or tree.Literal("assertion failed", mark)
    failure = tree.Call("throw", (reason,), mark)
    return tree.If(((condition, tree.Literal(True, mark)),), failure, mark)


def _truncate(mark: Mark, target: Expr, limit: Expr, _ellipsis: Expr | None) -> Expr:
    return tree.Method(target, "[:]", (tree.Literal(None, mark), limit), mark)


def _one(name: str, *constants: Any) -> _Function:
    return _Function(("value",), _method(name, *constants))


_FUNCTIONS: dict[str, _Function] = {
    "abs": _one("abs"),
    "append": _Function(("value", "items"), _method("concat"), 2),
    "array": _Function(("value",), _assertion("array")),
    "assert": _Function(("condition", "message"), _assert),
    "bool": _Function(("value",), _assertion("bool")),
    "ceil": _one("ceil"),
    "contains": _Function(("value", "substring"), _method("contains"), 2),
    "decode_base64": _Function(("value",), _chain(("decode", ("base64",)), ("string", ()))),
    "downcase": _one("lowercase"),
    "encode_base64": _one("encode", "base64"),
    "encode_json": _Function(("value",), _chain(("format_json", ("", True, False)), ("string", ()))),
    "ends_with": _Function(("value", "substring"), _method("has_suffix"), 2),
    "flatten": _one("collapse"),
    "floor": _one("floor"),
    "format_timestamp": _Function(("value", "format"), _method("ts_strftime"), 2),
    "int": _Function(("value",), _assertion("number")),
    "float": _Function(("value",), _assertion("number")),
    "is_array": _Function(("value",), _is_type("array")),
    "is_boolean": _Function(("value",), _is_type("bool")),
    "is_null": _Function(("value",), _is_null),
    "is_object": _Function(("value",), _is_type("object")),
    "is_string": _Function(("value",), _is_type("string", "bytes")),
    "join": _Function(("value", "separator"), _method("join")),
    "keys": _one("keys"),
    "length": _one("length"),
    "match": _Function(("value", "pattern"), _method("re_match"), 2),
    "md5": _Function(("value",), _chain(("hash", ("md5",)), ("encode", ("hex",)))),
    "merge": _Function(("to", "from"), _method("assign"), 2),
    "mod": _Function(("value", "modulus"), _operator("%"), 2),
    "object": _Function(("value",), _assertion("object")),
    "parse_csv": _Function(("value",), _method("parse_csv", False)),
    "parse_duration": _one("parse_duration"),
    "parse_json": _one("parse_json"),
    "parse_regex": _Function(("value", "pattern"), _method("re_find_object"), 2),
    "parse_timestamp": _Function(("value", "format"), _method("ts_strptime"), 2),
    "parse_url": _one("parse_url"),
    "parse_xml": _one("parse_xml"),
    "parse_yaml": _one("parse_yaml"),
    "push": _Function(("value", "item"), _method("append"), 2),
    "replace": _Function(("value", "pattern", "with"), _method("replace_all"), 3),
    "round": _one("round"),
    "sha1": _Function(("value",), _chain(("hash", ("sha1",)), ("encode", ("hex",)))),
    "slice": _Function(("value", "start", "end"), _method("[:]"), 2),
    "split": _Function(("value", "pattern"), _method("split"), 2),
    "starts_with": _Function(("value", "substring"), _method("has_prefix"), 2),
    "string": _Function(("value",), _assertion("string")),
    "strip_whitespace": _one("trim"),
    "to_bool": _Function(("value",), _chain(("bool", ()), null=False)),
    "to_float": _Function(("value",), _chain(("number", ()), null=0)),
    # `bitwise_or` with 0 cuts decimals off, as VRL does
    "to_int": _Function(("value",), _chain(("number", ()), ("bitwise_or", (0,)), null=0)),
    "to_string": _Function(("value",), _chain(("string", ()), null="")),
    "to_unix_timestamp": _one("ts_unix"),
    "truncate": _Function(("value", "limit", "ellipsis"), _truncate, 2),
    "unique": _one("unique"),
    "upcase": _one("uppercase"),
    "values": _one("values"),
}


def names() -> tuple[str, ...]:
    """Every name of VRL that a remap may call."""
    return (*sorted(_FUNCTIONS), "del", "exists")
