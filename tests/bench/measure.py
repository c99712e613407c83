"""Whole-process measurement: CPU seconds, wall seconds and peak memory of one command and of what it started."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


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
    with log.open("wb") as out:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env={**os.environ, **environment}
        )
        # wait4 and not getrusage(RUSAGE_CHILDREN): the latter adds up everything that ran before
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        said = log.read_text(encoding="utf-8", errors="replace")[-2_000:]
        raise RunFailed(f"{' '.join(command)} ended with {process.returncode}:\n{said}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * unit)
