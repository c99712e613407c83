"""VRL's in-place spelling, read into the same tree: `.a = upcase!(.b) ?? "none"`, `del(.c)`, `exists(.d)`.

A remap becomes a mapping whose root starts as the record and whose reads see earlier writes. The names of functions
and the few operators that mean something else in VRL are replaced here; what they are replaced by is in `vrl`.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from conduix.errors import MappingSyntaxError
from conduix.mapping import paths, tree
from conduix.mapping.build import Bare, Item, RawIf, RawImport, RawMap, RawWhole, if_statement, refuse, settle
from conduix.mapping.check import check_statements, refuse_depth
from conduix.mapping.parser import parse
from conduix.mapping.reading import refuse_unreadable
from conduix.mapping.rebuilding import rebuilt
from conduix.mapping.tree import Expr, Mapping, Statement
from conduix.mapping.vrl import translate


def read_remap(text: str) -> Mapping:
    """See `conduix.mapping.parse_remap`."""
    refuse_unreadable(text)
    items: tuple[Item, ...] = parse(text, "program", "remap")
    if not items:
        raise MappingSyntaxError("the remap is empty: write `.field = value` or `del(.field)`", line=1, column=1)
    reader = _Remap(text)
    statements = reader.statements(items)
    if reader.aborts:
        mark = statements[0].mark
        going = tree.Assign(_aborted_target(mark), tree.Literal(False, mark), mark)
        statements = (going, *statements)
    return Mapping(check_statements(statements), (), text, in_place=True)


def _aborted_target(mark: tree.Mark) -> tree.Target:
    return tree.Target("var", ("_aborted",), mark)


class _Remap:
    """Rewrites the raw nodes of one text."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self.aborts = 0
        """How many `abort` were read."""

    def statements(self, items: tuple[Item, ...]) -> tuple[Statement, ...]:
        """The statements of a block; what follows one that may abort runs only if it did not."""
        made: list[Statement] = []
        for place, item in enumerate(items, 1):
            before = self.aborts
            made += self._statement(item)
            if self.aborts > before and place < len(items):
                going = tree.Unary("!", tree.Var("_aborted", item.mark), item.mark)
                made.append(tree.IfStatement(((going, self.statements(items[place:])),), (), item.mark))
                break
        return tuple(made)

    def _statement(self, item: Item) -> list[Statement]:
        if isinstance(item, RawMap | RawImport | RawWhole):
            refuse("a remap has no maps and imports: use a mapping for them", item.mark)
        if isinstance(item, tree.Assign):
            return self._assignment(item)
        if isinstance(item.value, RawIf):
            raw = item.value
            conditions = tuple((self.expression(condition), items) for condition, items in raw.branches)
            return [if_statement(replace(raw, branches=conditions), self.statements)]
        if (removed := self._removed(item.value)) is not None:
            return [tree.Assign(tree.Target("root", removed, item.mark), _deleted(item), item.mark)]
        if isinstance(item.value, tree.Param) and item.value.name == "abort":
            self.aborts += 1
            return [
                tree.Assign(_aborted_target(item.mark), tree.Literal(True, item.mark), item.mark),
                tree.Assign(tree.Target("root", (), item.mark), _deleted(item), item.mark),
            ]
        # an expression alone is there for its effect, such as failing the record
        effect = tree.Target("var", ("_",), item.mark)
        return [tree.Assign(effect, self.expression(settle(item.value)), item.mark)]

    def _assignment(self, item: tree.Assign) -> list[Statement]:
        target = self._target(item.target)
        removed = self._removed(item.value)
        if removed is None:
            return [replace(item, target=target, value=self.expression(item.value))]
        taken = tree.Var("_removed", item.mark)
        return [
            tree.Assign(tree.Target("var", ("_removed",), item.mark), _read(removed, item), item.mark),
            tree.Assign(tree.Target("root", removed, item.mark), _deleted(item), item.mark),
            replace(item, target=target, value=taken),
        ]

    def _target(self, target: tree.Target) -> tree.Target:
        if target.kind != "root":
            refuse(
                f"found `{target.kind}`: a remap sets fields, `.field = value`, and variables, `name = value`",
                target.mark,
            )
        if target.path[:1] == ("this",):
            return replace(target, path=target.path[1:])
        if len(target.path) != 1:
            refuse("write `.field.name = value` for a field; a variable is set as a whole", target.mark)
        return replace(target, kind="var")

    def _removed(self, value: Any) -> tuple[str, ...] | None:
        """The path that `del(.path)` removes, where `value` is just that."""
        if not isinstance(value, tree.Call) or value.name != "del":
            return None
        if len(value.args) != 1:
            refuse("`del` takes one path: write `del(.field)`", value.mark)
        return field_path(value.args[0])

    def expression(self, node: Expr) -> Expr:
        """The node as the language spells it."""
        refuse_depth(node)
        return self._spelled(node)

    def _spelled(self, node: Expr) -> Expr:
        match node:
            case tree.Param(name=name, mark=mark):
                return tree.Var(name, mark)
            case tree.Call():
                return self._call(node)
            case tree.Binary(op="||" | "|"):
                return self._binary(replace(node, left=self._spelled(node.left), right=self._spelled(node.right)))
            case tree.Lambda(body=body):
                return replace(node, body=self._spelled(body))
            case _:
                return rebuilt(node, [self._spelled(child) for child in tree.children(node)])

    def _binary(self, node: tree.Binary) -> Expr:
        """`||` takes the right side where the left one is null or false; `|` merges objects."""
        if node.op == "|":
            return tree.Method(node.left, "assign", (node.right,), node.mark)
        null, false = tree.Literal(None, node.mark), tree.Literal(False, node.mark)
        absent = tree.Binary(
            "||",
            tree.Binary("==", node.left, null, node.mark),
            tree.Binary("==", node.left, false, node.mark),
            node.mark,
        )
        return tree.If(((absent, node.right),), node.left, node.mark)

    def _call(self, node: tree.Call) -> Expr:
        if node.name == "del":
            refuse(
                "`del` stands alone or as the whole value: write `name = del(.field)` first, then use `name`", node.mark
            )
        if node.name == "exists":
            if len(node.args) != 1:
                refuse("`exists` takes one path: write `exists(.field)`", node.mark)
            dotted = tree.Literal(paths.join(field_path(node.args[0])), node.mark)
            return tree.Method(tree.This(node.mark), "exists", (dotted,), node.mark)
        arguments = tuple(self._spelled(argument) for argument in node.args)
        named = tuple((name, self._spelled(argument)) for name, argument in node.named)
        return translate(replace(node, args=arguments, named=named), self._is_pattern)

    def _is_pattern(self, node: Expr) -> bool:
        """Whether a constant is written as a pattern, `r'…'`."""
        if not isinstance(node, tree.Literal) or not isinstance(node.value, str):
            return False
        return self._lines[node.mark.line - 1][node.mark.column - 1 :].startswith("r'")


def field_path(node: Expr) -> tuple[str, ...]:
    """The path that `.a.b` names. Raises MappingSyntaxError for anything else."""
    names: list[str] = []
    at = node
    while isinstance(at, tree.Field):
        names.append(at.name)
        at = at.target
    if not isinstance(at, tree.This) or not names:
        refuse("expected a path such as `.field.name`", node.mark)
    return tuple(reversed(names))


def _read(path: tuple[str, ...], item: tree.Assign) -> Expr:
    node: Expr = tree.This(item.mark)
    for name in path:
        node = tree.Field(node, name, item.mark)
    return node


def _deleted(item: Bare | tree.Assign) -> tree.Call:
    return tree.Call("deleted", (), item.mark)
