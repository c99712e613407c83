"""A replica in this process: what it reports is shown, and signals become its commands."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from conduix.engine.link import Status, Verb
from conduix_tui.cli.terminal import Exit

Viewer = Callable[[Status], None]
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Foreground:
    """The link of `conduix run`.

    The first SIGINT or SIGTERM drains: sources stop, what was read is made durable. The second ends the process at
    once, which loses nothing either: the last checkpoint stands.
    """

    def __init__(self, viewers: Sequence[Viewer], give_up: Callable[[], None]) -> None:
        self.interrupted = False
        self.flooded: Status | None = None
        """The pause for too many dead letters that ended the run: nobody is there who could resume it."""
        self._viewers = viewers
        self._give_up = give_up
        """Called before the process ends at once: puts the terminal in order, says how to go on."""
        self._verbs: asyncio.Queue[Verb] = asyncio.Queue()

    def report(self, status: Status) -> None:
        """Show the newest status; after the flood that ends the run nothing but its end is of interest."""
        if self.flooded is None:
            for show in self._viewers:
                show(status)
        if status.state == "PAUSED" and status.reason == "DLQ_FLOOD" and self.flooded is None:
            self.flooded = status
            self._verbs.put_nowait("stop")

    async def command(self) -> Verb:
        """The next command."""
        return await self._verbs.get()

    @contextmanager
    def signals(self) -> Iterator[None]:
        """While inside, SIGINT and SIGTERM drain the run."""
        loop = asyncio.get_running_loop()

        def interrupt(_number: int, _frame: FrameType | None) -> None:
            self._interrupt(loop)

        # handlers of the process, not of the loop: a write that blocks must not keep the second Ctrl-C from being heard
        before = {number: signal.signal(number, interrupt) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _interrupt(self, loop: asyncio.AbstractEventLoop) -> None:
        if self.interrupted:
            self._give_up()
            # not sys.exit: pending writes would be waited for, and a stuck disk is why one presses twice
            os._exit(Exit.INTERRUPTED)
        self.interrupted = True
        loop.call_soon_threadsafe(self._verbs.put_nowait, "stop")
