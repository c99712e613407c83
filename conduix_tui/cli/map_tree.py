"""The checked tree of a mapping or a condition, as an outline that a person can read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from conduix.mapping import paths, tree
from conduix.mapping.tree import Expr, Mapping, Mark, Statement
from conduix.mapping.values import plain
from conduix_tui.cli import words

_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Node:
    """A line of the outline and what stands below it."""

    text: str
    mark: Mark
    below: tuple[Node, ...] = ()

    def as_data(self) -> dict[str, Any]:
        """For `--output json`."""
        data: dict[str, Any] = {"node": self.text, "line": self.mark.line, "column": self.mark.column}
        return {**data, "below": [node.as_data() for node in self.below]} if self.below else data


def outline(parsed: Mapping | Expr) -> tuple[Node, ...]:
    """The statements of a mapping and then its maps, or the one expression of a condition."""
    if not isinstance(parsed, Mapping):
        return (_expression(parsed),)
    maps = (Node(f"map {each.name}", each.mark, _statements(each.statements)) for each in parsed.maps)
    return (*_statements(parsed.statements), *maps)


def lines(nodes: Iterable[Node]) -> list[str]:
    """The outline as text: the place, then the node, indented by its depth."""
    return words.table(_rows(nodes, ""))


def _rows(nodes: Iterable[Node], indent: str) -> Iterator[tuple[str, str]]:
    for node in nodes:
        yield f"{node.mark.line}:{node.mark.column}", words.visible(indent + node.text)
        yield from _rows(node.below, indent + "  ")


def _statements(statements: Iterable[Statement]) -> tuple[Node, ...]:
    return tuple(map(_statement, statements))


def _statement(statement: Statement) -> Node:
    if isinstance(statement, tree.Assign):
        return Node(f"{_target(statement.target)} =", statement.target.mark, (_expression(statement.value),))
    branches = tuple((condition, _statements(body)) for condition, body in statement.branches)
    return _branches(branches, _statements(statement.otherwise), statement.mark)


def _target(target: tree.Target) -> str:
    if target.kind == "root":
        return paths.join(("root", *target.path))
    return " ".join(({"var": "let", "meta": "meta"}[target.kind], *target.path))


def _branches(
    branches: Iterable[tuple[Expr, tuple[Node, ...]]], otherwise: tuple[Node, ...], mark: Mark
) -> Node:  # fmt: skip
    below: list[Node] = []
    for condition, body in branches:
        below += [Node("when", condition.mark, (_expression(condition),)), Node("then", condition.mark, body)]
    if otherwise:
        below.append(Node("else", otherwise[0].mark, otherwise))
    return Node("if", mark, tuple(below))


def _expression(node: Expr) -> Node:
    match node:
        case tree.Field():
            return _path(node)
        case tree.If(branches=branches, otherwise=otherwise, mark=mark):
            taken = tuple((condition, (_expression(body),)) for condition, body in branches)
            return _branches(taken, () if otherwise is None else (_expression(otherwise),), mark)
        case tree.Match():
            return _match(node)
        case tree.Object(items=items, mark=mark):
            return Node("{}", mark, tuple(_pair(key, value) for key, value in items))
        case _:
            return Node(_label(node), node.mark, tuple(map(_expression, tree.children(node))))


def _path(node: tree.Field) -> Node:
    """`this.a.b` in one line; what is no plain name at its beginning stands below."""
    names = [node.name]
    base = node.target
    while isinstance(base, tree.Field):
        names.append(base.name)
        base = base.target
    dotted = paths.join(tuple(reversed(names)))
    if isinstance(base, tree.This | tree.Root | tree.Param | tree.Var | tree.Meta):
        return Node(f"{_label(base)}.{dotted}", base.mark)
    return Node(f".{dotted}", node.mark, (_expression(base),))


def _match(node: tree.Match) -> Node:
    target = () if node.target is None else (_expression(node.target),)
    cases = (
        Node("case _" if case.pattern is None else "case", case.body.mark, _case(case))
        for case in node.cases
    )  # fmt: skip
    return Node("match", node.mark, (*target, *cases))


def _case(case: tree.Case) -> tuple[Node, ...]:
    pattern = () if case.pattern is None else (_expression(case.pattern),)
    return (*pattern, Node("then", case.body.mark, (_expression(case.body),)))


def _pair(key: Expr, value: Expr) -> Node:
    if isinstance(key, tree.Literal):
        return Node(f"{_label(key)}:", key.mark, (_expression(value),))
    return Node("pair", key.mark, (_expression(key), _expression(value)))


def _label(node: Expr) -> str:  # noqa: PLR0911 - one return a kind of node
    match node:
        case tree.Literal(value=value):
            text = json.dumps(plain(value), ensure_ascii=False)
            return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
        case tree.Meta(name=name):
            return f"@{name or ''}"
        case tree.Var(name=name):
            return f"${name}"
        case tree.Param(name=name):
            return name
        case tree.Call(name=name):
            return f"{name}()"
        case tree.Method(name=name):
            return name if name.startswith("[") else f".{name}()"
        case tree.Unary(op=op) | tree.Binary(op=op):
            return op
        case tree.Lambda(param=param):
            return f"{param or 'this'} ->"
        case _:
            return _FIXED[type(node)]


_FIXED = {tree.This: "this", tree.Root: "root", tree.Array: "[]", tree.Context: ".()"}
