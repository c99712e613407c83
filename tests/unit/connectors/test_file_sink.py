"""The file sink on real files: what stands there at every moment, and what a handle brings back."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conduix.engine.files import Files, Op
from conduix.errors import StateError, UsageError, WrittenDataGone
from tests.unit.connectors.harness import barrier, begin, context, file_sink, finish, jsonl, later, rows, run

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


async def test_an_output_without_records_is_durable_before_it_is_renamed(tmp_path: Path) -> None:
    seen: list[Op] = []
    sink = file_sink(context(files=Files(seen.append)), path=f"{tmp_path}/out.jsonl")
    await begin(sink)
    await sink.prepare(1, final=True)
    assert [op.kind for op in seen] == ["open", "open", "fsync", "fsync_dir"]
    await sink.close()


async def test_opening_a_complete_run_touches_nothing(tmp_path: Path) -> None:
    sink = file_sink(path=f"{tmp_path}/out.jsonl")
    await begin(sink)
    await sink.write(jsonl(b"1"))
    prepared = await sink.prepare(1, final=True)
    await sink.open(later(prepared.handle))
    assert os.listdir(tmp_path) == ["out.jsonl.part"]
    await sink.commit(1, prepared.handle)
    await sink.open(later(prepared.handle))
    assert os.listdir(tmp_path) == ["out.jsonl"]
    with pytest.raises(StateError, match="has no file"):
        await sink.write(jsonl(b"2"))


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
