"""What a person sees while a pipeline runs: a bar on a terminal, and a log line whenever its state changes."""

from __future__ import annotations

import logging
import time
from collections import deque
from typing import TYPE_CHECKING, Self

from conduix.engine.link import Status
from conduix.spec.model import PipelineSpec
from conduix_tui.cli import words
from conduix_tui.cli.tally import Tally
from conduix_tui.cli.terminal import Terminal

if TYPE_CHECKING:
    from rich.progress import Progress

_RATE_WINDOW = 3.0
"""Seconds over which the shown rate is taken: steady enough to read, quick enough to show a stall."""


class StateLog:
    """Logs the changes of a run that a person wants to know of: pauses, going on, restarts, draining."""

    def __init__(self, name: str, log: logging.Logger) -> None:
        self._name = name
        self._log = log
        self._last = Status("STARTING", 0.0)

    def show(self, status: Status) -> None:
        """Take a new status."""
        last, self._last = self._last, status
        if status.restarts > last.restarts:
            self._say(
                logging.WARNING, f"{self._name} was restarted, from checkpoint {status.n}: {status.detail}", status
            )
        if (status.state, status.reason, status.detail) == (last.state, last.reason, last.detail):
            return
        if status.state == "PAUSED":
            todo = f"; {status.remedy}" if status.remedy else ""
            self._say(logging.WARNING, f"{self._name} is paused ({status.reason}): {status.detail}{todo}", status)
        elif status.state == "RUNNING" and last.state == "PAUSED":
            self._say(logging.INFO, f"{self._name} goes on", status)
        elif status.state == "DRAINING" and last.state != "DRAINING":
            self._say(logging.INFO, f"{self._name} drains: what was read is made durable", status)

    def _say(self, level: int, message: str, status: Status) -> None:
        data = {"state": status.state, "reason": status.reason, "checkpoint": status.n, "restarts": status.restarts}
        self._log.log(level, message, extra={"data": data})


class Bar:
    """One line that is redrawn: share read, records, rate, dead letters, age of the newest checkpoint.

    A context manager; the line is gone when it ends. Lines that the terminal says meanwhile stand above it.
    """

    def __init__(self, spec: PipelineSpec, terminal: Terminal) -> None:
        self._spec = spec
        self._terminal = terminal
        self._progress = _rich_progress(terminal)
        self._task = self._progress.add_task(spec.name, total=None, numbers="starting")
        self._history: deque[tuple[float, int]] = deque()

    def __enter__(self) -> Self:
        self._progress.start()
        self._terminal.above = lambda text: self._progress.console.print(text, markup=False)
        return self

    def __exit__(self, *exception: object) -> None:
        self._terminal.above = None
        self._progress.stop()

    def show(self, status: Status) -> None:
        """Redraw; called about four times a second."""
        tally, share = Tally.of(self._spec, status), status.progress
        self._progress.update(
            self._task,
            total=None if share is None else 1.0,
            completed=share or 0.0,
            numbers="  ".join(self._numbers(status, tally)),
        )
        self._progress.refresh()

    def _numbers(self, status: Status, tally: Tally) -> list[str]:
        parts = [] if status.progress is None else [f"{status.progress:4.0%}"]
        if status.state not in ("STARTING", "RUNNING"):
            parts.append(f"[yellow]{status.state.lower()}[/yellow]")
        parts += [f"{words.count(tally.read)} in", words.rate(self._rate(status.at, tally.read))]
        if tally.dead:
            parts.append(f"[red]{words.count(tally.dead)} dead[/red]")
        if status.n:
            age = max(0.0, time.time() - status.checkpoint_at)
            parts.append(f"checkpoint {status.n}, {words.duration(int(age))} ago")
        return parts

    def _rate(self, at: float, read: int) -> float:
        self._history.append((at, read))
        while at - self._history[0][0] > _RATE_WINDOW:
            self._history.popleft()
        first_at, first_read = self._history[0]
        return (read - first_read) / (at - first_at) if at > first_at else 0.0


def _rich_progress(terminal: Terminal) -> Progress:
    from rich.console import Console  # noqa: PLC0415 - costs 100 ms, which a pipe or a script need not pay
    from rich.progress import BarColumn, Progress, TextColumn  # noqa: PLC0415

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[numbers]}"),
        console=Console(file=terminal.err, highlight=False, soft_wrap=True),
        # redrawn when a status comes: no thread beside the event loop
        auto_refresh=False,
        transient=True,
    )
