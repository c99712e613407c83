"""The part of a line around a place in it, as a terminal can show it."""

from __future__ import annotations

import unicodedata

_WIDEST = 120
"""Columns of a line that are shown; of a longer one the part around the place."""


def excerpt(line: str, column: int) -> tuple[str, int]:
    """The part that is shown, and how many blanks put a caret under `column` (from 1) of the line."""
    start = max(0, column - 1 - _WIDEST // 2) if len(line) > _WIDEST else 0
    blanks = sum(map(_width, line[start : column - 1]))
    # a blank for what would steer the terminal: an escape would move the caret
    return "".join(c if c.isprintable() else " " for c in line[start : start + _WIDEST]), blanks


def _width(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
