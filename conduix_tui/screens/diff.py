"""Differences, coloured; the signs at the beginning of the lines say the same without colour."""

from __future__ import annotations

from rich.text import Text

_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def coloured(diff: str) -> Text:
    """A unified diff as a text of Rich."""
    text = Text()
    for line in diff.splitlines(keepends=True):
        text.append(line, style=_STYLES.get(line[:1], ""))
    return text
