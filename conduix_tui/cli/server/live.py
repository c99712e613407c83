"""One line of standard error that is redrawn while one waits; nothing at all where nobody sits in front of it."""

from __future__ import annotations

import shutil
from typing import Self

from conduix_tui.cli.terminal import Terminal


class LiveLine:
    """A context manager; the line is gone when it ends, and what is said meanwhile stands above it."""

    def __init__(self, terminal: Terminal) -> None:
        self.drawn = terminal.interactive
        self._terminal = terminal
        self._head = ""
        self._tail = ""

    def __enter__(self) -> Self:
        if self.drawn:
            self._terminal.above = self._say_above
        return self

    def __exit__(self, *exception: object) -> None:
        if self.drawn:
            self._terminal.above = None
            self._write("")

    @property
    def head(self) -> str:
        """What is waited for."""
        return self._head

    @head.setter
    def head(self, text: str) -> None:
        self._head = text
        self._draw()

    def show(self, tail: str) -> None:
        """How it stands."""
        self._tail = tail
        self._draw()

    def _say_above(self, text: str) -> None:
        self._write(text + "\n")
        self._draw()

    def _draw(self) -> None:
        if self.drawn:
            columns = shutil.get_terminal_size().columns - 1  # the last column would wrap
            self._write("  ".join(part for part in (self._head, self._tail) if part)[:columns])

    def _write(self, text: str) -> None:
        self._terminal.err.write(f"\r\x1b[2K{text}")
        self._terminal.err.flush()
