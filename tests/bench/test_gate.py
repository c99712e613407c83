"""The speed gate: what `conduix run` does per CPU second, as a multiple of a hand-written loop that runs beside it.

Ratios, never absolute times: a busy machine slows both. The runs alternate, the minimum counts, because noise only ever
adds: of three, and where that is below the gate of six and nine, for what is slow by itself stays slow. Starting Python
and the engine costs the same for ten records and for ten million, so it is measured with one record and left out: what
is gated is the cost of a record.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import pytest

from tests.bench.compare import difference
from tests.bench.gen import Orders, generate, orders
from tests.bench.measure import Cost, RunFailed, measure
from tests.bench.run import bench, big_file
from tests.bench.workloads import WORKLOADS, Workload, run_conduix, run_loop

RECORDS = 200_000
REPEAT = 3
TRIES = 3

THRESHOLDS = {"W1": 1.0, "W2": 2.0, "W4": 0.75, "W6": 0.45, "W7": 0.35}
"""Records per CPU second as a multiple of the W1 loop's, start-up left out: half to two thirds of what quiet cores show
(`docs/results/bench-part1.md`), because two neighbours on one core cost more than that. A path that falls back from
compiled code to the interpreter, or that parses what nobody reads, is far below."""


@dataclass(frozen=True, slots=True)
class Start:
    """What one record costs: the start of the process."""

    loop: Cost
    ours: Cost


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Orders:
    return generate(RECORDS, tmp_path_factory.mktemp("orders"))


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Start:
    work = tmp_path_factory.mktemp("start")
    one = generate(1, work)
    w1 = WORKLOADS["W1"]
    ours = [run_conduix(w1.document, one.jsonl, work / "ours.jsonl", work) for _ in range(REPEAT)]
    loop = [run_loop("w1", one.jsonl, work / "loop.jsonl", work) for _ in range(REPEAT)]
    return Start(reduce(Cost.least, loop), reduce(Cost.least, ours))


@pytest.mark.bench
@pytest.mark.parametrize("name", sorted(THRESHOLDS))
def test_cost_of_a_record_stays_below_the_gate(name: str, sample: Orders, start: Start, tmp_path: Path) -> None:
    loop, ours = [], []
    for _ in range(TRIES):
        result = bench(WORKLOADS[name], sample, REPEAT, tmp_path)
        assert result.difference is None
        loop.append(result.w1_loop)
        ours.append(result.ours)
        if (ratio := _ratio(reduce(Cost.least, loop), reduce(Cost.least, ours), start)) >= THRESHOLDS[name]:
            return
    pytest.fail(f"{name}: {ratio:.2f} of the W1 loop, the gate is {THRESHOLDS[name]}")


def _ratio(loop: Cost, ours: Cost, start: Start) -> float:
    # a pass-through costs little more than its start: noise must not turn that little into nothing
    return (loop.cpu - start.loop.cpu) / max(ours.cpu - start.ours.cpu, 0.01)


@pytest.mark.bench
def test_memory_does_not_grow_with_the_file(sample: Orders, tmp_path: Path) -> None:
    """Seven times the data, at most a fifth more memory; `python -m tests.bench --memory` does it with 2 GB."""
    big = big_file(sample, 7 * sample.jsonl.stat().st_size)
    peaks = [
        run_conduix(WORKLOADS["W1"].document, source, tmp_path / "out.jsonl", tmp_path).peak
        for source in (sample.jsonl, big)
    ]
    assert peaks[1] <= 1.2 * peaks[0], f"{peaks[0] / 1e6:.0f} MB, then {peaks[1] / 1e6:.0f} MB"


def test_orders_are_the_same_in_every_run_and_as_described() -> None:
    first = list(orders(20_000))
    assert first == list(orders(20_000))
    assert first != list(orders(20_000, seed=1))
    size = sum(len(line.encode()) for line, _ in first) / len(first)
    assert 335 <= size <= 350
    inactive = sum('"status":"inactive"' in line for line, _ in first)
    assert 0.09 <= inactive / len(first) <= 0.11
    repeated = len(first) - len({row.partition(",")[0] for _, row in first})
    assert 0.04 <= repeated / len(first) <= 0.06


def test_bad_orders_are_as_many_as_asked_for() -> None:
    bad = sum('"currency":999' in line for line, _ in orders(20_000, bad=0.01))
    assert 120 <= bad <= 280


def test_odd_orders_are_as_many_as_asked_for_and_nothing_else_is() -> None:
    made = [line for line, _ in orders(20_000, odd=0.1)]
    odd = [line for line in made if '"discount":"none"' in line]
    assert 1_700 <= len(odd) <= 2_300
    assert all('"status":"inactive"' in line for line in odd)


@pytest.mark.parametrize("workload", WORKLOADS.values(), ids=lambda workload: workload.name)
def test_every_workload_has_its_document_and_its_loop(workload: Workload, tmp_path: Path) -> None:
    made = generate(50, tmp_path)
    assert workload.document.is_file()
    run_loop(workload.loop or workload.name, workload.source(made), tmp_path / "loop.jsonl", tmp_path)
    assert (tmp_path / "loop.jsonl").stat().st_size > 0


def test_comparison_finds_what_differs_and_forgives_what_json_forgives(tmp_path: Path) -> None:
    left, right = tmp_path / "left", tmp_path / "right"

    def compared(ours: bytes, theirs: bytes) -> str | None:
        left.write_bytes(ours)
        right.write_bytes(theirs)
        return difference(left, right)

    assert compared(b'{"a":1,"b":2}\n', b'{"b":2.0,"a":1}\n') is None
    assert "record 2" in str(compared(b"1\n2\n", b"1\n3\n"))
    assert "ends before record 2" in str(compared(b"1\n", b"1\n2\n"))
    assert "half a line" in str(compared(b"1\n2", b"1\n2\n"))
    assert "record 1" in str(compared(b"{\n", b"{}\n"))


def test_a_run_that_fails_is_no_measurement(tmp_path: Path) -> None:
    with pytest.raises(RunFailed, match=r"(?s)ended with 3:.*no luck"):
        measure(["sh", "-c", "echo no luck; exit 3"], {}, tmp_path / "log")
