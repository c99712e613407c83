"""Texts with `${! … }` in them: each is replaced by what its expression gives for the record.

    orders-${! this.region.lowercase() }-${! timestamp_unix() }

`${{! … }}` is the text `${! … }` itself, as in the reference.
"""

from __future__ import annotations

import re
from typing import Final

from conduix.errors import MappingSyntaxError
from conduix.mapping import tree
from conduix.mapping.reading import read_condition, refuse_unreadable
from conduix.mapping.tree import Expr, Mark

_OPENING: Final = re.compile(r"\$\{(!|\{!)")


def read_template(text: str) -> Expr:
    """The checked tree of the whole text; it gives a string for every record, or fails as its expressions do.

    A text without `${!` is a Literal. Where an expression gives null the text has `null`, as `.string()` writes it.

    Raises:
        MappingSyntaxError: with the line and column in `text`.
    """
    refuse_unreadable(text)
    parts: list[Expr] = []
    at = 0
    for opening in _OPENING.finditer(text):
        if opening.start() < at:
            continue
        _add(parts, text[at : opening.start()], _mark(text, at))
        closing = "}}" if opening[1] == "{!" else "}"
        end = _end(text, opening.end(), closing)
        if opening[1] == "{!":
            _add(parts, "${!" + text[opening.end() : end] + "}", _mark(text, opening.start()))
        else:
            parts.append(_expression(text, opening.end(), end))
        at = end + len(closing)
    _add(parts, text[at:], _mark(text, at))
    if all(isinstance(part, tree.Literal) for part in parts):
        return tree.Literal("".join(part.value for part in parts if isinstance(part, tree.Literal)), Mark(1, 1))
    return tree.Method(tree.Array(tuple(parts), Mark(1, 1)), "join", (tree.Literal("", Mark(1, 1)),), Mark(1, 1))


def _add(parts: list[Expr], text: str, mark: Mark) -> None:
    if text:
        parts.append(tree.Literal(text, mark))


def _mark(text: str, offset: int) -> Mark:
    line = text.count("\n", 0, offset)
    return Mark(line + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1)


def _end(text: str, start: int, closing: str) -> int:
    """Where the expression ends: at the brace that closes it, not at one within it or within its strings."""
    depth, at = 0, start
    while at < len(text):
        if text[at] == '"':
            at = _after_string(text, at)
            continue
        if depth == 0 and text.startswith(closing, at):
            return at
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        at += 1
    mark = _mark(text, start)
    raise MappingSyntaxError(
        f"`${{!` is never closed: write `{closing}` after the expression", line=mark.line, column=mark.column
    )


def _after_string(text: str, at: int) -> int:
    if text.startswith('"""', at):
        end = text.find('"""', at + 3)
        return len(text) if end < 0 else end + 3
    at += 1
    while at < len(text) and text[at] != '"':
        at += 2 if text[at] == "\\" else 1
    return at + 1


def _expression(text: str, start: int, end: int) -> Expr:
    if not text[start:end].strip():
        mark = _mark(text, start)
        raise MappingSyntaxError(
            "`${! }` is empty: write an expression in it, such as `${! this.id }`", line=mark.line, column=mark.column
        )
    try:
        # blanks keep its lines and columns those of the whole text
        blank = re.sub(r"[^\n]", " ", text[:start])
        found = read_condition(blank + text[start:end])
    except MappingSyntaxError as error:
        raise MappingSyntaxError(
            f"in `${{!{text[start:end][:100]}}}`: {error.message}", line=error.line, column=error.column
        ) from error
    return tree.Method(found, "string", (), found.mark)
