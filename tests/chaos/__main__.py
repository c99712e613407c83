"""`make chaos`: draws cells by seed until the budget is spent, and writes down what came of them.

`ONLY` is a regular expression over the cells' names, `SEED` draws: both together replay one cell.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import time
from pathlib import Path
from random import Random

from conduix.spec.units import parse_duration
from tests.chaos.cells import Bench, Cell, Impossible, all_cells
from tests.chaos.driver import Difference, Reference, Scale, difference, make_reference, read_outputs
from tests.chaos.report import Outcome, Session, write_report

ROOT = Path(__file__).resolve().parents[2]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--budget", type=parse_duration, default=40 * 60.0, help="time for all cells, as 40m")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=re.compile, default=re.compile(""), help="a regular expression over cell names")
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "chaos")
    parser.add_argument("--report", type=Path, help="where to write the results (Markdown)")
    return parser.parse_args()


def main() -> int:
    """Run the drawn cells; 1 if one of them failed."""
    args = _arguments()
    drawn = draw([cell for cell in all_cells(args.seed) if args.only.search(cell.name)], args.seed)
    began = time.monotonic()
    reference = make_reference(Scale(args.records), args.seed, args.work)
    outcomes = []
    for cell in drawn:
        if time.monotonic() - began > args.budget:
            break
        outcomes.append(_run(cell, reference, args.work, args.seed))
        print(outcomes[-1].line(), flush=True)  # noqa: T201 - progress of a program
    failed = [outcome for outcome in outcomes if outcome.error]
    if args.report:
        session = Session(args.records, args.seed, len(drawn), time.monotonic() - began)
        write_report(args.report, outcomes, session)
    for outcome in failed:
        print(f"replay: make chaos SEED={args.seed} ONLY='^{outcome.cell.name}$'")  # noqa: T201
    return 1 if failed else 0


def draw(cells: list[Cell], seed: int) -> list[Cell]:
    """In an order by seed, one of every row first: whatever the budget, no row is left out."""
    shuffled = Random(seed).sample(cells, len(cells))
    first = {cell.row: cell for cell in reversed(shuffled)}
    return [*first.values(), *(cell for cell in shuffled if cell not in first.values())]


def _run(cell: Cell, reference: Reference, work: Path, seed: int) -> Outcome:
    directory = work / re.sub(r"\W+", "-", cell.name)
    began = time.monotonic()
    verdict, failure = None, ""
    try:
        verdict = cell.execute(Bench(reference, directory, Random(f"{seed} {cell.name}")))
    except (AssertionError, Impossible) as error:
        failure = str(error) or repr(error)
    seconds = time.monotonic() - began
    different = Difference(0, 0)  # what passed was compared byte by byte
    if failure and (directory / "out").is_dir():
        different = difference(read_outputs(directory / "out"), reference.outputs)
    outcome = Outcome(cell, verdict, seconds, failure, different)
    if verdict is not None:  # what failed is left to be looked into
        shutil.rmtree(directory)
    return outcome


if __name__ == "__main__":
    sys.exit(main())
