"""The demo: one example after the other, a table at the end, and no kind word for one that ends differently."""

from __future__ import annotations

import io
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from examples import demo, fetch_data
from examples.listing import Example, examples


def page(*outcomes: demo.Outcome) -> str:
    console = Console(file=io.StringIO(), width=160)
    console.print(demo.table(outcomes))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.fixture
def chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Example]:
    """Two small examples in a root of their own; the demo writes there and not into the repository."""
    (tmp_path / "examples").mkdir()
    fetch_data.fetch(tmp_path / "examples" / "data")
    small = [example for example in examples() if example.name in {"reshape-cars", "dead-letters-planes"}]
    for example in small:
        shutil.copy(example.path, tmp_path / "examples")
    monkeypatch.setattr(demo, "ROOT", tmp_path)
    monkeypatch.setattr(demo, "STATE", tmp_path / "out" / "state")
    return examples(tmp_path / "examples")


def test_demo_prints_what_came_of_each_and_ends_with_0(
    chosen: list[Example], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "examples", lambda: chosen)
    assert demo.main() == 0
    out = capfd.readouterr().out
    lines = {line.split()[1]: line.split() for line in out.splitlines() if "-" in line and "│" in line}
    assert {"3,322", "3,252", "70", "3", "out/planes.jsonl"} <= set(lines["dead-letters-planes"])
    assert {"406", "0", "out/cars.jsonl"} <= set(lines["reshape-cars"])
    assert "out/planes-dead.jsonl (dead letters)" in out
    assert "All 2 examples ended as their headers say." in out


def test_demo_ends_with_1_and_names_the_example_that_broke_its_promise(
    chosen: list[Example], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "examples", lambda: [replace(example, exits=3) for example in chosen])
    assert demo.main() == 1
    said = capfd.readouterr()
    assert "0 instead of 3" in said.out
    assert "1 of 2 did not end as their header says: reshape-cars" in said.err


def test_an_example_that_fails_early_still_has_its_line(tmp_path: Path) -> None:
    outcome = demo.Outcome(Example(tmp_path / "broken.yaml", 0), code=2, seconds=0.1)
    assert not outcome.as_promised
    assert "2 instead of 0" in page(outcome)
