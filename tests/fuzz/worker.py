"""The process that runs cases: it tells each number before it runs it, so that a hang or a crash has a name."""

from __future__ import annotations

import random
import resource
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.fuzz import learned
from tests.fuzz.guard import Verdict, judge
from tests.fuzz.minimise import minimise
from tests.fuzz.target import Case, Target

_MEMORY = 3 << 30
_SLICE = 1.0
_MINIMISE = 6.0
_MOST_MINIMISED = 8
"""Findings of one kind that are made smaller; the rest is counted."""


@dataclass(slots=True)
class Tally:
    """What came of a target's cases."""

    executions: int = 0
    seconds: float = 0.0
    """CPU time."""
    slowest: float = 0.0
    labels: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Finding:
    """A case that holds something against the language."""

    target: str
    seed: int
    number: int
    case: Case
    kind: str
    detail: str


def drawn(target: Target, seed: int, number: int) -> Case:
    """The case of a number; nothing else decides it."""
    return target.draw(random.Random(f"{seed} {target.name} {number}"), number)


class Worker:
    """Runs targets by turns.

    A turn takes as many seconds as the target's weight. `announce(position, number)` is called before each case with
    the target's place among `targets`, and `-1 - number` while a finding is made smaller. `report` gets findings.
    """

    def __init__(
        self, targets: Sequence[Target], seed: int, starts: Mapping[str, int],
        announce: Callable[[int, int], None], report: Callable[[Finding], None],
    ) -> None:  # fmt: skip
        self.targets = targets
        self.seed = seed
        self.next = {target.name: starts.get(target.name, 0) for target in targets}
        self.tallies = {target.name: Tally() for target in targets}
        self._announce = announce
        self._report = report
        self._kinds: Counter[str] = Counter()

    def run(self, until: float, tell: Callable[[Mapping[str, Tally]], None]) -> None:
        """Run until the monotonic clock says so; `tell` gets what came of each target's turn."""
        learned.knowledge()
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        while time.monotonic() < until:
            for position, target in enumerate(self.targets):
                end = min(until, time.monotonic() + _SLICE * target.weight)
                while time.monotonic() < end:
                    self.one(position, target)
                tell({target.name: self.tallies[target.name]})
                self.tallies[target.name] = Tally()

    def one(self, position: int, target: Target) -> Verdict:
        """Run the target's next case."""
        number = self.next[target.name]
        self.next[target.name] = number + 1
        self._announce(position, number)
        try:
            case = drawn(target, self.seed, number)
        except Exception:  # noqa: BLE001 - an hour of fuzzing does not end because of one case
            case, verdict = {}, Verdict("not drawn", 0.0, "the case cannot be drawn", traceback.format_exc())
        else:
            verdict = judge(target, case)
        tally = self.tallies[target.name]
        tally.executions += 1
        tally.seconds += verdict.seconds
        tally.slowest = max(tally.slowest, verdict.seconds)
        tally.labels[verdict.label] += 1
        if verdict.kind:
            self._found(position, target, number, case, verdict)
        return verdict

    def _found(self, position: int, target: Target, number: int, case: Case, verdict: Verdict) -> None:
        self._kinds[f"{target.name} {verdict.kind}"] += 1
        if self._kinds[f"{target.name} {verdict.kind}"] > _MOST_MINIMISED:
            return
        if verdict.label == "not drawn":
            self._report(Finding(target.name, self.seed, number, case, verdict.kind, verdict.detail))
            return
        self._announce(position, -1 - number)
        small = minimise(target, case, verdict.kind, seconds=_MINIMISE)
        shown: Any = judge(target, small)
        self._report(Finding(target.name, self.seed, number, small, verdict.kind, shown.detail or verdict.detail))
