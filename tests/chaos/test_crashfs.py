"""The simulated disk forgets what a real one may forget, and nothing else."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from conduix.engine.files import Files
from tests.chaos.crashfs import Disk, Image, Recorder, materialise

pytestmark = pytest.mark.chaos


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    (tmp_path / "disk").mkdir()
    return Recorder(tmp_path / "disk", tmp_path / "pool")


def after(recorder: Recorder) -> Disk:
    disk = Disk(recorder.root, recorder.before)
    for op in recorder.log:
        disk.play(op)
    return disk


def content(image: Image, path: Path) -> bytes | None:
    inode = image.names.get(str(path))
    return None if inode is None else image.contents[inode]


def test_a_file_without_a_durable_name_is_gone_and_one_without_fsync_is_empty(recorder: Recorder) -> None:
    files, path = Files(recorder), recorder.root / "a"
    file = files.open(path)
    file.write(b"hello")
    assert content(after(recorder).worst(), path) is None
    files.fsync_dir(recorder.root)
    assert content(after(recorder).worst(), path) == b""
    file.fsync()
    file.write(b" world")
    assert content(after(recorder).worst(), path) == b"hello"
    file.close()


def test_a_rename_is_undone_until_the_directory_is_durable(recorder: Recorder) -> None:
    files, old, new = Files(recorder), recorder.root / "a.tmp", recorder.root / "a"
    file = files.open(old)
    file.write(b"hello")
    file.fsync()
    file.close()
    files.fsync_dir(recorder.root)
    files.rename(old, new)
    worst = after(recorder).worst()
    assert (content(worst, old), content(worst, new)) == (b"hello", None)
    files.fsync_dir(recorder.root)
    worst = after(recorder).worst()
    assert (content(worst, old), content(worst, new)) == (None, b"hello")


def test_what_is_in_a_lost_directory_is_lost(recorder: Recorder) -> None:
    (recorder.root / "kept").mkdir()
    recorder.before.names[str(recorder.root / "kept")] = 0
    files = Files(lambda op: recorder(op) if (op.kind, op.path) != ("fsync_dir", str(recorder.root)) else None)
    for name in ("kept", "lost"):
        files.mkdir(recorder.root / name)
        file = files.open(recorder.root / name / "a")
        file.fsync()
        file.close()
        files.fsync_dir(recorder.root / name)
    assert sorted(Path(name).name for name in after(recorder).worst().names) == ["a", "kept"]


def test_any_part_of_what_was_not_durable_may_survive(recorder: Recorder) -> None:
    files, path = Files(recorder), recorder.root / "a"
    file = files.open(path)
    file.write(b"one")
    file.fsync()
    files.fsync_dir(recorder.root)
    file.write(b"two")
    file.write(b"six")
    file.close()
    disk = after(recorder)
    seen = {content(disk.some(Random(seed)), path) for seed in range(200)}
    assert {b"one", b"onetwo", b"onetwosix", b"one\0\0\0six", b"onet"} <= seen
    assert all(image is not None and image.startswith(b"one") for image in seen)


def test_an_image_comes_back_with_the_inodes_that_it_had(recorder: Recorder) -> None:
    files, path = Files(recorder), recorder.root / "a"
    file = files.open(path)
    file.write(b"hello")
    file.fsync()
    file.close()
    files.fsync_dir(recorder.root)
    image, inode = after(recorder).worst(), path.stat().st_ino
    path.write_bytes(b"changed")
    (recorder.root / "later").mkdir()
    materialise(image, recorder.root, recorder.pool)
    assert (path.read_bytes(), path.stat().st_ino) == (b"hello", inode)
    assert [p.name for p in recorder.root.iterdir()] == ["a"]


def test_a_directory_is_renamed_with_what_was_durable_in_it(recorder: Recorder) -> None:
    files, old, new = Files(recorder), recorder.root / "a.tmp", recorder.root / "a"
    files.mkdir(old)
    files.open(old / "kept").close()
    files.fsync_dir(old)
    files.open(old / "lost").close()
    files.rename(old, new)
    assert set(after(recorder).worst().names) == {str(old), str(old / "kept")}
    files.fsync_dir(recorder.root)
    assert set(after(recorder).worst().names) == {str(new), str(new / "kept")}
