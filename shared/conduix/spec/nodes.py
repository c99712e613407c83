"""The marked tree that a document's text becomes: plain values that know where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

Path = tuple[str | int, ...]
"""Keys and indexes from the document's root."""

Style = Literal["plain", "single", "double", "literal", "folded"]
"""How a scalar is written: `a`, `'a'`, `"a"`, `|` or `>`."""

LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
"""What YAML 1.1 parsers count as the end of a line."""

_BARE_KEY = re.compile(r"[\w-]+")


class Source:
    """A text that positions point into: a file, or the value of an override."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text

    @cached_property
    def lines(self) -> Sequence[str]:
        """The lines without their ends."""
        return LINE_BREAK.split(self.text)


@dataclass(slots=True, eq=False)
class Mark:
    """A place in a source; line and column count from 1, columns in characters."""

    source: Source
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Edit:
    """A stretch of a scalar's text that interpolation replaced, in characters; `start` counts in the new text."""

    start: int
    length: int
    replaced_by: int


@dataclass(slots=True, eq=False)
class Scalar:
    """A string, number, boolean or null."""

    mark: Mark
    value: str | int | float | bool | None
    text: str
    """As written, quotes and escapes resolved and variables replaced: `1.10` where `value` is 1.1."""
    style: Style = "plain"
    end: tuple[int, int] = (0, 0)
    """Line and column (from 1) just after it."""
    edits: tuple[Edit, ...] = ()
    written: str | None = None
    """With its references, where they are bound elsewhere; `value` has their defaults then."""
    is_open: bool = False
    """One of these references has no default: nobody knows here what will stand there."""


@dataclass(slots=True, eq=False)
class Items:
    """A sequence."""

    mark: Mark
    values: list[Node]


@dataclass(slots=True, eq=False)
class Entry:
    """A value of a mapping and where its key stands."""

    key: Mark
    value: Node


@dataclass(slots=True, eq=False)
class Table:
    """A mapping; keys are always text."""

    mark: Mark
    entries: dict[str, Entry] = field(default_factory=dict)

    def get(self, key: str) -> Node | None:
        """The value under a key, None if the key is absent."""
        entry = self.entries.get(key)
        return entry.value if entry else None


Node = Scalar | Items | Table


def plain(node: Node) -> Any:
    """The value without its marks."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Items):
        return [plain(value) for value in node.values]
    return {key: plain(entry.value) for key, entry in node.entries.items()}


def as_written(node: Node) -> Any:
    """The value without its marks, with the references that are bound elsewhere."""
    if isinstance(node, Scalar):
        return node.value if node.written is None else node.written
    if isinstance(node, Items):
        return [as_written(value) for value in node.values]
    return {key: as_written(entry.value) for key, entry in node.entries.items()}


def scalars(node: Node) -> Iterator[Scalar]:
    """All that stand in it."""
    if isinstance(node, Scalar):
        yield node
    else:
        below = node.values if isinstance(node, Items) else [entry.value for entry in node.entries.values()]
        for each in below:
            yield from scalars(each)


def is_null(node: Node | None) -> bool:
    """Absent, or written as null or as nothing."""
    return node is None or (isinstance(node, Scalar) and node.value is None)


def kind(value: object) -> str:
    """What a plain value is called in messages."""
    if isinstance(value, bool):
        return f"the boolean {'true' if value else 'false'}"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text {value!r}" if len(value) <= 40 else "a text"
    if value is None:
        return "nothing"
    return "a mapping" if isinstance(value, Mapping) else "a list"


def short(text: str) -> str:
    """A text that fits into a message."""
    return text if len(text) <= 60 else f"{text[:57]}…"


def child(node: Node | None, step: str | int) -> Node | None:
    """One step down; None where the tree has no such place."""
    if isinstance(node, Table) and isinstance(step, str):
        return node.get(step)
    if isinstance(node, Items) and isinstance(step, int) and 0 <= step < len(node.values):
        return node.values[step]
    return None


def path_text(path: Path) -> str:
    """`stages[1].config.mapping`; a key that is not a plain word is quoted: `labels["a.b"]`."""
    return "".join(_steps(path)).removeprefix(".")


def _steps(path: Path) -> Iterator[str]:
    for step in path:
        if isinstance(step, int):
            yield f"[{step}]"
        elif _BARE_KEY.fullmatch(step):
            yield f".{short(step)}"
        else:
            yield '["' + short(step).replace("\\", "\\\\").replace('"', '\\"') + '"]'
