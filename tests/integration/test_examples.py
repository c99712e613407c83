"""Every example, run as a user runs it, writes what an independent computation says and ends with its header's code."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from examples.fetch_data import DATA, DATASETS, DataMissing, fetch, shipped
from examples.listing import Example, examples
from tests.integration.example_answers import ANSWERS, Answer, written

CONDUIX = Path(sys.executable).with_name("conduix")
EXAMPLES = {example.name: example for example in examples()}


@dataclass(frozen=True, slots=True)
class Run:
    folder: Path
    code: int
    summary: dict[str, Any]
    said: str


@pytest.fixture(scope="session")
def data() -> Path:
    fetch()
    return DATA


def run_example(example: Example, folder: Path, data: Path) -> Run:
    """Run it in an empty folder that looks like the repository root to it: paths in documents are relative."""
    (folder / "examples").mkdir(parents=True)
    (folder / "examples" / "data").symlink_to(data)
    document = shutil.copy(example.path, folder / "examples")
    ended = subprocess.run(
        [CONDUIX, "run", Path(document).relative_to(folder), "--state-dir", folder / "state", "--output", "json"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return Run(folder, ended.returncode, json.loads(ended.stdout or "{}"), ended.stderr)


def same(left: Any, right: Any) -> bool:
    """Equal as JSON: Python alone would take true for 1."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def assert_same_records(got: list[Any], wanted: list[Any]) -> None:
    # not one assert over both lists: pytest would spend minutes to explain how 336,776 records differ
    for number, (mine, theirs) in enumerate(zip(got, wanted, strict=False), 1):
        assert same(mine, theirs), f"record {number}: {mine} instead of {theirs}"
    assert len(got) == len(wanted)


def in_order_among(got: list[Any], candidates: list[Any]) -> bool:
    """Is `got` what remains of `candidates` when some are left out?"""
    rest = iter(candidates)
    return all(any(same(record, candidate) for candidate in rest) for record in got)


def test_every_example_has_a_computation_and_every_computation_an_example() -> None:
    assert ANSWERS.keys() == EXAMPLES.keys()


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_output_equals_the_independent_computation(name: str, tmp_path: Path, data: Path) -> None:
    answer = ANSWERS[name]()
    run = run_example(EXAMPLES[name], tmp_path / "root", data)
    assert run.code == EXAMPLES[name].exits, run.said
    files = {str(path.relative_to(run.folder)) for path in (run.folder / "out").rglob("*") if path.is_file()}
    assert files == answer.outputs.keys() | answer.dead.keys()
    check_records(run, answer)
    check_letters(run, answer)
    check_summary(run, answer)


def check_records(run: Run, answer: Answer) -> None:
    for file, records in answer.outputs.items():
        got = written(run.folder / file)
        if answer.sampled:
            assert in_order_among(got, records)
        else:
            assert_same_records(got, records)


def check_letters(run: Run, answer: Answer) -> None:
    for file, records in answer.dead.items():
        letters = written(run.folder / file)
        assert_same_records([payload(letter) for letter in letters], records)
        assert all(letter["code"] and letter["message"] and letter["stage"] for letter in letters)


def payload(letter: dict[str, Any]) -> Any:
    """The record as it entered the failing stage."""
    text = letter["payload"]
    return json.loads(base64.b64decode(text) if letter["payload_encoding"] == "base64" else text)


def check_summary(run: Run, answer: Answer) -> None:
    dead = sum(map(len, answer.dead.values()))
    assert run.summary["in"] == answer.read
    assert run.summary["dead"] == dead
    counted = sorted(sink["records"] for sink in run.summary["out"].values())
    assert counted == sorted(len(written(run.folder / file)) for file in answer.outputs)
    if not answer.sampled:
        assert run.summary["filtered"] == answer.filtered


def test_a_seeded_sample_keeps_its_share_and_is_the_same_in_every_run(tmp_path: Path, data: Path) -> None:
    example = EXAMPLES["delayed-flights"]
    first, second = (run_example(example, tmp_path / turn, data) for turn in ("first", "second"))
    kept = (first.folder / "out/delayed.jsonl").read_bytes()
    assert kept == (second.folder / "out/delayed.jsonl").read_bytes()
    candidates = len(ANSWERS["delayed-flights"]().outputs["out/delayed.jsonl"])
    # five standard deviations of a fair tenth; a sample that keeps nothing, all or twice as much is far outside
    slack = 5 * (candidates * 0.1 * 0.9) ** 0.5
    assert abs(kept.count(b"\n") - candidates * 0.1) < slack


def test_same_tells_apart_what_python_takes_for_equal() -> None:
    assert same({"a": [1, 2.0]}, {"a": [1.0, 2]})
    assert not same({"a": True}, {"a": 1})
    assert not same([1, 2], [1])
    assert not same({"a": None}, {})
    assert not in_order_among([2, 1], [1, 2, 3])


def test_fetch_copies_each_file_whole_and_copies_nothing_twice(tmp_path: Path) -> None:
    paths = fetch(tmp_path / "data")
    assert [path.read_bytes() for path in paths] == [shipped(dataset).read_bytes() for dataset in DATASETS]
    stamps = [path.stat().st_mtime_ns for path in paths]
    paths[0].write_bytes(b"half")
    fetch(tmp_path / "data")
    assert paths[0].read_bytes() == shipped(DATASETS[0]).read_bytes()
    assert [path.stat().st_mtime_ns for path in paths[1:]] == stamps[1:]


def test_a_missing_package_or_file_is_told_with_what_to_do() -> None:
    from examples.fetch_data import Dataset

    with pytest.raises(DataMissing, match=r"the package no_such_data is not installed.*pip install --no-deps"):
        shipped(Dataset("x.csv", "no_such_data", "x.csv"))
    with pytest.raises(DataMissing, match=r"does not ship _data/none.csv; install the pinned one"):
        shipped(Dataset("x.csv", "vega_datasets", "_data/none.csv"))


def test_fetching_imports_neither_package_nor_pandas() -> None:
    code = (
        "import sys, examples.fetch_data as f; f.fetch(); print(sorted({'pandas', 'vega_datasets'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_header_without_its_code_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "silent.yaml").write_text("# Shows nothing.\nname: silent\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"silent\.yaml: no header line `# exits: 0`"):
        examples(tmp_path)
