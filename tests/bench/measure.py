"""Whole-process measurement: CPU seconds, wall seconds and peak memory of one command and of what it started."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_STARTER = """
import os, sys, time
start = time.perf_counter()
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
wall = time.perf_counter() - start
os.write(int(sys.argv[1]), f"{usage.ru_utime + usage.ru_stime} {wall} {usage.ru_maxrss}".encode())
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""Started in between: a process is charged with the peak memory of the one that forked it, and a test is large."""


class RunFailed(Exception):
    """A measured command ended with another code than 0; carries the end of what it said."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process cost. Seconds, seconds, bytes (of the process or the child of it that was largest)."""

    cpu: float
    wall: float
    peak: int

    def least(self, other: Cost) -> Cost:
        """The smaller of each: noise only ever adds. Memory: the larger, for a limit must hold every time."""
        return Cost(min(self.cpu, other.cpu), min(self.wall, other.wall), max(self.peak, other.peak))


def measure(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Cost:
    """Run it to its end, its output into `log`.

    Raises:
        RunFailed: it ended with another code than 0.
    """
    reading, writing = os.pipe()
    with log.open("wb") as out, open(reading) as told:
        starter = [sys.executable, "-S", "-c", _STARTER, str(writing), *command]
        process = subprocess.Popen(
            starter,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env={**os.environ, **environment},
            pass_fds=[writing],
        )
        os.close(writing)
        figures = told.read().split()
    process.wait()
    if process.returncode != 0:
        said = log.read_text(encoding="utf-8", errors="replace")[-2_000:]
        raise RunFailed(f"{' '.join(command)} ended with {process.returncode}:\n{said}")
    cpu, wall, peak = figures
    return Cost(float(cpu), float(wall), int(peak) * (1 if sys.platform == "darwin" else 1024))
