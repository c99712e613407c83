"""`python -m tests.fuzz [--minutes N] [--seed S] [--only NAME]`: fuzz the mapping language, and tell what came of it.

Findings are written as JSON into `--folder`; `--replay FILE` runs one again. The exit status is 1 if there are some.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tests.fuzz import learned
from tests.fuzz.guard import judge
from tests.fuzz.session import Session, summary
from tests.fuzz.targets import TARGETS

ROOT = Path(__file__).resolve().parents[2]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="wall clock")
    parser.add_argument("--seed", type=int, default=1, help="the same seed draws the same cases")
    parser.add_argument("--only", action="append", choices=[*TARGETS], metavar="NAME", help=f"of {', '.join(TARGETS)}")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "fuzz", help="where findings are written")
    parser.add_argument("--json", type=Path, help="where the table is written as JSON")
    parser.add_argument("--replay", type=Path, nargs="+", help="run these findings again, and nothing else")
    return parser.parse_args()


def main() -> int:
    """Fuzz, or replay."""
    args = _arguments()
    console = Console()
    if args.replay:
        return max(_replay(console, path) for path in args.replay)
    session = Session([TARGETS[name] for name in args.only or TARGETS], args.seed, args.folder)
    learned.knowledge()  # once, before workers are forked
    began = time.monotonic()
    _run(console, session, args.minutes * 60)
    told = summary(session, time.monotonic() - began)
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    console.print(_table(told))
    for path in session.files:
        console.print(f"finding: python -m tests.fuzz --replay {path}", soft_wrap=True)
    return 1 if session.files else 0


def _run(console: Console, session: Session, seconds: float) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TextColumn("{task.fields[told]}"))
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("fuzzing", total=seconds, told="")

        def tell(gone: float, name: str) -> None:
            told = f"{session.executions:,} cases, {len(session.files)} findings, now {name}"
            progress.update(task, completed=min(gone, seconds), told=told)

        session.run(seconds, tell)


def _table(told: dict[str, Any]) -> Table:
    table = Table(title=f"{told['executions']:,} cases in {told['seconds'] / 60:.1f} min, seed {told['seed']}")
    for column in ("target", "cases", "CPU s", "slowest ms", "what came of it"):
        table.add_column(column, justify="left" if column in {"target", "what came of it"} else "right")
    for name, row in told["targets"].items():
        came = ", ".join(f"{label} {count:,}" for label, count in row["came_of_it"].items())
        table.add_row(name, f"{row['executions']:,}", f"{row['cpu_seconds']}", f"{row['slowest_ms']}", came)
    return table


def _replay(console: Console, path: Path) -> int:
    finding = json.loads(path.read_text(encoding="utf-8"))
    verdict = judge(TARGETS[finding["target"]], finding["case"])
    for key, value in finding["case"].items():
        console.print(f"{key}: {value}", markup=False, highlight=False)
    console.print(f"{path.name}: {verdict.kind or verdict.label}\n{verdict.detail}", markup=False, highlight=False)
    return 1 if verdict.kind else 0


if __name__ == "__main__":
    sys.exit(main())
