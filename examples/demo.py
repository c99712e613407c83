"""Runs every example as a user would, `conduix run` in a process of its own, and prints what came of each.

Needs no terminal and reads no standard input. Ends with 0 only if every example ends as its header says.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from examples.fetch_data import DataMissing, fetch
from examples.listing import ROOT, Example, examples

CONDUIX = Path(sys.executable).with_name("conduix")
WIDTH = 140
"""Columns where there is no terminal: rich would assume 80, and break paths."""
STATE = ROOT / "out" / "state"
COLUMNS = ("in", "out", "filtered", "dead", "seconds", "exit")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one example ended; `summary` is what `conduix run --output json` printed, empty if it printed nothing."""

    example: Example
    code: int
    seconds: float
    summary: dict[str, Any] = field(default_factory=dict)

    @property
    def as_promised(self) -> bool:
        """Did it end with the code that its header names?"""
        return self.code == self.example.exits


def run(example: Example) -> Outcome:
    """Run it from the repository root; its progress and its complaints go straight to our standard error."""
    document = str(example.path.relative_to(ROOT))
    command = [str(CONDUIX), "run", document, "--fresh", "--state-dir", str(STATE / example.name), "--output", "json"]
    start = time.perf_counter()
    # the command line is built from our own files only
    ended = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)  # noqa: S603
    seconds = time.perf_counter() - start
    return Outcome(example, ended.returncode, seconds, json.loads(ended.stdout) if ended.stdout.strip() else {})


def table(outcomes: Sequence[Outcome]) -> Table:
    """A line an example: records in, out, filtered, dead, and where the output is."""
    made = Table("example", *COLUMNS, "output", title="conduix: examples on real data")
    for column in made.columns[1:7]:
        column.justify = "right"
    for outcome in outcomes:
        made.add_row(*_cells(outcome), style="" if outcome.as_promised else "red")
    return made


def _cells(outcome: Outcome) -> list[str]:
    """A cell a column; several outputs of one example stand below each other."""
    summary, code = outcome.summary, outcome.code
    ended = str(code) if outcome.as_promised else f"{code} instead of {outcome.example.exits}"
    outputs = [(_count(sink["records"]), sink["where"] or "") for sink in summary.get("out", {}).values()]
    if summary.get("dead"):
        outputs.append(("", f"{summary['dead_letters']} (dead letters)"))
    return [
        outcome.example.name,
        _count(summary.get("in")),
        "\n".join(records for records, _ in outputs),
        _count(summary.get("filtered")),
        _count(summary.get("dead")),
        f"{outcome.seconds:.1f}",
        ended,
        "\n".join(_short(where) for _, where in outputs),
    ]


def _count(number: int | None) -> str:
    """No summary, no number: a run that failed early."""
    return "?" if number is None else f"{number:,}"


def _short(where: str) -> str:
    return where.removeprefix(f"{ROOT}/")


def main() -> int:
    """Fetch, run, report. 0 all as promised, 1 not."""
    try:
        fetch()
    except DataMissing as error:
        sys.stderr.write(f"{error}\n")
        return 1
    chosen = examples()
    outcomes = []
    for number, example in enumerate(chosen, 1):
        sys.stderr.write(f"[{number}/{len(chosen)}] conduix run {example.path.relative_to(ROOT)} ({example.topic})\n")
        sys.stderr.flush()
        outcomes.append(run(example))
    console = Console()
    if not console.is_terminal:
        console.width = WIDTH
    console.print(table(outcomes))
    failed = [outcome.example.name for outcome in outcomes if not outcome.as_promised]
    if failed:
        sys.stderr.write(f"{len(failed)} of {len(outcomes)} did not end as their header says: {', '.join(failed)}\n")
        return 1
    console.print(f"All {len(outcomes)} examples ended as their headers say.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
