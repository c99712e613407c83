"""YAML text to a marked tree, with limits that hold before anything is built.

The text is untrusted. libyaml's composer recurses in C and ends the process at some 30,000 levels of nesting, so only
its parser is used: it keeps its own stack and yields events one at a time, and every limit is looked at between two
of them. Measured: 20,000 events of libyaml's parser take 25-50 ms, of the parser in Python 400-650 ms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml
from yaml import events as ev

from conduix.spec.diagnostics import Code, Problems
from conduix.spec.nodes import Entry, Items, Mark, Node, Scalar, Source, Style, Table
from conduix.spec.scalars import AmbiguousScalar, NumberOutOfRange, read_plain

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 64
MAX_NODES = 20_000
"""Keys and values, aliases counted as what they stand for."""

# wheels bring libyaml; where PyYAML was built without it, the same events come more slowly
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# libyaml compares every %TAG with every other: 50,000 of them took it 8 s
_DIRECTIVE = re.compile(r"^%[A-Z]", re.MULTILINE)
_STYLES: dict[str | None, Style] = {"'": "single", '"': "double", "|": "literal", ">": "folded"}
_STRING_TAGS = frozenset({"tag:yaml.org,2002:str", "!"})
_MERGE = "<<"


def parse(text: str | bytes, file: str, problems: Problems) -> Node | None:
    """The tree of a document; None if its text could not be read to the end, with the reason in `problems`."""
    size = len(text) if isinstance(text, bytes) or text.isascii() else len(text.encode(errors="replace"))
    if size > MAX_BYTES:
        message = f"the document has {size:,} bytes, the limit is {MAX_BYTES:,}"
        problems.error(Code.YAML_TOO_LARGE, Mark(Source(file, ""), 1, 1), (), message)
        return None
    decoded = _decode(text, file, problems)
    if decoded is None:
        return None
    source = Source(file, decoded.removeprefix("\ufeff"))
    if not _readable(source, problems):
        return None
    composer = _Composer(source, problems)
    try:
        return composer.document()
    except _Refused:
        return None
    except yaml.YAMLError as error:
        _explain(error, source, problems)
        return None


def place(source: Source, offset: int) -> Mark:
    """The line and column of a character, found by its index."""
    before = source.text[:offset]
    lines = Source(source.file, before).lines
    return Mark(source, len(lines), len(lines[-1]) + 1)


class _Refused(Exception):
    """Reading on makes no sense; the reason is already noted."""


@dataclass(frozen=True, slots=True)
class _Anchor:
    """What a finished anchor stands for: aliases count as much, and reach as deep, as the node itself."""

    node: Node
    size: int
    height: int


class _Composer:
    """Builds the tree from events, counting as it goes."""

    def __init__(self, source: Source, problems: Problems) -> None:
        self._source = source
        self._problems = problems
        self._events: Iterator[ev.Event] = yaml.parse(source.text, Loader=_LOADER)
        self._anchors: dict[str, _Anchor | None] = {}
        self._path: list[str | int] = []
        self._depth = 0
        self._nodes = 0

    def document(self) -> Node | None:
        """The only document of the text; None if there is none."""
        next(self._events)  # the stream's start
        if isinstance(next(self._events), ev.StreamEndEvent):
            message = "the document is empty"
            self._problems.error(Code.DOCUMENT_EMPTY, Mark(self._source, 1, 1), (), message)
            return None
        root = self._node(next(self._events))[0]
        next(self._events)  # the document's end
        following = next(self._events)
        if not isinstance(following, ev.StreamEndEvent):
            self._note(Code.YAML_MULTIPLE_DOCUMENTS, self._mark(following), "a file holds one document")
        return root

    def _mark(self, event: ev.Event) -> Mark:
        at = event.start_mark
        assert at is not None  # noqa: S101 - for the types: only events made by hand have no mark
        return Mark(self._source, at.line + 1, at.column + 1)

    def _note(self, code: Code, mark: Mark, message: str, suggestion: str = "") -> None:
        self._problems.error(code, mark, tuple(self._path), message, suggestion)

    def _refuse(self, code: Code, mark: Mark, message: str) -> _Refused:
        self._note(code, mark, message)
        return _Refused()

    def _count(self, size: int, height: int, mark: Mark) -> None:
        self._nodes += size
        if self._nodes > MAX_NODES:
            raise self._refuse(
                Code.YAML_TOO_MANY_NODES, mark, f"the document has more than {MAX_NODES:,} values, aliases counted"
            )
        if self._depth + height > MAX_DEPTH:
            raise self._refuse(Code.YAML_TOO_DEEP, mark, f"the document is nested deeper than {MAX_DEPTH} levels")

    def _node(self, event: ev.Event) -> tuple[Node, int]:
        """The node that begins with an event, and its height: 0 for a scalar."""
        mark = self._mark(event)
        if isinstance(event, ev.AliasEvent):
            return self._alias(str(event.anchor), mark)
        before = self._nodes
        self._count(1, 0, mark)
        anchor: str | None = getattr(event, "anchor", None)
        if anchor:
            self._anchors[anchor] = None
        self._check_tag(event, mark)
        node, height = self._content(event, mark)
        if anchor:
            self._anchors[anchor] = _Anchor(node, self._nodes - before, height)
        return node, height

    def _content(self, event: ev.Event, mark: Mark) -> tuple[Node, int]:
        if isinstance(event, ev.ScalarEvent):
            return self._scalar(event, mark), 0
        self._depth += 1
        self._count(0, 0, mark)
        is_list = isinstance(event, ev.SequenceStartEvent)
        node, height = self._sequence(mark) if is_list else self._mapping(mark)
        self._depth -= 1
        return node, height + 1

    def _alias(self, name: str, mark: Mark) -> tuple[Node, int]:
        anchor = self._anchors.get(name)
        if anchor is None:
            inside = name in self._anchors
            self._note(
                Code.YAML_ALIAS,
                mark,
                f"*{name} stands inside what it stands for" if inside else f"no anchor &{name} comes before *{name}",
            )
            return Scalar(mark, None, ""), 0
        self._count(anchor.size, anchor.height, mark)
        return anchor.node, anchor.height

    def _check_tag(self, event: ev.Event, mark: Mark) -> None:
        tag: str | None = getattr(event, "tag", None)
        if tag is None or (isinstance(event, ev.ScalarEvent) and tag in _STRING_TAGS):
            return
        short = tag.replace("tag:yaml.org,2002:", "!!")
        self._note(Code.YAML_TAG, mark, f"the tag {short} is not allowed; values say by themselves what they are")

    def _scalar(self, event: ev.ScalarEvent, mark: Mark) -> Scalar:
        style = _STYLES.get(event.style, "plain")
        assert event.end_mark is not None  # noqa: S101 - as in _mark
        end = (event.end_mark.line + 1, event.end_mark.column + 1)
        value: str | int | float | bool | None = event.value
        if style == "plain" and event.tag is None:
            value = self._plain(event.value, mark)
        return Scalar(mark, value, event.value, style, end)

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
        while not isinstance(event := next(self._events), ev.SequenceEndEvent):
            self._path.append(len(items.values))
            node, height = self._node(event)
            self._path.pop()
            items.values.append(node)
            highest = max(highest, height)
        return items, highest

    def _mapping(self, mark: Mark) -> tuple[Table, int]:
        table = Table(mark)
        merged: Entry | None = None
        highest = 0
        while not isinstance(event := next(self._events), ev.MappingEndEvent):
            key, at = self._key(event), self._mark(event)
            self._path.append(key)
            node, height = self._node(next(self._events))
            highest = max(highest, height)
            entry = Entry(at, node)
            is_merge = key == _MERGE and isinstance(event, ev.ScalarEvent) and event.style not in _STYLES
            if earlier := merged if is_merge else table.entries.get(key):
                message = f"the key {key!r} stands here a second time, first in line {earlier.key.line}"
                self._note(Code.DUPLICATE_KEY, at, message)
            elif is_merge:
                merged = entry
            else:
                table.entries[key] = entry
            self._path.pop()
        if merged:
            self._merge(table, merged)
        return table, highest

    def _key(self, event: ev.Event) -> str:
        mark = self._mark(event)
        if not isinstance(event, ev.ScalarEvent):
            self._node(event)
            self._note(Code.YAML_KEY, mark, "a key must be text, not a list, a mapping or an alias")
            return ""
        self._count(1, 0, mark)
        self._check_tag(event, mark)
        if event.style in _STYLES or event.tag is not None:
            return str(event.value)
        try:
            is_text = isinstance(read_plain(event.value), str)
        except ValueError:
            is_text = False
        if not is_text:
            self._note(Code.YAML_KEY, mark, f"the key {event.value or '(nothing)'} is not text", f'"{event.value}"')
        return str(event.value)

    def _merge(self, table: Table, merged: Entry) -> None:
        """`<<: *defaults`: what the table does not say itself, the first of several wins."""
        sources = merged.value.values if isinstance(merged.value, Items) else [merged.value]
        for source in sources:
            if not isinstance(source, Table):
                self._note(Code.YAML_ALIAS, merged.key, "<< takes a mapping or a list of mappings")
                continue
            for key, entry in source.entries.items():
                table.entries.setdefault(key, entry)


def _decode(text: str | bytes, file: str, problems: Problems) -> str | None:
    if isinstance(text, str):
        return text
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        mark = place(Source(file, text[: error.start].decode(errors="replace")), error.start)
        what = "it begins like UTF-16" if text[:2] in {b"\xff\xfe", b"\xfe\xff"} else f"byte 0x{text[error.start]:02x}"
        problems.error(Code.YAML_ENCODING, mark, (), f"the document is not UTF-8: {what}; save it as UTF-8")
        return None


def _readable(source: Source, problems: Problems) -> bool:
    if found := _UNPRINTABLE.search(source.text):
        mark = place(source, found.start())
        problems.error(
            Code.YAML_ENCODING,
            mark,
            (),
            f"the character U+{ord(found[0]):04X} cannot stand in a document",
            f'"\\x{ord(found[0]):02x}" in double quotes' if ord(found[0]) < 256 else "",
        )
    elif found := _DIRECTIVE.search(source.text):
        message = "directives (%YAML, %TAG) are not allowed; remove the line"
        problems.error(Code.YAML_DIRECTIVE, place(source, found.start()), (), message)
    return found is None


def _explain(error: yaml.YAMLError, source: Source, problems: Problems) -> None:
    """A syntax error in words for a person, at the place where something is to be changed."""
    if not isinstance(error, yaml.MarkedYAMLError):
        problems.error(Code.YAML_SYNTAX, Mark(source, 1, 1), (), str(error))
        return
    at = error.problem_mark or error.context_mark
    line, column = (at.line, at.column) if at else (0, 0)
    text = source.lines[line] if line < len(source.lines) else ""
    mark = Mark(source, line + 1, column + 1)
    message, suggestion = _words(error.problem or str(error), text, column)
    if error.context and error.context_mark and error.context_mark.line != line:
        message += f" ({error.context} that begins in line {error.context_mark.line + 1})"
    problems.error(Code.YAML_SYNTAX, mark, (), message, suggestion)


def _words(problem: str, line: str, column: int) -> tuple[str, str]:
    if "\t" in line[: column + 1] and not line[:column].strip():
        return "a tab cannot indent; YAML wants spaces", "spaces instead of the tab"
    if "mapping values are not allowed" in problem:
        return "a second ': ' in one line", "the value in quotes, or the key on a line of its own"
    if "cannot start any token" in problem and column < len(line):
        return f"{line[column]!r} cannot begin a value", f"the value in quotes, like '{line[column:].strip()[:40]}'"
    if "unexpected end of stream" in problem:
        return "the text ends inside a quoted value; a closing quote is missing", ""
    return problem, ""
