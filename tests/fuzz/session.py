"""Keeps a worker process running for the time given, watches over it, and collects what it finds."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tests.fuzz.target import Target
from tests.fuzz.worker import Finding, Tally, Worker, drawn

_FORK = multiprocessing.get_context("fork")
_STUCK = 240.0
"""Seconds on the same case, wall clock: a worker that its own timer cannot stop."""


@dataclass(slots=True)
class Session:
    """What all workers did so far."""

    targets: Sequence[Target]
    seed: int
    folder: Path
    tallies: dict[str, Tally] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)
    repeated: int = 0
    """Findings that came to a case that was known already."""
    started: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tallies = {target.name: Tally() for target in self.targets}

    @property
    def executions(self) -> int:
        """Of all targets."""
        return sum(tally.executions for tally in self.tallies.values())

    def run(self, seconds: float, tell: Callable[[float, str], None]) -> None:
        """Fuzz for so long; `tell` gets the seconds gone and the target that is running."""
        began = time.monotonic()
        while (left := seconds - (time.monotonic() - began)) > 0:
            self._one_worker(left, lambda name: tell(time.monotonic() - began, name))

    def _one_worker(self, seconds: float, tell: Callable[[str], None]) -> None:
        here, there = _FORK.Pipe(duplex=False)
        now: Any = _FORK.RawArray("q", [0, -1])
        process = _FORK.Process(target=_work, args=(self, seconds, now, there))
        process.start()
        there.close()
        last, since = (0, -1), time.monotonic()
        while True:
            if here.poll(0.5):
                try:
                    self._take(here.recv())
                except EOFError:
                    break
            at = (now[0], now[1])
            if at != last or at[1] < 0:
                last, since = at, time.monotonic()
            tell(self.targets[at[0]].name)
            if time.monotonic() - since > _STUCK:
                process.kill()
                break
        process.join()
        if process.exitcode:
            self._died(self.targets[now[0]], now[1], process.exitcode)

    def _died(self, target: Target, number: int, code: int) -> None:
        """The worker hung or crashed at a case: the next one goes on behind it."""
        if code == 1:
            raise RuntimeError("the worker ended with an error of its own, see above")
        self.started = {name: self.started.get(name, 0) + 1_000_000 for name in self.tallies}
        number = max(number, -1 - number)
        kind = "hangs, and no signal stops it" if code == -9 else f"the process dies with {code}"
        self.add(Finding(target.name, self.seed, number, drawn(target, self.seed, number), kind, "not made smaller"))

    def _take(self, message: Finding | Mapping[str, Tally]) -> None:
        if isinstance(message, Finding):
            self.add(message)
            return
        for name, tally in message.items():
            mine = self.tallies[name]
            mine.executions += tally.executions
            mine.seconds += tally.seconds
            mine.slowest = max(mine.slowest, tally.slowest)
            mine.labels += tally.labels

    def add(self, finding: Finding) -> None:
        """Write the finding down, unless its case is known."""
        named = hashlib.sha256(json.dumps([finding.kind, finding.case], sort_keys=True).encode()).hexdigest()[:10]
        path = self.folder / f"{finding.target}-{named}.json"
        if path in self.files:
            self.repeated += 1
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(finding), indent=1) + "\n", encoding="utf-8")
        self.files.append(path)


def _work(session: Session, seconds: float, now: Any, there: Connection) -> None:
    """The worker process."""

    def announce(position: int, number: int) -> None:
        now[0], now[1] = position, number

    worker = Worker(session.targets, session.seed, session.started, announce, there.send)
    worker.run(time.monotonic() + seconds, there.send)


def summary(session: Session, seconds: float) -> dict[str, Any]:
    """The session as JSON."""
    return {
        "seed": session.seed,
        "seconds": round(seconds, 1),
        "executions": session.executions,
        "repeated": session.repeated,
        "findings": [str(path) for path in session.files],
        "targets": {
            name: {
                "executions": tally.executions,
                "cpu_seconds": round(tally.seconds, 1),
                "slowest_ms": round(tally.slowest * 1000, 1),
                "came_of_it": dict(Counter(tally.labels).most_common()),
            }
            for name, tally in session.tallies.items()
        },
    }
