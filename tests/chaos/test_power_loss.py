"""Power is cut after every operation of a run's log; and the checker is shown to catch what forgets an fsync."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from conduix.engine.files import Files, Observer, Op
from conduix.engine.runtime.checkpoint import KEPT
from tests.chaos import orders
from tests.chaos.crashfs import materialise
from tests.chaos.driver import judge_by_hand, read_outputs
from tests.chaos.powerloss import OLD, STANDING, Broken, Check, Clean, make_clean, prepare, record

SEED = 5

EVERY_SINK = """\
name: chaos
sources:
  orders: {type: file, path: "${IN}", format: jsonl, split: {size: 4KiB, above: 0}}
transforms:
  active: {type: filter, inputs: [orders], condition: 'this.status == "active"'}
sinks:
  full: {type: file, inputs: [active], path: out/full.jsonl, mode: append}
  array: {type: file, inputs: [active], path: out/all.json}
  packed: {type: file, inputs: [active], path: out/all.jsonl.gz}
  parts: {type: file, inputs: [active], path: "out/parts/{shard}.jsonl", mkdir: true}
dlq: {type: file, path: out/dead.jsonl}
checkpoint: {interval: "${INTERVAL}"}
"""
"""What `full.jsonl` held before stays in front of it."""

pytestmark = pytest.mark.chaos


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Clean:
    directory = tmp_path_factory.mktemp("clean") / "run"
    made = make_clean(directory, 160, SEED)
    judge_by_hand(directory / "out", orders.expect(made.source))
    return made


def checked(clean: Clean, directory: Path, files: type[Files] = Files) -> Check:
    prepare(directory / "disk")
    recorder = record(clean.spec, directory / "disk", directory / "pool", 1_024, files)
    return Check(clean, recorder, 10_000)


def broken(results: Iterator[Broken | None]) -> list[Broken]:
    return [result for result in results if result is not None]


def test_every_prefix_of_the_log_recovers(clean: Clean, tmp_path: Path) -> None:
    check = checked(clean, tmp_path)
    replaced = [op for op in check.recorder.log if op.target.endswith(STANDING)]
    assert len(replaced) == 1
    assert check.recorder.durable_n(len(check.recorder.log)) >= KEPT, "too few checkpoints to forget one"
    assert broken(check.every_prefix(SEED)) == []


def test_every_prefix_of_a_recovery_recovers(clean: Clean, tmp_path: Path) -> None:
    check = checked(clean, tmp_path)
    images = list(check.images(SEED))
    _, _, left = Random(SEED).choice(images[len(images) // 2 :])
    materialise(left, check.recorder.root, check.recorder.pool)
    again = record(clean.spec, check.recorder.root, tmp_path / "pool-again", 6_000)
    assert broken(Check(clean, again, 20_000).every_prefix(SEED)) == []


class NoFsync(Files):
    """Forgets to fsync files."""

    def __init__(self, observer: Observer) -> None:
        super().__init__(lambda op: observer(op) if op.kind != "fsync" else None)


class NoDirectoryFsync(Files):
    """Forgets to fsync directories, so that names are lost."""

    def __init__(self, observer: Observer) -> None:
        super().__init__(lambda op: observer(op) if op.kind != "fsync_dir" else None)


class RenamesFirst(Files):
    """Gives a file its name before its bytes are durable."""

    def __init__(self, observer: Observer) -> None:
        late: dict[str, Op] = {}

        def observe(op: Op) -> None:
            if op.kind == "fsync":
                late[op.path] = op
                return
            observer(op)
            if op.kind == "rename" and op.path in late:
                observer(late.pop(op.path))

        super().__init__(observe)


@pytest.mark.parametrize("files", [NoFsync, NoDirectoryFsync, RenamesFirst])
def test_the_checker_catches_what_forgets(files: type[Files], clean: Clean, tmp_path: Path) -> None:
    assert any(itertools.islice(checked(clean, tmp_path, files).every_prefix(SEED), 400))


def test_every_kind_of_file_sink_recovers(tmp_path: Path) -> None:
    clean = make_clean(tmp_path / "clean", 60, SEED, document=EVERY_SINK)
    active = [order for order in _orders(clean.source) if order["status"] == "active"]
    outputs = read_outputs(tmp_path / "clean" / "out")
    assert outputs[STANDING] == OLD + outputs["all.jsonl.gz"]
    assert json.loads(outputs["all.json"]) == active == [json.loads(x) for x in outputs["all.jsonl.gz"].splitlines()]
    assert sum(name.startswith("parts/") for name in outputs) > 1
    assert broken(checked(clean, tmp_path).every_prefix(SEED)) == []


def _orders(source: Path) -> Iterator[dict[str, object]]:
    for line in source.read_bytes().splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue
