"""Texts of pairs: `a=1 b="x y"`."""

from __future__ import annotations

from collections.abc import Iterator

from conduix.errors import MappingError


def pairs(text: str, between: str, after: str) -> Iterator[tuple[str, str | None]]:
    """Each key and its value, None for a key that stands alone. Raises MappingError on a quote that is never closed."""
    at = 0
    coming = {between: -1, after: -1}
    while at < len(text):
        if text.startswith(after, at) or text[at].isspace():
            at += len(after) if text.startswith(after, at) else 1
            continue
        key, at = _token(text, at, (between, after), coming)
        blank = at
        while after.strip() and text[blank : blank + 1].isspace():
            blank += 1
        if not text.startswith(between, blank):
            yield key.strip(), None
            continue
        at = blank + len(between)
        while after.strip() and text[at : at + 1].isspace():
            at += 1
        found, at = _token(text, at, (after,), coming)
        yield key.strip(), found


def _next(text: str, at: int, end: str, coming: dict[str, int]) -> int:
    """Where `end` comes next; each is looked for once, however many tokens there are before it."""
    if coming[end] < at:
        found = text.find(end, at)
        coming[end] = len(text) if found < 0 else found
    return coming[end]


def _token(text: str, at: int, ends: tuple[str, ...], coming: dict[str, int]) -> tuple[str, int]:
    """A quoted text or all up to one of the ends, and where it ends."""
    quote = text[at : at + 1]
    if quote not in {'"', "'"}:
        last = min(_next(text, at, end, coming) for end in ends)
        return text[at:last], last
    read: list[str] = []
    at += 1
    while at < len(text) and text[at] != quote:
        if text[at] == "\\" and at + 1 < len(text):
            at += 1
            read.append({"n": "\n", "t": "\t", "r": "\r"}.get(text[at], text[at]))
        else:
            read.append(text[at])
        at += 1
    if at >= len(text):
        raise MappingError(f"a quoted text is never closed: {quote} is missing at the end")
    return "".join(read), at + 1
