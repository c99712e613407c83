"""The results of a chaos run as a page of the documentation."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.chaos.cells import Cell
from tests.chaos.driver import Difference, Verdict

_COUNTED = ("kills", "stops", "restarts", "pauses", "power_cuts")
"""Fields of a verdict, in the order of the table."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A cell that was run. Either it has a verdict or an error."""

    cell: Cell
    verdict: Verdict | None
    seconds: float
    error: str
    difference: Difference

    def line(self) -> str:
        """For the terminal."""
        if self.verdict is None:
            return f"FAILED {self.cell.name} ({self.seconds:.1f} s): {self.error}"
        counts = {name: getattr(self.verdict, name) for name in _COUNTED}
        told = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items() if count)
        return f"ok {self.cell.name} ({self.seconds:.1f} s): {told}; {self.verdict.rereads.again:,} records read again"


_HEAD = """\
# Chaos, part 1: files in, files out

{records:,} orders, 1 % of them bad, are filtered, mapped, and fanned out into a file of JSON lines, a CSV file and
dead letters, with shards of 64 KiB and a checkpoint every 20 ms. `conduix run` is killed, made to fail, or denied the
disk; it is resumed with another batch size each time. Passed means: both files byte-identical to those of an
undisturbed run, which were held against a computation without Conduix; the same dead letters (but for their times); a
balanced ledger; no record read again that a complete checkpoint covers; exit status 3.

Where power is cut, over fewer orders, a log of what reached the disk is cut after each operation; what was not fsynced
is dropped, or a part of it kept.

`make chaos SEED={seed}`, {when}, {seconds:.0f} s on {machine}.
Lost and doubled are counted over both files and the dead letters. "Again" are records read more than once, for each
kill, stop, restart and pause: on average, and at most (of a cell's mean). A slowed save makes the interval longer.

| what | cells | passed | kill -9 | SIGTERM | restarts | pauses | power cuts | lost | doubled | again | at most |
|---|---|---|---|---|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Session:
    """What was run."""

    records: int
    seed: int
    drawn: int
    """Cells; fewer outcomes mean that the budget was spent."""
    seconds: float


def write_report(path: Path, outcomes: Sequence[Outcome], session: Session) -> None:
    """Write the page."""
    when = datetime.now(UTC).date().isoformat()
    text = _HEAD.format(
        records=session.records, seed=session.seed, seconds=session.seconds, when=when, machine=machine()
    )
    rows = dict.fromkeys(outcome.cell.row for outcome in outcomes)
    text += "".join(_row(row, [o for o in outcomes if o.cell.row == row]) for row in rows)
    text += _row("**all**", outcomes)
    if left := session.drawn - len(outcomes):
        text += f"\nThe budget was spent: {left} of {session.drawn} cells were not run.\n"
    text += "".join(f"\n**FAILED** `{o.cell.name}`: {o.error.splitlines()[0][:300]}\n" for o in outcomes if o.error)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _row(row: str, outcomes: Sequence[Outcome]) -> str:
    verdicts = [outcome.verdict for outcome in outcomes if outcome.verdict is not None]
    counted = [sum(getattr(verdict, name) for verdict in verdicts) for name in _COUNTED]
    lost, doubled = sum(o.difference.lost for o in outcomes), sum(o.difference.doubled for o in outcomes)
    most = max((verdict.rereads.again // _disturbances([verdict]) for verdict in verdicts), default=0)
    each = sum(verdict.rereads.again for verdict in verdicts) // _disturbances(verdicts)
    numbers = (len(outcomes), len(verdicts), *counted, lost, doubled, each, most)
    return f"| {row} | {' | '.join(f'{number:,}' for number in numbers)} |\n"


def _disturbances(verdicts: Sequence[Verdict]) -> int:
    """After which something may be read again; at least 1, to divide by."""
    return max(1, sum(v.kills + v.stops + v.restarts + v.pauses for v in verdicts))


def machine() -> str:
    """On what it was measured, for people."""
    return f"{platform.machine()}, Python {platform.python_version()}, Linux {platform.release().split('-')[0]}"
