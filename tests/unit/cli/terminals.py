"""Terminals for tests: streams in memory that say whether they are a terminal."""

from __future__ import annotations

import io
from collections.abc import Mapping

from conduix_tui.cli.terminal import Terminal


class Stream(io.TextIOWrapper):
    """Text in memory, a terminal or not."""

    def __init__(self, *, tty: bool) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)
        self._tty = tty

    def isatty(self) -> bool:
        return self._tty

    @property
    def text(self) -> str:
        """Everything written so far."""
        raw = self.buffer
        assert isinstance(raw, io.BytesIO)
        return raw.getvalue().decode()


class Screen:
    """A Terminal and what was written to it."""

    def __init__(self, *, tty: bool = False, env: Mapping[str, str] | None = None, stdin: bytes = b"") -> None:
        self._out, self._err = Stream(tty=tty), Stream(tty=tty)
        self.terminal = Terminal(io.BytesIO(stdin), self._out, self._err, env or {})

    @property
    def out(self) -> str:
        return self._out.text

    @property
    def err(self) -> str:
        return self._err.text
