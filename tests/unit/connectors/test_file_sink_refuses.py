"""Where the file sink cannot write: what it says, and that it goes on once it can."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from conduix.engine.api import Shard
from conduix.errors import DiskError, SystemicError
from tests.unit.connectors.harness import barrier, begin, file_sink, finish, jsonl, later

# what cannot be written


async def start_fails(**options: Any) -> SystemicError:
    with pytest.raises(SystemicError) as caught:
        await file_sink(**options).start([Shard("s", {})])
    return caught.value


async def test_a_missing_directory_and_mkdir(tmp_path: Path) -> None:
    path = f"{tmp_path}/not/there/out.jsonl"
    error = await start_fails(path=path)
    assert f"the directory {tmp_path}/not/there is missing" in error.message
    assert f"mkdir -p {tmp_path}/not/there" in error.remedy
    sink = file_sink(path=path, mkdir=True)
    await begin(sink)
    await finish(sink)
    assert (tmp_path / "not/there/out.jsonl").exists()


async def test_paths_that_are_no_files(tmp_path: Path) -> None:
    (tmp_path / "dir").mkdir()
    (tmp_path / "file").touch()
    assert "it is a directory" in (await start_fails(path=f"{tmp_path}/dir", format="jsonl")).message
    assert "type: drop" in (await start_fails(path="/dev/null", format="jsonl")).remedy
    assert "file is missing" in (await start_fails(path=f"{tmp_path}/file/out.jsonl")).message


async def test_a_directory_that_vanishes(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    sink = file_sink(path=f"{tmp_path}/out/out.jsonl")
    handle = await sink.start([])
    (tmp_path / "out").rmdir()
    with pytest.raises(SystemicError, match="No such file or directory"):
        await sink.open(handle)
    with pytest.raises(SystemicError, match="is missing"):
        await sink.probe()
    (tmp_path / "out").mkdir()
    await sink.probe()
    await sink.open(handle)
    await finish(sink)
    assert os.listdir(tmp_path / "out") == ["out.jsonl"]


@dataclass
class SmallDisk:
    path: Path
    make_room: Callable[[], None]
    fills_up_for_all: bool
    """Or for each file alone?"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A disk of one MiB; where none may be mounted, no file may grow beyond one MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0:
        (disk / "ballast").write_bytes(bytes(300 * 1024))
        yield SmallDisk(disk, (disk / "ballast").unlink, fills_up_for_all=True)
        subprocess.run(["umount", "-l", str(disk)], check=True)
        return
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024 * 1024, limits[1]))
    yield SmallDisk(disk, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limits), fills_up_for_all=False)
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    signal.signal(signal.SIGXFSZ, ignored)


async def test_a_full_disk_loses_nothing_and_the_sink_goes_on(small_disk: SmallDisk) -> None:
    path = small_disk.path / "out.jsonl"
    sink = file_sink(path=str(path))
    handle = await begin(sink)
    line = b'"%s"' % (b"x" * 100_000)
    counted = 0
    error: DiskError | None = None
    while error is None:
        try:
            await sink.write(jsonl(line))
            handle = await barrier(sink, counted + 1)
            counted += 1
        except DiskError as caught:
            error = caught
    assert f"cannot write {path}.part" in error.message
    assert "the pipeline goes on by itself" in error.remedy
    if small_disk.fills_up_for_all:
        with pytest.raises(DiskError):
            await sink.probe()
    small_disk.make_room()
    await sink.probe()
    assert os.listdir(small_disk.path) == ["out.jsonl.part"]
    await sink.open(later(handle))
    await sink.write(jsonl(b"1"))
    await finish(sink)
    assert path.read_bytes() == (line + b"\n") * counted + b"1\n"
