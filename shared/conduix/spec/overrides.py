"""`--set a.b.c=value`: changes of a document from the command line, applied before interpolation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from conduix.spec.diagnostics import Code, Problems, nearest
from conduix.spec.nodes import Entry, Items, Mark, Node, Path, Scalar, Source, Table, path_text
from conduix.spec.scalars import AmbiguousScalar, NumberOutOfRange, read_plain
from conduix.spec.yamltext import parse

_STEP = re.compile(r'\.?(?:"((?:[^"\\]|\\.)*)"|([^.\[\]"=]+))|\[(\d+|"(?:[^"\\]|\\.)*")\]')


def apply_overrides(root: Node, overrides: Sequence[str], problems: Problems) -> Node:
    """The tree with every `path=value` put in; what cannot be put in is noted and left out.

    A path is like `source.path`, `stages[0].config.rate` or `stages.active.config.condition`: an item of a list is
    named by its index or its `id`. A value is read as unquoted YAML text; one that begins with a quote or a bracket
    is read as YAML, so that lists and mappings can be given.
    """
    for override in overrides:
        root = _apply(root, override, problems)
    return root


def _apply(root: Node, override: str, problems: Problems) -> Node:
    source = Source(f"--set {override.partition('=')[0]}", override)
    mark = Mark(source, 1, 1)
    steps, end = _steps(override)
    if not steps or override[end : end + 1] != "=":
        message = f"{override!r} is not PATH=VALUE"
        problems.error(Code.OVERRIDE_INVALID, mark, (), message, "for example source.path=data/orders.jsonl")
        return root
    value = _value(source, end + 1, problems)
    if value is None:
        return root
    try:
        return _put(root, steps, value, ())
    except _NoPlace as no_place:
        problems.error(Code.OVERRIDE_INVALID, mark, no_place.path, str(no_place), no_place.suggestion)
        return root


def _steps(override: str) -> tuple[list[str | int], int]:
    """The steps of the path, and where it ends."""
    steps: list[str | int] = []
    at = 0
    while match := _STEP.match(override, at):
        quoted, bare, index = match.groups()
        if index is not None:
            steps.append(int(index) if index.isdigit() else _unquoted(index[1:-1]))
        else:
            steps.append(_unquoted(quoted) if quoted is not None else bare.strip())
        at = match.end()
    return steps, at


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _value(source: Source, start: int, problems: Problems) -> Node | None:
    text = source.text[start:]
    mark = Mark(source, 1, start + 1)
    if text.lstrip()[:1] in {"[", "{", '"', "'"}:
        return parse(text, source.file, problems)
    try:
        return Scalar(mark, read_plain(text.strip()), text.strip(), "plain", (1, len(source.text) + 1))
    except AmbiguousScalar as error:
        problems.error(Code.YAML_AMBIGUOUS, mark, (), str(error), error.suggestion)
    except NumberOutOfRange as error:
        problems.error(Code.YAML_NUMBER, mark, (), str(error))
    return None


class _NoPlace(Exception):
    """The path leads nowhere."""

    def __init__(self, path: Path, message: str, suggestion: str = "") -> None:
        super().__init__(message)
        self.path = path
        self.suggestion = suggestion


def _put(node: Node, steps: Sequence[str | int], value: Node, path: Path) -> Node:
    """A copy of the node with the value at the end of the steps; tables on the way are made where missing."""
    if not steps:
        return value
    if isinstance(node, Table):
        return _put_in_table(node, _beside_or_under_config(node, steps), value, path)
    if isinstance(node, Items):
        index = _index(node, steps[0], path)
        values = list(node.values)
        values[index] = _put(values[index], steps[1:], value, (*path, index))
        return replace(node, values=values)
    where = path_text(path) or "the document"
    raise _NoPlace(path, f"{where} is a single value: nothing can be set inside it")


def _put_in_table(table: Table, steps: Sequence[str | int], value: Node, path: Path) -> Table:
    key = str(steps[0])
    present = table.entries.get(key)
    inner = present.value if present else Table(value.mark)
    if isinstance(inner, Scalar) and inner.value is None and len(steps) > 1:
        inner = Table(value.mark)
    changed = _put(inner, steps[1:], value, (*path, key))
    return Table(table.mark, {**table.entries, key: Entry(present.key if present else value.mark, changed)})


def _beside_or_under_config(table: Table, steps: Sequence[str | int]) -> Sequence[str | int]:
    """Options may stand beside `type` or under `config`: an override changes the one that is there."""
    config = table.get("config")
    if not isinstance(config, Table) or "type" not in table.entries:
        beside = steps[0] == "config" and len(steps) > 1 and config is None and "type" in table.entries
        return steps[1:] if beside and steps[1] in table.entries else steps
    if steps[0] == "config" and len(steps) > 1 and steps[1] in table.entries and steps[1] not in config.entries:
        return steps[1:]
    if steps[0] not in table.entries and steps[0] in config.entries:
        return ["config", *steps]
    return steps


def _index(items: Items, step: str | int, path: Path) -> int:
    count = len(items.values)
    if isinstance(step, int) or step.isdigit():
        if int(step) >= count:
            raise _NoPlace(path, f"{path_text(path)} has {count} items, numbered from 0; there is no item {step}")
        return int(step)
    ids = [_id(item) for item in items.values]
    if step not in ids:
        known = [name for name in ids if name]
        message = f"no item of {path_text(path)} has the id {step!r}" + (
            f"; there are {', '.join(known)}" if known else ""
        )
        raise _NoPlace(path, message, nearest(step, known))
    return ids.index(step)


def _id(item: Node) -> str:
    """What an item is called: its id, else its name, else its type."""
    if not isinstance(item, Table):
        return ""
    named = (item.get(key) for key in ("id", "name", "type"))
    return next((node.text for node in named if isinstance(node, Scalar)), "")
