"""VRL's functions by what they are in this language: methods that mean the same, or declarations of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from conduix.mapping import tree
from conduix.mapping.build import refuse
from conduix.mapping.functions import find
from conduix.mapping.functions.declare import REQUIRED, Function
from conduix.mapping.functions.remap import table
from conduix.mapping.tree import Expr

IsPattern = Callable[[Expr], bool]


@dataclass(frozen=True, slots=True)
class Same:
    """A function that is a method here: its parameters, of which the first is the target, and how many are needed."""

    method: str
    parameters: tuple[str, ...] = ("value",)
    required: int = 1


# also of names that are declared with more parameters: what is written without them is what the compiler is quick at
SAME: dict[str, Same] = {
    "abs": Same("abs"),
    "append": Same("concat", ("value", "items"), 2),
    "contains": Same("contains", ("value", "substring"), 2),
    "downcase": Same("lowercase"),
    "ends_with": Same("has_suffix", ("value", "substring"), 2),
    "format_timestamp": Same("ts_strftime", ("value", "format", "timezone"), 2),
    "keys": Same("keys"),
    "length": Same("length"),
    "match": Same("re_match", ("value", "pattern"), 2),
    "parse_json": Same("parse_json"),
    "parse_timestamp": Same("ts_strptime", ("value", "format"), 2),
    "parse_xml": Same("parse_xml"),
    "parse_yaml": Same("parse_yaml"),
    "push": Same("append", ("value", "item"), 2),
    "replace": Same("replace_all", ("value", "pattern", "with"), 3),
    "round": Same("round"),
    "slice": Same("[:]", ("value", "start", "end"), 2),
    "split": Same("split", ("value", "pattern"), 2),
    "starts_with": Same("has_prefix", ("value", "substring"), 2),
    "strip_whitespace": Same("trim"),
    "unique": Same("unique"),
    "upcase": Same("uppercase"),
    "values": Same("values"),
}

OURS = {"get_hostname": "hostname"}
"""Functions of the language by another name."""
_BY_PATTERN = {"replace": "re_replace_all", "split": "split_by_pattern"}
_STATEMENTS = ("abort", "del", "exists")


def translate(node: tree.Call, is_pattern: IsPattern) -> Expr:
    """The expression for a call, whose arguments are translated already. Raises MappingSyntaxError for unknown names.

    `is_pattern` says whether a constant was written as a pattern.
    """
    own = table().get(node.name)
    same = SAME.get(node.name)
    if own is None and same is None:
        return _ours(node)
    if node.name in _BY_PATTERN and any(map(is_pattern, (*node.args[1:2], *dict(node.named).values()))):
        return _by_pattern(node)
    if same is not None and (own is None or _is_enough(node, same)):
        target, *arguments = _placed(node, same.parameters, same.required)
        given = tuple(argument for argument in arguments if argument is not None)
        return tree.Method(target, same.method, given, node.mark)
    return _own(node, own or table()[node.name])


def _own(node: tree.Call, function: Function) -> tree.Call:
    return tree.Call(function.name, _arguments(node, function), node.mark)


def _is_enough(node: tree.Call, same: Same) -> bool:
    return len(node.args) + len(node.named) <= len(same.parameters) and dict(node.named).keys() <= set(same.parameters)


def _ours(node: tree.Call) -> Expr:
    name = OURS.get(node.name, node.name)
    if find("function", name) is None:
        close = get_close_matches(node.name, names(), n=1)
        hint = f": did you mean `{close[0]}`?" if close else ""
        refuse(f"unrecognised function '{node.name}'{hint}", node.mark)
    return tree.Call(name, node.args, node.mark, node.named)


def _by_pattern(node: tree.Call) -> Expr:
    if node.name == "replace":
        target, *arguments = _placed(node, ("value", "pattern", "with"), 3)
        return tree.Method(target, _BY_PATTERN[node.name], tuple(arguments), node.mark)
    return _own(node, table()[_BY_PATTERN[node.name]])


def _arguments(node: tree.Call, own: Function) -> tuple[Expr, ...]:
    parameters = tuple(parameter.name for parameter in own.parameters)
    required = sum(parameter.default is REQUIRED for parameter in own.parameters)
    placed = _placed(node, parameters, required)
    while placed and placed[-1] is None:
        placed.pop()
    return tuple(
        tree.Literal(parameter.default, node.mark) if argument is None else argument
        for parameter, argument in zip(own.parameters, placed, strict=False)
    )


def _placed(node: tree.Call, parameters: tuple[str, ...], required: int) -> list[Any]:
    named = dict(node.named)
    usage = f"write `{node.name}({', '.join(parameters)})`"
    unknown = [name for name in named if name not in parameters]
    if unknown or len(node.args) > len(parameters):
        refuse(f"`{node.name}` has no such argument: {usage}", node.mark)
    placed: list[Any] = list(node.args)
    placed += [named.get(name) for name in parameters[len(node.args) :]]
    if any(argument is None for argument in placed[:required]):
        refuse(f"`{node.name}` needs more arguments: {usage}", node.mark)
    return placed


def names() -> tuple[str, ...]:
    """Every name of VRL that a remap may call, in the order of the alphabet."""
    ours = (*OURS, "now", "uuid_v4", "uuid_v7")
    inner = set(_BY_PATTERN.values())
    return tuple(sorted({*SAME, *table(), *ours, *_STATEMENTS} - inner))
