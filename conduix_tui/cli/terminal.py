"""The one owner of standard error, colours and exit codes; standard output is for what a command was asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import BinaryIO, TextIO

from conduix.errors import ConduixError
from conduix_tui.cli.words import visible

_SGR = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}


class Exit(IntEnum):
    """What the exit status of every command means; scripts may rely on it."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    """A bad document, wrong arguments, or a state in which the user must decide."""
    DEAD_LETTERS = 3
    """Done, but some records went to the dead letters."""
    INTERRUPTED = 130
    BROKEN_PIPE = 141
    """Whoever read our standard output went away, as with `| head`."""


class Terminal:
    """The standard streams of one command, and whether each of them is a person's terminal."""

    def __init__(self, stdin: BinaryIO, out: TextIO, err: TextIO, env: Mapping[str, str]) -> None:
        self.stdin = stdin
        self.out = out
        self.err = err
        self.env = env
        self.interactive = err.isatty() and env.get("TERM") != "dumb"
        """Is standard error a terminal that can redraw a line?"""
        self._colours = {id(stream): _wants_colour(stream, env) for stream in (out, err)}
        self.above: Callable[[str], None] | None = None
        """While a progress bar is drawn: how to print a line above it."""

    @classmethod
    def of_process(cls) -> Terminal:
        """The streams and environment of this process."""
        return cls(sys.stdin.buffer, sys.stdout, sys.stderr, os.environ)

    def emit(self, text: str) -> None:
        """A line (or lines) of the command's result, to standard output."""
        self.out.write(text if text.endswith("\n") else text + "\n")

    def say(self, text: str) -> None:
        """A line for the person, to standard error, above a progress bar if there is one."""
        if self.above is not None:
            self.above(text)
        else:
            self.err.write(text + "\n")
            self.err.flush()

    def error(self, text: str) -> None:
        """Something went wrong."""
        self.say(f"{self.styled('error:', 'bold', 'red')} {visible(text)}")

    def remedy(self, text: str) -> None:
        """What to do about it; says nothing if nothing is known."""
        if text:
            self.say(f"{self.styled('remedy:', 'bold')} {visible(text)}")

    def fail(self, error: ConduixError) -> None:
        """What went wrong, its stable code, and what to do about it."""
        self.error(f"{error.message} ({error.code})")
        self.remedy(error.remedy)

    def styled(self, text: str, *styles: str, out: bool = False) -> str:
        """`text` in these styles where the stream (standard error, or standard output) shows colours."""
        if not self._colours[id(self.out if out else self.err)]:
            return text
        return f"\x1b[{';'.join(_SGR[style] for style in styles)}m{text}\x1b[0m"


def _wants_colour(stream: TextIO, env: Mapping[str, str]) -> bool:
    """Terminals have colours unless NO_COLOR or TERM=dumb says no; FORCE_COLOR gives them to pipes too."""
    if env.get("NO_COLOR") or env.get("TERM") == "dumb":
        return False
    return bool(env.get("FORCE_COLOR")) or stream.isatty()


def drop_output() -> None:
    """Point standard output at nowhere after its reader went away, so that closing it raises nothing more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
