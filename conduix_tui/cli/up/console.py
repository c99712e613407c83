"""The console as a child of `conduix up`: it has the terminal, and what is to be told meanwhile waits until it ends."""

from __future__ import annotations

import asyncio
import sys
import termios
from collections import deque
from collections.abc import Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from conduix_tui.cli.terminal import Exit, Terminal
from conduix_tui.cli.up.child import end
from conduix_tui.cli.up.leash import leashed

if TYPE_CHECKING:
    from collections.abc import Iterator

_GRACE = 10.0
_MOST_HELD = 100
"""Lines that are kept while nobody can read them."""
_ELSEWHERE = frozenset({"CONDUIX_CONTEXT", "CONDUIX_SERVER", "CONDUIX_TOKEN"})
"""What would lead the console to another server, or make it somebody else."""
_LEAVE = (
    "\x1b[?1049l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?2004l\x1b[?1004l\x1b[<u\x1b[?25h\x1b[0m"
)
"""Alternate screen, mouse, paste and focus reports, key protocol: off; the cursor: on."""


def has_terminal(terminal: Terminal) -> bool:
    """Is somebody there who can see a console and type?"""
    seen = terminal.out.isatty() and terminal.err.isatty() and terminal.env.get("TERM", "dumb") != "dumb"
    return seen and terminal.stdin.isatty()


async def show(context: str, env: Mapping[str, str], terminal: Terminal) -> int:
    """The console on this context until the person leaves it; its exit status. Cancelled, it ends the console first."""
    command = leashed(sys.executable, "-m", "conduix_tui", "--context", context)
    own = {name: value for name, value in env.items() if name not in _ELSEWHERE}
    with ExitStack() as stack:
        stack.enter_context(_held(terminal))
        stack.enter_context(_restored(terminal))
        process = await asyncio.create_subprocess_exec(*command, env=own)
        try:
            code = await process.wait()
        finally:
            await end(process, _GRACE)
    if code:
        terminal.error(f"the console ended with {code}" if code > 0 else f"the console was killed (signal {-code})")
    return Exit.FAILED if code else Exit.DONE


@contextmanager
def _held(terminal: Terminal) -> Iterator[None]:
    """Lines for the person are printed when the screen is his own again."""
    lines: deque[str] = deque(maxlen=_MOST_HELD)
    terminal.above = lines.append
    try:
        yield
    finally:
        terminal.above = None
        for line in lines:
            terminal.say(line)


@contextmanager
def _restored(terminal: Terminal) -> Iterator[None]:
    """The terminal as it was, even where the console could not see to that itself any more."""
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        yield
    finally:
        if termios.tcgetattr(descriptor) != before:
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
            terminal.out.write(_LEAVE)
            terminal.out.flush()
