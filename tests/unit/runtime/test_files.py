"""The real file source and sink under every failpoint: byte-identical, one restart."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import pytest

from conduix.engine import failpoints
from conduix.engine.catalog import default_catalog
from conduix.engine.failpoints import NAMES
from conduix.spec.model import CheckpointSpec, PipelineSpec, Role
from tests.unit.runtime.doubles import CountOptions
from tests.unit.runtime.flows import Line, arm, node, pipeline, run
from tests.unit.runtime.test_rewind import ONCE_A_PROCESS
from tests.unit.runtime.world import World

RECORDS = [f'{{"i":{i},"text":"{"x" * (i % 50)}"}}' for i in range(3000)]


def options(role: Role, **given: object) -> object:
    entry = default_catalog().find(role, "file")
    assert entry is not None
    return entry.options.model_validate(given)


def copying(directory: Path) -> PipelineSpec:
    """file (cut into ranges) → count → jsonl and csv.gz; barriers follow each other without a pause."""
    (directory / "in.jsonl").write_text("\n".join(RECORDS) + "\n")
    source = options("source", path=str(directory / "in.jsonl"), split={"size": "16KiB", "above": "16KiB"})
    plain = options("sink", path=str(directory / "out.jsonl"))
    packed = options("sink", path=str(directory / "out.csv.gz"), csv_columns=["i", "text"])
    nodes = [
        node("in", "source", "file", source),  # type: ignore[arg-type]
        node("copy", "stage", "copy", CountOptions(), ["in"]),
        node("plain", "sink", "file", plain, ["copy"]),  # type: ignore[arg-type]
        node("packed", "sink", "file", packed, ["copy"]),  # type: ignore[arg-type]
    ]
    spec = pipeline(nodes)
    return replace(spec, checkpoint=CheckpointSpec.model_construct(interval=1e-9, timeout=600.0))


CELLS = [
    pytest.param(name, k, marks=[pytest.mark.slow] if k == 2 else [])
    for name in NAMES
    for k in (1, 2)
    if k == 1 or name not in ONCE_A_PROCESS
    if name not in {"checkpoint.prepared", "commit.done"} or k == 1
]


@pytest.mark.parametrize(("name", "k"), CELLS)
async def test_files_are_the_same_after_a_failure_anywhere(
    name: str, k: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONDUIX_BATCH_BYTES", "2000")
    spec = copying(tmp_path)
    arm(f"{name}:{k}=raise")
    line = Line()
    status = await run(spec, World(1), tmp_path / "state", link=line)
    assert not failpoints._armed, f"{name} was not passed {k} times"
    assert status.state == "COMPLETED", status.detail
    assert status.restarts == 1
    assert (tmp_path / "out.jsonl").read_text() == (tmp_path / "in.jsonl").read_text()
    assert packed_rows(tmp_path / "out.csv.gz") == [f"{i},{'x' * (i % 50)}" for i in range(3000)]
    assert {n: c.passed for n, c in status.ledger.items() if n != "dlq"} == dict.fromkeys(
        ("in", "copy", "plain", "packed"), 3000
    )


def packed_rows(path: Path) -> list[str]:

    header, *rows = gzip.decompress(path.read_bytes()).decode().splitlines()
    assert header == "i,text"
    return rows
