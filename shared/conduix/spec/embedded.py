"""Where a place inside a scalar's text stands in the YAML: block scalars, quotes, escapes and replaced variables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from conduix.spec.nodes import Mark, Scalar

_DOUBLE_ESCAPE = re.compile(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)|[^\\]+|\\$", re.DOTALL)
_SINGLE_ESCAPE = re.compile(r"''|[^']+|'")


def locate(scalar: Scalar, line: int, column: int) -> Mark:
    """The place in the YAML of a line and column (from 1) of the scalar's text, after interpolation."""
    offset = _before_edits(scalar, _offset(scalar.text, line, column))
    best = (scalar.mark.line, scalar.mark.column)
    for start, at_line, at_column, length in _stretches(scalar):
        if start > offset:
            break
        best = (at_line, at_column + min(offset - start, length))
    return Mark(scalar.mark.source, *best)


def _offset(text: str, line: int, column: int) -> int:
    start = 0
    for _ in range(line - 1):
        newline = text.find("\n", start)
        if newline < 0:
            break
        start = newline + 1
    return min(start + column - 1, len(text))


def _before_edits(scalar: Scalar, offset: int) -> int:
    """The offset in the text as it was before variables were replaced in it."""
    grown = 0
    for edit in scalar.edits:
        if offset < edit.start:
            break
        if offset < edit.start + edit.replaced_by:
            # inside what was put in: the variable itself is what the user sees
            return edit.start - grown
        grown += edit.replaced_by - edit.length
    return offset - grown


def _stretches(scalar: Scalar) -> Iterator[tuple[int, int, int, int]]:
    """(offset in the original text, line, column, length) of stretches that stand alike in source and text."""
    if scalar.style == "literal":
        return _literal_stretches(scalar)
    return _folded_stretches(scalar) if scalar.style == "folded" else _flow_stretches(scalar)


def _literal_stretches(scalar: Scalar) -> Iterator[tuple[int, int, int, int]]:
    offset = 0
    for line, column, raw in _block_lines(scalar):
        yield offset, line, column, len(raw)
        offset += len(raw) + 1


def _folded_stretches(scalar: Scalar) -> Iterator[tuple[int, int, int, int]]:
    """What folding left between two lines is skipped: spaces and newlines, but no indentation that was kept."""
    offset = 0
    original = _original(scalar)
    for line, column, raw in _block_lines(scalar):
        if not raw.strip(" "):
            continue
        folds = "\n" if raw[0] in " \t" else " \t\n"
        while original[offset : offset + 1] and original[offset] in folds:
            offset += 1
        yield offset, line, column, len(raw)
        offset += len(raw)


def _flow_stretches(scalar: Scalar) -> Iterator[tuple[int, int, int, int]]:
    """One line break became a space, n of them n - 1 newlines; after a backslash the first one became nothing."""
    offset = 0
    before = scalar.mark.line
    continued = False
    for line, column, raw in _flow_lines(scalar):
        breaks = line - before
        if breaks:
            offset += breaks - 1 if continued or breaks > 1 else 1
        for at, length, as_written in _pieces(scalar, raw):
            yield offset, line, column + at, length if as_written else 0
            offset += length
        before = line
        continued = scalar.style == "double" and _ends_in_backslash(raw)


def _ends_in_backslash(raw: str) -> bool:
    return (len(raw) - len(raw.rstrip("\\"))) % 2 == 1


def _original(scalar: Scalar) -> str:
    """The text with placeholders where variables stood: only its lengths and white space matter here."""
    parts: list[str] = []
    at = 0
    for edit in scalar.edits:
        parts += (scalar.text[at : edit.start], "x" * edit.length)
        at = edit.start + edit.replaced_by
    return "".join((*parts, scalar.text[at:]))


def _pieces(scalar: Scalar, raw: str) -> Iterator[tuple[int, int, bool]]:
    """(column within the raw line, characters of the text, written as they are) of a line's pieces."""
    if scalar.style == "double":
        for match in _DOUBLE_ESCAPE.finditer(raw):
            escaped = match[0].startswith("\\")
            yield match.start(), int(match[0] != "\\") if escaped else len(match[0]), not escaped
    elif scalar.style == "single":
        for match in _SINGLE_ESCAPE.finditer(raw):
            doubled = match[0] == "''"
            yield match.start(), 1 if doubled else len(match[0]), not doubled
    elif raw:
        yield 0, len(raw), True


def _flow_lines(scalar: Scalar) -> Iterator[tuple[int, int, str]]:
    """(line, column, content) of the lines of a plain or quoted scalar, without indentation and quotes."""
    lines = scalar.mark.source.lines
    quote = 0 if scalar.style == "plain" else 1
    last, end = scalar.end
    for number in range(scalar.mark.line, last + 1):
        first = number == scalar.mark.line
        line = lines[number - 1][: end - 1 - quote] if number == last else lines[number - 1].rstrip(" \t")
        start = scalar.mark.column - 1 + quote if first else len(line) - len(line.lstrip(" \t"))
        if line[start:] or first:
            yield number, start + 1, line[start:]


def _block_lines(scalar: Scalar) -> Iterator[tuple[int, int, str]]:
    """(line, column, content) of the lines of a block scalar, without its indentation."""
    lines = scalar.mark.source.lines
    last, column = scalar.end
    body = lines[scalar.mark.line : last if column > 1 else last - 1]
    header = lines[scalar.mark.line - 1][scalar.mark.column - 1 :]
    indent = _indent(scalar, header, body)
    for number, line in enumerate(body, scalar.mark.line + 1):
        if line[:indent].strip(" "):
            break  # a comment after the text: less indented
        yield number, indent + 1, line[indent:]


def _indent(scalar: Scalar, header: str, body: Sequence[str]) -> int:
    """Columns of indentation that do not belong to the text.

    An explicit indicator (`|2`) counts from the parent's indentation, which the text itself reveals: the first line
    keeps of its own indentation what the indicator leaves to it.
    """
    first = next((line for line in body if line.strip(" ")), "")
    width = len(first) - len(first.lstrip(" "))
    if not re.match(r"[|>][+-]?[1-9]", header):
        return width
    first_of_text = next((line for line in _original(scalar).split("\n") if line.strip(" ")), "")
    return width - (len(first_of_text) - len(first_of_text.lstrip(" ")))
