"""The console's figures: `python -m tests.bench.console [--report FILE]`, and a part of `make bench`.

Programs run in a pseudo terminal of 120 by 40 as they would in one's own: what they write is read as fast as it comes,
and nothing of it is drawn. Ends with 1 where a figure misses its goal.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.table import Table

from conduix_server.policy import Role
from conduix_tui.client.contexts import Context, ContextFile
from tests.bench.fleet import SIZE
from tests.tui.served import House

ROWS = 20_000
PER_SECOND = 1_000
WATCHED = 5.0
"""Seconds over which updates are watched."""
SETTLES = 2.0
KEYS = 100
STARTS = 9
PATIENCE = 60.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that was measured."""

    what: str
    value: float
    goal: float
    unit: str
    how: str

    @property
    def row(self) -> tuple[str, ...]:
        """What, measured, goal, verdict."""
        verdict = "met" if self.value <= self.goal else "MISSED"
        return self.what, f"{self.value:,.0f} {self.unit}", f"≤ {self.goal:,.0f} {self.unit}", verdict


class Terminal:
    """A program in a pseudo terminal. Use as a context manager; it is killed at the end."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        self._screen, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", SIZE[1], SIZE[0], 0, 0))
        settings = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **(environment or {})}
        settings.pop("PYTHONDONTWRITEBYTECODE", None)
        settings.pop("NO_COLOR", None)
        self.began = time.perf_counter()
        self._program = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=settings, start_new_session=True
        )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._program.kill()
        self._program.wait()
        os.close(self._screen)

    def read(self, seconds: float) -> bytes:
        """What it writes next; empty: nothing within that time."""
        ready, _, _ = select.select([self._screen], [], [], seconds)
        return os.read(self._screen, 1 << 16) if ready else b""

    def until(self, text: str) -> float:
        """Read until this was written; seconds since the start. AssertionError with its last words where it is not."""
        seen = b""
        while text.encode() not in seen:
            new = self.read(PATIENCE)
            assert new, f"{text!r} does not come: {seen[-2000:]!r}"
            seen += new
        return time.perf_counter() - self.began

    def quiet(self, seconds: float = 0.05) -> None:
        """Read until nothing has come for so long."""
        while self.read(seconds):
            pass

    def settle(self) -> None:
        """Read while the program imports what it has left out before its first frame."""
        until = time.perf_counter() + SETTLES
        while time.perf_counter() < until:
            self.read(0.1)

    def press(self, key: str) -> float:
        """Seconds from a key to the first of what it paints."""
        began = time.perf_counter()
        os.write(self._screen, key.encode())
        assert self.read(PATIENCE), "nothing is painted"
        return time.perf_counter() - began

    @property
    def cpu(self) -> float:
        """Seconds, of the program and of its threads."""
        fields = Path(f"/proc/{self._program.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    @property
    def resident(self) -> int:
        """Bytes in memory now."""
        status = Path(f"/proc/{self._program.pid}/status").read_text()
        return 1024 * int(status.partition("VmRSS:")[2].split()[0])


def fleet(*arguments: object) -> list[str]:
    """The command of the console over a fleet."""
    return [sys.executable, "-m", "tests.bench.fleet", *map(str, arguments)]


def load() -> float:
    """CPU seconds until 20,000 rows are on the screen."""
    done = subprocess.run(fleet(ROWS, "load"), capture_output=True, text=True, check=True, timeout=PATIENCE)
    return float(done.stdout)


def updates() -> tuple[float, int]:
    """Share of a core that 1,000 updates a second over 20,000 rows take, and bytes of memory after them."""
    with Terminal(fleet(ROWS, PER_SECOND)) as terminal:
        terminal.until(f"({ROWS:,})")
        terminal.settle()
        began, spent = time.perf_counter(), terminal.cpu
        while time.perf_counter() - began < WATCHED:
            terminal.read(0.1)
        return (terminal.cpu - spent) / (time.perf_counter() - began), terminal.resident


def keys() -> list[float]:
    """Seconds from a key to its painting, over 20,000 rows at rest."""
    with Terminal(fleet(ROWS, 0)) as terminal:
        terminal.until(f"({ROWS:,})")
        terminal.settle()
        taken = []
        for number in range(KEYS):
            taken.append(terminal.press("jjk"[number % 3]))
            terminal.quiet()
        return taken


async def starts() -> list[tuple[float, float]]:
    """Seconds (real, CPU) from the start of `conduix-tui` to its first frame, with a server in this process."""
    with tempfile.TemporaryDirectory(prefix="conduix-console-") as folder:
        async with House(Path(folder) / "house") as house:
            await house.apply("orders")
            settings = {"XDG_CONFIG_HOME": folder, "XDG_STATE_HOME": folder}
            file = ContextFile.of_user(settings)
            file.put("bench", Context(house.address, token=await house.token(Role.OPERATOR)), make_current=True)
            return [await asyncio.to_thread(_start, settings) for _ in range(STARTS + 1)][1:]


def _start(settings: Mapping[str, str]) -> tuple[float, float]:
    program = str(Path(sys.executable).with_name("conduix-tui"))
    with Terminal([program], settings) as terminal:
        return terminal.until("triage"), terminal.cpu


def measured(say: Callable[[str], None]) -> list[Figure]:
    """Everything, the least disturbed of several turns."""
    say("loading")
    loaded = min(load() for _ in range(3))
    say("updates")
    share, resident = min(updates() for _ in range(2))
    say("keys")
    taken = min((keys() for _ in range(3)), key=_p95)
    say("starts")
    first = asyncio.run(starts())
    return [
        Figure("20,000 rows load", loaded * 1e3, 200, "ms CPU", "from their coming to the frame that shows them"),
        Figure("1,000 row updates/s", share * 100, 15, "% of a core", f"over {WATCHED:.0f} s, 20,000 rows"),
        Figure(
            "key to paint, p95",
            _p95(taken) * 1e3,
            50,
            "ms",
            f"{KEYS} keys, 20,000 rows; median {median(taken) * 1e3:.0f} ms",
        ),
        Figure("first paint", min(real for real, _ in first) * 1e3, 900, "ms", _spread(first)),
        Figure("memory", resident / 1e6, 150, "MB RSS", "20,000 rows, after 5,000 updates"),
    ]


def _p95(taken: Sequence[float]) -> float:
    return quantiles(taken, n=20)[-1]


def _spread(first: Sequence[tuple[float, float]]) -> str:
    cpu = min(spent for _, spent in first)
    return (
        f"`conduix-tui`, from its start until its first frame is written, signed in at a server of its own; least of "
        f"{len(first)}, median {median(real for real, _ in first) * 1e3:.0f} ms, {cpu * 1e3:.0f} ms CPU"
    )


def report(figures: Sequence[Figure]) -> str:
    """The page of results."""
    with_what = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} meanwhile, niceness {os.nice(0)}"
    lines = [
        "# The console, measured",
        "",
        f"`python -m tests.bench.console --report docs/results/console.md`, {time.strftime('%Y-%m-%d')},",
        f"on {with_what}, Python {sys.version.split()[0]}.",
        f"Programs run in a pseudo terminal of {SIZE[0]} by {SIZE[1]} that is read as fast as it is written.",
        "",
        "| what | measured | goal | | how |",
        "|---|---|---|---|---|",
        *(f"| {' | '.join(figure.row)} | {figure.how} |" for figure in figures),
    ]
    return "\n".join(lines) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print; 0 if every goal is met."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.console", description=__doc__)
    parser.add_argument("--report", type=Path, help="write the page of results there")
    arguments = parser.parse_args(argv)
    console = Console()
    figures = measured(lambda what: console.print(f"console: {what}"))
    table = Table("what", "measured", "goal", "", title="the console")
    for figure in figures:
        table.add_row(*figure.row)
    console.print(table)
    if arguments.report is not None:
        arguments.report.write_text(report(figures), encoding="utf-8")
        console.print(f"written: {arguments.report}", markup=False)
    return 0 if all(figure.value <= figure.goal for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
