"""A sheet of characters for drawings of lines and boxes: lines that meet join."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

_NORTH, _EAST, _SOUTH, _WEST = 1, 2, 4, 8
_LINES = " ╵╶└╷│┌├╴┘─┴┐┤┬┼"
"""By the directions that a line leaves its cell in."""

Run = tuple[str, str]
"""A text and its tone."""


class Canvas:
    """Rows and columns count from 0 at the top left; it grows with what is drawn."""

    def __init__(self) -> None:
        self._lines: dict[tuple[int, int], int] = {}
        self._texts: dict[tuple[int, int], Run] = {}

    def text(self, row: int, column: int, text: str, tone: str = "") -> None:
        """One cell a character."""
        for at, character in enumerate(text, column):
            self._texts[row, at] = (character, tone)

    def box(self, row: int, column: int, width: int, lines: Sequence[Run], tone: str = "") -> None:
        """A frame of this width around lines; what is too long for it ends in an ellipsis."""
        inner = width - 2
        self.text(row, column, f"╭{'─' * inner}╮", tone)
        for at, (line, of_line) in enumerate(lines, row + 1):
            shown = line if len(line) <= inner - 2 else line[: inner - 3] + "…"
            self.text(at, column, "│", tone)
            self.text(at, column + 1, f" {shown:<{inner - 1}}", of_line)
            self.text(at, column + width - 1, "│", tone)
        self.text(row + len(lines) + 1, column, f"╰{'─' * inner}╯", tone)

    def down(self, column: int, top: int, bottom: int) -> None:
        """A line from the upper edge of row `top` to the lower edge of row `bottom`."""
        for row in range(top, bottom + 1):
            self._join(row, column, _NORTH | _SOUTH)

    def across(self, start: int, end: int, top: int, middle: int, bottom: int) -> None:
        """From column `start` at row `top` down to `middle`, there to column `end`, and down to `bottom`."""
        if start == end:
            self.down(start, top, bottom)
            return
        if middle > top:
            self.down(start, top, middle - 1)
        if bottom > middle:
            self.down(end, middle + 1, bottom)
        left, right = min(start, end), max(start, end)
        self._join(middle, start, _NORTH | (_EAST if end > start else _WEST))
        self._join(middle, end, _SOUTH | (_WEST if end > start else _EAST))
        for column in range(left + 1, right):
            self._join(middle, column, _EAST | _WEST)

    def _join(self, row: int, column: int, directions: int) -> None:
        self._lines[row, column] = self._lines.get((row, column), 0) | directions

    def rows(self) -> Iterator[list[Run]]:
        """Each row as texts of one tone; lines are `dim`."""
        cells = {at: (_LINES[directions], "dim") for at, directions in self._lines.items()} | self._texts
        height = max((row for row, _ in cells), default=-1) + 1
        ends = [0] * height
        for row, column in cells:
            ends[row] = max(ends[row], column + 1)
        for row, end in enumerate(ends):
            line = (cells.get((row, column), (" ", "")) for column in range(end))
            yield [("".join(text for text, _ in run), tone) for tone, run in groupby(line, key=lambda cell: cell[1])]
