"""Power is cut after every operation of a run's log; and the checker is shown to catch what forgets an fsync."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from conduix.engine.files import Files, Observer, Op
from tests.chaos.powerloss import OLD, Broken, Check, Clean, make_clean, record

SEED = 5

pytestmark = pytest.mark.chaos


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Clean:
    return make_clean(tmp_path_factory.mktemp("clean") / "run", 250, SEED)


def broken(clean: Clean, directory: Path, files: type[Files] = Files) -> Iterator[Broken | None]:
    recorder = record(clean.spec, directory, 4_096, files)
    return Check(clean, recorder, 10_000).every_prefix(SEED)


def test_every_prefix_of_the_log_recovers(clean: Clean, tmp_path: Path) -> None:
    results = list(broken(clean, tmp_path))
    assert [result for result in results if result] == []
    assert len(results) > 100


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
    assert any(itertools.islice(broken(clean, tmp_path, files), 400))


def test_an_old_output_stands_until_the_new_one_is_whole(clean: Clean, tmp_path: Path) -> None:
    recorder = record(clean.spec, tmp_path, 4_096)
    replaced = [op for op in recorder.log if op.target.endswith("full.jsonl")]
    assert len(replaced) == 1
    assert (tmp_path / "disk" / "out" / "full.jsonl").read_bytes() == clean.outputs["full.jsonl"] != OLD
