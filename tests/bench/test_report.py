"""What the report says of given measurements."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bench.measure import Cost
from tests.bench.report import COLUMNS, Result, write
from tests.bench.run import main
from tests.bench.workloads import WORKLOADS

RESULT = Result(
    WORKLOADS["W4"],
    1_000_000,
    ours=Cost(cpu=2.0, wall=2.5, peak=60_000_000),
    loop=Cost(cpu=3.0, wall=3.5, peak=20_000_000),
    w1_loop=Cost(cpu=5.0, wall=5.5, peak=20_000_000),
    difference=None,
)


def test_ratios_are_records_per_cpu_second_as_multiples_of_the_loops() -> None:
    row = dict(zip(COLUMNS, RESULT.row(), strict=True))
    assert row["of W1 loop"] == "2.50"
    assert row["of same loop"] == "1.50"
    assert row["records/CPU s"] == "500,000"
    assert row["peak MB"] == "60"
    assert row["output"] == "same"


def test_the_least_cost_keeps_the_largest_memory() -> None:
    assert Cost(1.0, 9.0, 100).least(Cost(2.0, 3.0, 50)) == Cost(1.0, 3.0, 100)


def test_both_reports_hold_every_result_and_the_machine(tmp_path: Path) -> None:
    data, page = write([RESULT], tmp_path, repeat=5)
    document = json.loads(data.read_text(encoding="utf-8"))
    assert document["results"][0]["ratio_to_w1_loop"] == 2.5
    assert document["machine"]["cores"] >= 1
    assert document["machine"]["packages"].keys() >= {"msgspec", "orjson"}
    text = page.read_text(encoding="utf-8")
    assert "| W4 CSV to JSON lines | 500,000 |" in text
    assert document["machine"]["cpu"] in text


def test_an_unknown_workload_is_named_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--only", "W1,W9"])
    assert "no workload W9; there are W1, W2" in capsys.readouterr().err
