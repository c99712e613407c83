"""Parse events to a marked tree, one event at a time, so that every limit holds before anything is built.

libyaml's composer recurses in C and ends the process at some 30,000 levels of nesting; its parser keeps its own stack.
Measured: 10,000 values take libyaml's parser 15 ms and the tree 30 ms; PyYAML's own parser takes 300 ms.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import yaml
from yaml import events as ev

from conduix.spec.diagnostics import Code, Problems
from conduix.spec.nodes import Entry, Items, Mark, Node, Scalar, Source, Style, Table, is_null, short
from conduix.spec.scalars import AmbiguousScalar, NumberOutOfRange, read_plain

MAX_DEPTH = 64
MAX_NODES = 10_000
"""Keys and values, aliases counted as what they stand for."""

# wheels bring libyaml; where PyYAML was built without it, the same events come more slowly
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STYLES: dict[str | None, Style] = {"'": "single", '"': "double", "|": "literal", ">": "folded"}
_STRING_TAGS = frozenset({"tag:yaml.org,2002:str", "!"})
_MERGE = "<<"


class Refused(Exception):
    """Reading on makes no sense; the reason is already noted."""


class _Anchor(NamedTuple):
    """What a finished anchor stands for: aliases count as much, and reach as deep, as the node itself."""

    node: Node
    size: int
    height: int


def compose(source: Source, problems: Problems) -> Node | None:
    """The only document of a text; None if there is none.

    Raises:
        Refused: a limit is exceeded.
        yaml.YAMLError: the text is not YAML.
    """
    loader = _LOADER(source.text)
    try:
        return _Composer(source, loader.get_event, problems).document()
    finally:
        loader.dispose()


class _Composer:
    """Builds the tree from events, counting as it goes. Nodes come with their height: 0 for a scalar."""

    def __init__(self, source: Source, event: Callable[[], ev.Event], problems: Problems) -> None:
        self._source = source
        self._event = event
        self._problems = problems
        self._anchors: dict[str, _Anchor | None] = {}
        self._path: list[str | int] = []
        self._depth = 0
        self._nodes = 0

    def document(self) -> Node | None:
        self._event()  # the stream's start
        if isinstance(self._event(), ev.StreamEndEvent):
            self._note(Code.DOCUMENT_EMPTY, Mark(self._source, 1, 1), "the document is empty")
            return None
        root, _ = self._node(self._event())
        self._event()  # the document's end
        following = self._event()
        if not isinstance(following, ev.StreamEndEvent):
            self._note(Code.YAML_MULTIPLE_DOCUMENTS, self._mark(following), "a file holds one document")
        return root

    def _mark(self, event: ev.Event) -> Mark:
        at = event.start_mark
        assert at is not None  # noqa: S101 - for the types: only events made by hand have no mark
        return Mark(self._source, at.line + 1, at.column + 1)

    def _note(self, code: Code, mark: Mark, message: str, suggestion: str = "") -> None:
        self._problems.error(code, mark, tuple(self._path), message, suggestion)

    def _count(self, size: int, height: int, mark: Mark) -> None:
        self._nodes += size
        if self._nodes > MAX_NODES and size > 1:
            message = f"with its aliases written out the document has more than {MAX_NODES:,} keys and values"
            self._note(Code.YAML_ALIAS, mark, message)
            raise Refused
        if self._nodes > MAX_NODES:
            message = f"the document has more than {MAX_NODES:,} keys and values"
            self._note(Code.YAML_TOO_MANY_NODES, mark, message)
            raise Refused
        if self._depth + height > MAX_DEPTH:
            self._note(Code.YAML_TOO_DEEP, mark, f"the document is nested deeper than {MAX_DEPTH} levels")
            raise Refused

    def _node(self, event: ev.Event) -> tuple[Node, int]:
        mark = self._mark(event)
        if isinstance(event, ev.AliasEvent):
            return self._alias(str(event.anchor), mark)
        assert isinstance(event, ev.ScalarEvent | ev.CollectionStartEvent)  # noqa: S101 - for the types
        before = self._nodes
        self._count(1, 0, mark)
        if event.anchor:
            self._anchors[event.anchor] = None
        if event.tag is not None:
            self._check_tag(event.tag, event, mark)
        node, height = self._scalar(event, mark) if isinstance(event, ev.ScalarEvent) else self._nested(event, mark)
        if event.anchor:
            self._anchors[event.anchor] = _Anchor(node, self._nodes - before, height)
        return node, height

    def _nested(self, event: ev.CollectionStartEvent, mark: Mark) -> tuple[Node, int]:
        self._depth += 1
        self._count(0, 0, mark)
        is_list = isinstance(event, ev.SequenceStartEvent)
        node, height = self._sequence(mark) if is_list else self._mapping(mark)
        self._depth -= 1
        return node, height + 1

    def _alias(self, name: str, mark: Mark) -> tuple[Node, int]:
        anchor = self._anchors.get(name)
        if anchor is None:
            inside = f"*{name} stands inside what it stands for"
            message = inside if name in self._anchors else f"no anchor &{name} comes before *{name}"
            self._note(Code.YAML_ALIAS, mark, message)
            return Scalar(mark, None, ""), 0
        self._count(anchor.size, anchor.height, mark)
        return anchor.node, anchor.height

    def _check_tag(self, tag: str, event: ev.Event, mark: Mark) -> None:
        if not (isinstance(event, ev.ScalarEvent) and tag in _STRING_TAGS):
            name = short(tag.replace("tag:yaml.org,2002:", "!!"))
            self._note(Code.YAML_TAG, mark, f"the tag {name} is not allowed; values say by themselves what they are")

    def _scalar(self, event: ev.ScalarEvent, mark: Mark) -> tuple[Scalar, int]:
        style = _STYLES.get(event.style, "plain")
        assert event.end_mark is not None  # noqa: S101 - as in _mark
        end = (event.end_mark.line + 1, event.end_mark.column + 1)
        value: str | int | float | bool | None = event.value
        if style == "plain" and event.tag is None:
            value = self._plain(event.value, mark)
        return Scalar(mark, value, event.value, style, end), 0

    def _plain(self, text: str, mark: Mark) -> str | int | float | bool | None:
        try:
            return read_plain(text)
        except AmbiguousScalar as error:
            self._note(Code.YAML_AMBIGUOUS, mark, str(error), error.suggestion)
        except NumberOutOfRange as error:
            self._note(Code.YAML_NUMBER, mark, str(error), "it in quotes if text is meant")
        return text

    def _sequence(self, mark: Mark) -> tuple[Items, int]:
        items = Items(mark, [])
        highest = 0
        while not isinstance(event := self._event(), ev.SequenceEndEvent):
            self._path.append(len(items.values))
            node, height = self._node(event)
            self._path.pop()
            items.values.append(node)
            highest = max(highest, height)
        return items, highest

    def _mapping(self, mark: Mark) -> tuple[Table, int]:
        table = Table(mark)
        merged: list[Entry] = []
        highest = 0
        while not isinstance(event := self._event(), ev.MappingEndEvent):
            key, at, merges = self._key(event)
            self._path.append(key)
            node, height = self._node(self._event())
            highest = max(highest, height)
            earlier = table.entries.get(key) if not merges else next(iter(merged), None)
            if earlier:
                self._duplicate(key, at, earlier)
            elif merges:
                merged.append(Entry(at, node))
            else:
                table.entries[key] = Entry(at, node)
            self._path.pop()
        for entry in merged:
            self._merge(table, entry)
        return table, highest

    def _duplicate(self, key: str, mark: Mark, first: Entry) -> None:
        message = f"the key {short(key)!r} stands here a second time, first in line {first.key.line}"
        self._note(Code.DUPLICATE_KEY, mark, message)

    def _key(self, event: ev.Event) -> tuple[str, Mark, bool]:
        """A key, where it stands, and whether it is the `<<` that merges."""
        mark = self._mark(event)
        if not isinstance(event, ev.ScalarEvent):
            self._node(event)
            self._note(Code.YAML_KEY, mark, "a key must be text, not a list, a mapping or an alias")
            return "", mark, False
        self._count(1, 0, mark)
        if event.tag is not None:
            self._check_tag(event.tag, event, mark)
        elif event.style not in _STYLES:
            self._check_key(event.value, mark)
            return event.value, mark, event.value == _MERGE
        return event.value, mark, False

    def _check_key(self, text: str, mark: Mark) -> None:
        try:
            if isinstance(read_plain(text), str):
                return
        except (AmbiguousScalar, NumberOutOfRange):
            pass  # it is no text for every parser: refused as those that are numbers or booleans
        self._note(Code.YAML_KEY, mark, f"the key {short(text) or '(nothing)'} is not text", f'"{short(text)}"')

    def _merge(self, table: Table, merged: Entry) -> None:
        """`<<: *defaults`: what the table does not say itself, the first of several wins."""
        sources = merged.value.values if isinstance(merged.value, Items) else [merged.value]
        for source in sources:
            if is_null(source):
                continue
            if not isinstance(source, Table):
                self._note(Code.WRONG_TYPE, merged.key, "<< takes a mapping or a list of mappings")
                continue
            for key, entry in source.entries.items():
                table.entries.setdefault(key, entry)
