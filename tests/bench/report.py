"""What a benchmark run found, as a table, as JSON and as Markdown, with the facts of the machine that it ran on."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench.measure import Cost
from tests.bench.workloads import Workload

COLUMNS = ("work", "records/CPU s", "CPU s", "wall s", "peak MB", "of W1 loop", "goal", "of same loop", "output")
Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Result:
    """One workload: ours, the loop that does the same by hand, and the W1 loop that is everybody's measure."""

    workload: Workload
    records: int
    ours: Cost
    loop: Cost
    w1_loop: Cost
    difference: str | None
    """None: the output is the same as the loop's; else the first record that is not."""

    @property
    def ratio(self) -> float:
        """Records per CPU second, as a multiple of the W1 loop's."""
        return self.w1_loop.cpu / self.ours.cpu

    @property
    def same_work(self) -> float:
        """The same, as a multiple of the loop that does the same work."""
        return self.loop.cpu / self.ours.cpu

    def row(self) -> tuple[str, ...]:
        """In the order of `COLUMNS`."""
        return (
            f"{self.workload.name} {self.workload.title}",
            f"{self.records / self.ours.cpu:,.0f}",
            f"{self.ours.cpu:.2f}",
            f"{self.ours.wall:.2f}",
            f"{self.ours.peak / 1e6:.0f}",
            f"{self.ratio:.2f}",
            "" if self.workload.goal is None else f"{self.workload.goal:.2f}",
            f"{self.same_work:.2f}",
            "same" if self.difference is None else "DIFFERS",
        )

    def data(self) -> Facts:
        """For the JSON report; seconds and bytes."""
        return {
            "workload": self.workload.name,
            "records": self.records,
            "ratio_to_w1_loop": round(self.ratio, 3),
            "ratio_to_same_loop": round(self.same_work, 3),
            "goal": self.workload.goal,
            "conduix": _cost(self.ours),
            "same_loop": _cost(self.loop),
            "w1_loop": _cost(self.w1_loop),
            "difference": self.difference,
        }


def _cost(cost: Cost) -> Facts:
    return {"cpu_seconds": round(cost.cpu, 3), "wall_seconds": round(cost.wall, 3), "peak_bytes": cost.peak}


def machine() -> Facts:
    """What a reader must know to compare figures; `busy` is the load average of the last minute."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "cpu": _first("/proc/cpuinfo", "model name") or platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "memory": _first("/proc/meminfo", "MemTotal"),
        "system": platform.platform(),
        "python": sys.version.split()[0],
        "packages": {name: importlib.metadata.version(name) for name in ("conduix", "msgspec", "orjson")},
        "busy": round(os.getloadavg()[0], 2),
    }


def _first(file: str, key: str) -> str | None:
    path = Path(file)
    if not path.exists():  # not Linux
        return None
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), None)


def _commit() -> str | None:
    found = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return found.stdout.strip() or None


def markdown(results: Sequence[Result], facts: Facts, repeat: int) -> str:
    """A page of its own: the table, how it was measured, and on what."""
    machine_line = (
        f"{facts['cpu']}, {facts['cores']} cores, {facts['memory']}, {facts['system']}, Python {facts['python']}, "
        f"load {facts['busy']}, commit {facts['commit']}, {facts['at']}."
    )
    method = (
        f"Whole processes, minimum of {repeat}, in turns with the loops; checkpoints and metrics on. `of W1 loop` is "
        "records per CPU second as a multiple of the hand-written orjson loop that does W1; `of same loop`: of the one "
        "that does the same work. Outputs are compared as parsed JSON, record by record."
    )
    table = ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    table += ["| " + " | ".join(result.row()) + " |" for result in results]
    return "\n".join(["# Benchmark", "", machine_line, "", method, "", *table]) + "\n"


def write(results: Sequence[Result], directory: Path, repeat: int) -> list[Path]:
    """`bench.json` and `bench.md`; returns their paths."""
    facts = machine()
    document = {"machine": facts, "repeat": repeat, "results": [result.data() for result in results]}
    directory.mkdir(parents=True, exist_ok=True)
    paths = [directory / "bench.json", directory / "bench.md"]
    paths[0].write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    paths[1].write_text(markdown(results, facts, repeat), encoding="utf-8")
    return paths
