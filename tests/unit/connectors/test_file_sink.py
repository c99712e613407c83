"""The file sink on real files: what stands there at every moment, and what a handle brings back."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import resource
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conduix.engine.api import CommittingSink, Handle, Shard
from conduix.engine.files import Files, Op
from conduix.errors import DiskError, StateError, SystemicError, UsageError, WrittenDataGone
from tests.unit.connectors.harness import begin, context, file_sink, finish, jsonl, rows, run


def later(handle: Handle) -> Handle:
    """A handle as a checkpoint gives it back."""
    restored: Handle = json.loads(json.dumps(handle))
    return restored


async def barrier(sink: CommittingSink, n: int = 1) -> Handle:
    prepared = await sink.prepare(n, final=False)
    assert not prepared.pending
    return later(prepared.handle)


# overwrite, committed


async def test_the_old_file_stands_until_the_last_commit(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_bytes(b"old\n")
    sink = file_sink(path=str(path))
    await begin(sink)
    await sink.write(jsonl(b"1", b"2"))
    await barrier(sink)
    prepared = await sink.prepare(2, final=True)
    assert prepared.pending
    assert (path.read_bytes(), (tmp_path / "out.jsonl.part").read_bytes()) == (b"old\n", b"1\n2\n")
    for _ in range(2):  # repeated after a crash
        await sink.commit(2, later(prepared.handle))
        assert path.read_bytes() == b"1\n2\n"
        assert os.listdir(tmp_path) == ["out.jsonl"]


async def test_nothing_written_makes_an_empty_file(tmp_path: Path) -> None:
    for name, content in (("out.jsonl", b""), ("out.json", b"[]\n"), ("out.txt", b"")):
        sink = file_sink(path=f"{tmp_path}/{name}")
        await begin(sink)
        await finish(sink)
        assert (tmp_path / name).read_bytes() == content
    sink = file_sink(path=f"{tmp_path}/out.csv", csv_columns=["a", "b"])
    await begin(sink)
    await finish(sink)
    assert (tmp_path / "out.csv").read_bytes() == b"a,b\n"


async def test_start_touches_nothing(tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_bytes(b"old\n")
    (tmp_path / "out.jsonl.part").write_bytes(b"left by another run\n")
    sink = file_sink(path=f"{tmp_path}/out.jsonl")
    handle = await sink.start([])
    assert handle["lengths"] == {f"{tmp_path}/out.jsonl": 0}
    assert (tmp_path / "out.jsonl.part").read_bytes() == b"left by another run\n"
    await sink.open(handle)
    assert (tmp_path / "out.jsonl.part").read_bytes() == b""


@settings(max_examples=60, deadline=None)
@given(
    written=st.lists(st.integers(0, 5), min_size=1, max_size=8),
    crashes=st.lists(st.tuples(st.integers(0, 7), st.integers(0, 40)), max_size=5),
    name=st.sampled_from(["out.jsonl", "out.json", "out.csv", "out.jsonl.gz"]),
)
def test_crashes_between_barriers(
    tmp_path_factory: pytest.TempPathFactory, written: list[int], crashes: list[tuple[int, int]], name: str
) -> None:
    """A barrier after each batch. A crash leaves the part whole or with a torn tail; then the last handle is taken."""
    directory = tmp_path_factory.mktemp("out")
    run(_write_with_crashes(directory / name, written, crashes))
    values = [{"i": i, "j": j, "text": 'a,"\n'} for i, count in enumerate(written) for j in range(count)]
    assert read_values(directory / name) == values
    assert os.listdir(directory) == [name]


async def _write_with_crashes(path: Path, written: list[int], crashes: list[tuple[int, int]]) -> None:
    sink = file_sink(path=str(path))
    handle = await begin(sink)
    pending = dict(crashes)
    i = 0
    while i < len(written):
        values = [{"i": i, "j": j, "text": 'a,"\n'} for j in range(written[i])]
        if values:
            body = rows(*values) if ".csv" in path.name else jsonl(*(json.dumps(v).encode() for v in values))
            await sink.write(body)
        if (torn := pending.pop(i, None)) is not None:
            await sink.close()
            part = path.with_name(path.name + ".part")
            keep = max(handle["lengths"][str(path)], part.stat().st_size - torn)
            os.truncate(part, keep)
            sink = file_sink(path=str(path))
            await sink.open(handle)
            await sink.discard_after(handle)
            continue
        handle = await barrier(sink)
        i += 1
    await finish(sink)


def read_values(path: Path) -> list[Any]:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if path.suffix == ".json":
        values: list[Any] = json.loads(content)
        return values
    if path.suffix == ".csv":
        records = csv.DictReader(io.StringIO(content.decode(), newline=""))
        return [{"i": int(r["i"]), "j": int(r["j"]), "text": r["text"]} for r in records]
    return [json.loads(line) for line in content.splitlines()]


async def test_a_shorter_part_is_told_with_both_numbers(tmp_path: Path) -> None:
    sink = file_sink(path=f"{tmp_path}/out.jsonl")
    await begin(sink)
    await sink.write(jsonl(b"1", b"2"))
    handle = await barrier(sink)
    await sink.close()
    os.truncate(tmp_path / "out.jsonl.part", 3)
    with pytest.raises(WrittenDataGone, match="has 3 bytes, but 4 bytes were written"):
        await sink.open(handle)
    (tmp_path / "out.jsonl.part").unlink()
    with pytest.raises(WrittenDataGone, match="is gone, but 4 bytes"):
        await sink.open(handle)
    assert os.listdir(tmp_path) == []


async def test_a_commit_never_takes_the_part_of_a_later_run(tmp_path: Path) -> None:
    path, part = tmp_path / "out.jsonl", tmp_path / "out.jsonl.part"
    sink = file_sink(path=str(path))
    await begin(sink)
    await sink.write(jsonl(b"1"))
    prepared = await sink.prepare(1, final=True)
    await sink.commit(1, prepared.handle)
    for stale in (b"half of a later run", b"2\n"):
        part.write_bytes(stale)
        await sink.commit(1, later(prepared.handle))
        assert (path.read_bytes(), part.read_bytes()) == (b"1\n", stale)


async def test_a_commit_whose_output_is_gone(tmp_path: Path) -> None:
    path, part = tmp_path / "out.jsonl", tmp_path / "out.jsonl.part"
    path.write_bytes(b"the old output\n")
    sink = file_sink(path=str(path))
    await begin(sink)
    await sink.write(jsonl(b"1"))
    prepared = await sink.prepare(1, final=True)
    os.truncate(part, 1)
    with pytest.raises(WrittenDataGone, match=r"2 bytes were written, out.jsonl.part has 1, out.jsonl has 15"):
        await sink.commit(1, prepared.handle)
    assert path.read_bytes() == b"the old output\n"


async def test_the_order_of_durability(tmp_path: Path) -> None:
    seen: list[Op] = []
    sink = file_sink(context(files=Files(seen.append)), path=f"{tmp_path}/out.jsonl")
    await begin(sink)
    await sink.write(jsonl(b"1"))
    prepared = await sink.prepare(1, final=True)
    before = [op.kind for op in seen]
    assert before[-3:] == ["write", "fsync", "fsync_dir"]
    await sink.commit(1, prepared.handle)
    assert [op.kind for op in seen][len(before) :] == ["rename", "fsync_dir"]
    # a repeated commit makes the name durable again, because the crash may have come before that
    await sink.commit(1, prepared.handle)
    assert [op.kind for op in seen][-1] == "fsync_dir"


async def test_an_idle_barrier_costs_no_fsync(tmp_path: Path) -> None:
    seen: list[Op] = []
    sink = file_sink(context(files=Files(seen.append)), path=f"{tmp_path}/out.jsonl")
    await begin(sink)
    await sink.write(jsonl(b"1"))
    await barrier(sink, 1)
    so_far = len(seen)
    await barrier(sink, 2)
    assert len(seen) == so_far
    await sink.close()


async def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "out.jsonl").symlink_to(tmp_path / "real" / "target.jsonl")
    sink = file_sink(path=f"{tmp_path}/out.jsonl")
    await begin(sink)
    await sink.write(jsonl(b"1"))
    await finish(sink)
    assert (tmp_path / "out.jsonl").is_symlink()
    assert (tmp_path / "real" / "target.jsonl").read_bytes() == b"1\n"


# append, immediate


async def test_append_goes_on_where_the_file_ends(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_bytes(b"old\nhalf")
    sink = file_sink(context("realtime"), path=str(path))
    handle = later(await begin(sink))
    assert handle["lengths"] == {str(path): 8}
    await sink.write(jsonl(b"1"))
    assert path.read_bytes() == b"old\nhalf\n1\n"
    await sink.close()
    await sink.open(handle)
    assert path.read_bytes() == b"old\nhalf"
    await sink.write(jsonl(b"2"))
    handle = await barrier(sink)
    await sink.write(jsonl(b"lost"))
    await sink.open(handle)
    await sink.write(jsonl(b"3"))
    prepared = await sink.prepare(2, final=True)
    assert not prepared.pending
    await sink.close()
    assert path.read_bytes() == b"old\nhalf\n2\n3\n"


async def test_overwrite_immediate_replaces_at_once(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_bytes(b"old\n")
    sink = file_sink(path=str(path), visibility="immediate")
    handle = await sink.start([])
    assert path.read_bytes() == b"old\n"
    await sink.open(handle)
    await sink.write(jsonl(b"1"))
    await finish(sink)
    assert path.read_bytes() == b"1\n"
    assert os.listdir(tmp_path) == ["out.jsonl"]


async def test_somebody_else_who_writes_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    sink = file_sink(path=str(path), visibility="immediate")
    await begin(sink)
    path.write_bytes(b"somebody else\n")
    with pytest.raises(WrittenDataGone, match="something else writes"):
        await sink.write(jsonl(b"1"))


@pytest.mark.parametrize(
    ("mode", "options", "said"),
    [
        ("realtime", {"visibility": "committed", "mode": "overwrite"}, "has no end"),
        ("realtime", {"format": "json"}, "cannot be appended to"),
    ],
)
def test_what_a_mode_does_not_allow(tmp_path: Path, mode: Any, options: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        file_sink(context(mode), path=f"{tmp_path}/out.jsonl", **options)
    assert caught.value.remedy


# a file for each shard


async def test_a_file_for_each_shard(tmp_path: Path) -> None:
    sink = file_sink(path=f"{tmp_path}/{{shard}}/out-{{shard}}.jsonl")
    shards = ["a", "in/b.jsonl@0", "in_b.jsonl@0", "..", "empty"]
    await begin(sink, *shards)
    for shard in shards[:-1]:
        await sink.write(jsonl(f'"{shard}"'.encode(), shard=shard))
    await finish(sink)
    assert contents(tmp_path) == ["", '".."\n', '"a"\n', '"in/b.jsonl@0"\n', '"in_b.jsonl@0"\n']
    assert (tmp_path / "a" / "out-a.jsonl").read_text() == '"a"\n'


def contents(directory: Path) -> list[str]:
    return sorted(file.read_text() for file in directory.rglob("*.jsonl"))


async def test_more_shards_than_files_may_be_open(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    sink = file_sink(path=f"{tmp_path}/{{shard}}.jsonl")
    shards = [f"s{i}" for i in range(200)]
    handle = later(await begin(sink, *shards))
    for turn in range(2):
        for shard in shards:
            await sink.write(jsonl(b"%d" % turn, shard=shard))
        assert len(os.listdir("/proc/self/fd")) - before <= 64
        handle = await barrier(sink, turn)
    assert set(handle["lengths"].values()) == {4}
    await finish(sink)
    assert contents(tmp_path) == ["0\n1\n"] * 200


async def test_a_shard_that_nobody_announced(tmp_path: Path) -> None:
    sink = file_sink(path=f"{tmp_path}/{{shard}}.jsonl")
    await begin(sink, "a")
    with pytest.raises(StateError, match="shard b has no file"):
        await sink.write(jsonl(b"1", shard="b"))


# json and csv


async def test_json_is_one_array(tmp_path: Path) -> None:
    sink = file_sink(path=f"{tmp_path}/out.json")
    await begin(sink)
    await sink.write(jsonl(b'{"a":1}', b"", b"2"))
    await sink.write(jsonl(b"3"))
    await finish(sink)
    assert (tmp_path / "out.json").read_text() == '[\n{"a":1},\n2,\n3\n]\n'


VALUES = st.one_of(st.none(), st.booleans(), st.integers(-5, 2**53), st.text('a,"\r\n;\té', max_size=6))


@settings(max_examples=100, deadline=None)
@given(
    table=st.lists(st.fixed_dictionaries({"a": VALUES, "b": VALUES}), max_size=10), delimiter=st.sampled_from(",;\t")
)
def test_csv_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, table: list[dict[str, Any]], delimiter: str
) -> None:
    path = tmp_path_factory.mktemp("out") / "out.csv"

    async def write() -> None:
        sink = file_sink(path=str(path), csv_delimiter=delimiter, csv_columns=["b", "a"])
        await begin(sink)
        await sink.write(rows(*table))
        await finish(sink)

    run(write())
    with path.open(newline="") as file:
        head, *found = csv.reader(file, delimiter=delimiter)
    assert head == ["b", "a"]
    assert found == [[_as_field(value["b"]), _as_field(value["a"])] for value in table]


def _as_field(value: Any) -> str:
    return {None: "", True: "true", False: "false"}[value] if value is None or isinstance(value, bool) else str(value)


async def test_csv_columns_come_from_the_first_record_and_others_are_refused(tmp_path: Path) -> None:
    sink = file_sink(path=f"{tmp_path}/out.csv")
    await begin(sink)
    refused = await sink.write(rows({}, [1], {"a": 1, "b": [1, {"x": 2}]}, {"b": 2}, {"a": 3, "c": 4}, None, offset=10))
    assert (tmp_path / "out.csv.part").read_text() == 'a,b\n1,"[1,{""x"":2}]"\n,2\n'
    assert [(letter.position, letter.payload, letter.code) for letter in refused] == [
        ({"offset": 10}, b"{}", "RECORD_REFUSED"),
        ({"offset": 11}, b"[1]", "RECORD_REFUSED"),
        ({"offset": 14}, b'{"a":3,"c":4}', "RECORD_REFUSED"),
        ({"offset": 15}, b"null", "RECORD_REFUSED"),
    ]
    assert "'c' is no column (a, b)" in refused[2].message
    handle = await barrier(sink)
    await sink.close()
    sink = file_sink(path=f"{tmp_path}/out.csv")
    await sink.open(handle)
    await sink.write(rows({"b": 9, "a": 8}))
    await finish(sink)
    assert (tmp_path / "out.csv").read_text() == 'a,b\n1,"[1,{""x"":2}]"\n,2\n8,9\n'


async def test_csv_appends_under_the_header_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("b,a\n1,2\n")
    sink = file_sink(path=str(path), mode="append")
    await begin(sink)
    await sink.write(rows({"a": 4, "b": 3}))
    await finish(sink)
    assert path.read_text() == "b,a\n1,2\n3,4\n"
    with pytest.raises(SystemicError, match="has the columns b, a, not a, b"):
        await begin(file_sink(path=str(path), mode="append", csv_columns=["a", "b"]))


async def test_csv_without_header(tmp_path: Path) -> None:
    sink = file_sink(path=f"{tmp_path}/out.tsv", csv_header=False)
    await begin(sink)
    await sink.write(rows({"a": 1, "b": "x"}))
    await finish(sink)
    assert (tmp_path / "out.tsv").read_text() == "1\tx\n"


# gzip


async def test_gzip_is_a_member_a_barrier_and_equal_bytes_for_equal_records(tmp_path: Path) -> None:
    contents = []
    for name in ("a.jsonl.gz", "b.jsonl.gz"):
        sink = file_sink(path=f"{tmp_path}/{name}")
        await begin(sink)
        for n in range(3):
            await sink.write(jsonl(b"%d" % n, b'"x"'))
            await barrier(sink, n)
        await finish(sink)
        contents.append((tmp_path / name).read_bytes())
    assert contents[0] == contents[1]
    assert gzip.decompress(contents[0]) == b'0\n"x"\n1\n"x"\n2\n"x"\n'


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
