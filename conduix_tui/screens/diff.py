"""Differences, coloured by the theme; the signs at the beginning of the lines say the same without colour."""

from __future__ import annotations

from textual.content import Content

_STYLES = {"+": "$success", "-": "$error", "@": "$primary"}


def coloured(diff: str) -> Content:
    """A unified diff as content for a Static."""
    return Content("\n").join(Content.styled(line, _STYLES.get(line[:1], "")) for line in diff.splitlines())
