"""The workloads of the benchmark and the commands that do them: ours, and the hand-written loops beside it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.bench.gen import Orders
from tests.bench.measure import Cost, measure

HERE = Path(__file__).resolve().parent
HAND_LOOP = HERE / "handloop.py"


@dataclass(frozen=True, slots=True)
class Workload:
    """One kind of work, as a document under `workloads/` and as a hand-written loop."""

    name: str
    title: str
    goal: float | None
    """Records per CPU second, as a multiple of the W1 loop's, that the project wants to reach (W1 first: 1.3)."""
    reads_csv: bool = False
    odd: float = 0.0
    """Share of the orders that do not fit what is decoded for the mapping."""
    loop: str = ""
    """The workload whose loop does the same; empty: its own."""
    pipeline: str = ""
    """The name of the document; empty: the workload's own."""

    @property
    def document(self) -> Path:
        """The pipeline; it takes `IN` and `OUT` from the environment."""
        return HERE / "workloads" / f"{self.pipeline or self.name.lower()}.yaml"

    def source(self, orders: Orders) -> Path:
        """The file it reads."""
        return orders.csv if self.reads_csv else orders.jsonl


# the goals are six, five, two and four times the tuned peer (docs/performance.md), written as multiples of the W1 loop
WORKLOADS: Mapping[str, Workload] = {
    workload.name: workload
    for workload in (
        Workload("W1", "filter, eight fields", 1.73),
        Workload("W2", "pass through", 5.55),
        Workload("W4", "CSV to JSON lines", 1.27, reads_csv=True),
        Workload("W6", "whole record, three edits", 1.04),
        Workload("W7", "heavy mapping", 0.79),
        *(
            Workload(
                f"W1-{percent}{sort}", f"{percent} % do not fit{title}", None, False, percent / 100, "W1", document
            )
            for percent in (1, 10)
            for sort, title, document in (("", "", "w1"), ("G", ", general path", "w1-general"))
        ),
    )
}


def run_conduix(document: Path, source: Path, target: Path, work: Path) -> Cost:
    """`conduix run` as a user types it: default checkpoints, metrics served on a free port, state in a fresh place."""
    state = work / f"state-{target.stem}"
    command = [
        str(Path(sys.executable).with_name("conduix")),
        "run",
        str(document),
        "--fresh",
        "--state-dir",
        str(state),
        "--metrics-port",
        "0",
    ]
    return measure(command, {"IN": str(source), "OUT": str(target)}, work / f"{target.stem}.log")


def run_loop(name: str, source: Path, target: Path, work: Path) -> Cost:
    """The hand-written loop of that name, as a script of its own."""
    command = [sys.executable, str(HAND_LOOP), name.lower(), str(source), str(target)]
    return measure(command, {}, work / f"{target.stem}.log")
