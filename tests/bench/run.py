"""The benchmark: `conduix run` beside hand-written loops, alternately, whole processes, the minimum of several.

`python -m tests.bench [--records N] [--only W1,W4] [--repeat N] [--output DIR]` prints a table and writes JSON and
Markdown; `--memory` runs W1 and W2 over a 2 GB file and reports the peak. Ends with 1 if an output differs from the
loop's, if a run fails, or if memory is above its limit; never because a ratio is low (`test_gate.py` does that).
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.compare import difference
from tests.bench.gen import Orders, generate
from tests.bench.measure import Cost, RunFailed
from tests.bench.report import COLUMNS, Result, write
from tests.bench.workloads import WORKLOADS, Workload, run_conduix, run_loop

MEMORY_LIMIT = 200_000_000
BIG_FILE = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Round:
    """What one turn measured, the runs next to each other so that they see the same machine."""

    w1_loop: Cost
    loop: Cost
    ours: Cost


def bench(workload: Workload, orders: Orders, repeat: int, work: Path) -> Result:
    """Run the workload and its loops `repeat` times in turns, and compare what they wrote.

    Raises:
        RunFailed: one of the processes failed.
    """
    ours, theirs = work / f"{workload.name}-conduix.jsonl", work / f"{workload.name}-loop.jsonl"
    rounds = [_round(workload, orders, ours, theirs, work) for _ in range(repeat)]
    return Result(
        workload,
        orders.records,
        ours=reduce(Cost.least, (each.ours for each in rounds)),
        loop=reduce(Cost.least, (each.loop for each in rounds)),
        w1_loop=reduce(Cost.least, (each.w1_loop for each in rounds)),
        difference=difference(ours, theirs),
    )


def _round(workload: Workload, orders: Orders, ours: Path, theirs: Path, work: Path) -> Round:
    source = workload.source(orders)
    name = workload.loop or workload.name
    loop = run_loop(name, source, theirs, work)
    w1_loop = loop if name == "W1" else run_loop("W1", orders.jsonl, work / "w1-loop.jsonl", work)
    return Round(w1_loop, loop, run_conduix(workload.document, source, ours, work))


def peak_memory(workload: Workload, source: Path, work: Path) -> Cost:
    """One run over a big file; what counts is `peak`, in bytes."""
    target = work / f"{workload.name}-big.jsonl"
    cost = run_conduix(workload.document, source, target, work)
    target.unlink()
    return cost


def big_file(orders: Orders, size: int = BIG_FILE) -> Path:
    """A file of at least `size` bytes next to the orders, made of them again and again."""
    path = orders.jsonl.with_name(f"orders-{size}-bytes.jsonl")
    if path.exists():
        return path
    part = path.with_suffix(".part")
    with part.open("wb") as out:
        while out.tell() < size:
            # in pieces: a process that is started here is charged with the peak memory of this one
            with orders.jsonl.open("rb") as piece:
                shutil.copyfileobj(piece, out)
    part.replace(path)
    return path


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--only", type=_workloads, default=list(WORKLOADS.values()), help="W1,W4")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--output", type=Path, default=Path("build/bench"))
    parser.add_argument("--memory", action="store_true", help="a 2 GB file in at most 200 MB")
    return parser.parse_args(argv)


def _workloads(names: str) -> list[Workload]:
    wanted = names.upper().split(",")
    unknown = [name for name in wanted if name not in WORKLOADS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no workload {', '.join(unknown)}; there are {', '.join(WORKLOADS)}")
    return [WORKLOADS[name] for name in wanted]


def _speed(arguments: argparse.Namespace, work: Path, console: Console) -> bool:
    results = []
    for workload in arguments.only:
        orders = generate(arguments.records, arguments.output / "data", odd=workload.odd)
        console.print(f"{workload.name} {workload.title}: {arguments.repeat} times {orders.records:,} records")
        results.append(bench(workload, orders, arguments.repeat, work))
    table = Table(*COLUMNS, title=f"{arguments.records:,} records, minimum of {arguments.repeat}")
    for result in results:
        table.add_row(*result.row())
    console.print(table)
    for result in results:
        if result.difference is not None:
            console.print(f"{result.workload.name}: {result.difference}", markup=False, style="red")
    for path in write(results, arguments.output, arguments.repeat):
        console.print(f"written: {path}", markup=False)
    return all(result.difference is None for result in results)


def _memory(arguments: argparse.Namespace, work: Path, console: Console) -> bool:
    source = big_file(generate(200_000, arguments.output / "data"))
    fits = True
    for workload in (WORKLOADS["W1"], WORKLOADS["W2"]):
        cost = peak_memory(workload, source, work)
        fits = fits and cost.peak <= MEMORY_LIMIT
        console.print(
            f"{workload.name}: {source.stat().st_size / 1e9:.1f} GB in {cost.wall:.1f} s, {cost.cpu:.1f} CPU s, "
            f"peak {cost.peak / 1e6:.0f} MB of at most {MEMORY_LIMIT / 1e6:.0f} MB"
        )
    return fits


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is asked for; 0 if everything ended well and every output was right."""
    arguments = _arguments(argv)
    console = Console()
    if not console.is_terminal:
        console.width = 120  # rich would assume 80, and break words
    arguments.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="work-", dir=arguments.output) as work:
        try:
            fine = (_memory if arguments.memory else _speed)(arguments, Path(work), console)
        except RunFailed as error:
            console.print(str(error), markup=False, style="red")
            return 1
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
