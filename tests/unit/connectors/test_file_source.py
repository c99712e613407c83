"""The file source on real files: what it finds, where it goes on, what it refuses and how it says so."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conduix.engine.api import MAX_BATCH_RECORDS
from conduix.errors import SourceChanged
from tests.unit.connectors.harness import (
    append,
    count_of,
    data_of,
    file_source,
    letters_of,
    read_all,
    read_on,
    refused,
    write,
)

ORDERS = b"".join(b'{"id":%d}\n' % i for i in range(1000))


# what is read


async def test_patterns_are_sorted_and_no_file_is_read_twice(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl", "deep/er/c.jsonl"):
        write(tmp_path / name, b'"%s"\n' % name.encode())
    source = file_source(paths=[f"{tmp_path}/b.jsonl", f"{tmp_path}/**/*.jsonl", f"{tmp_path}/a.jsonl"])
    assert data_of(await read_all(source)) == b'"b.jsonl"\n"a.jsonl"\n"deep/er/c.jsonl"\n'


async def test_a_name_with_brackets_is_a_name_before_it_is_a_pattern(tmp_path: Path) -> None:
    path = write(tmp_path / "orders[1].jsonl", ORDERS)
    assert data_of(await read_all(file_source(path=path))) == ORDERS


async def test_large_files_are_cut_and_what_a_shard_says_survives_json(tmp_path: Path) -> None:
    path = write(tmp_path / "orders.jsonl", ORDERS)
    source = file_source(path=path, split={"size": 4000, "above": 8000})
    shards = list(await source.cut())
    assert [(s.id, s.spec["start"], s.spec["end"]) for s in shards] == [
        (f"{path}@0", 0, 4000),
        (f"{path}@4000", 4000, 8000),
        (f"{path}@8000", 8000, len(ORDERS)),
    ]
    assert json.loads(json.dumps(shards[1].spec)) == shards[1].spec
    assert data_of(await read_all(source, shards)) == ORDERS
    assert len(await file_source(path=path, split={"size": 4000, "above": "1MiB"}).cut()) == 1
    assert len(await file_source(path=path).cut()) == 1


@pytest.mark.parametrize("name", ["orders.csv", "orders.json", "orders.jsonl.gz"])
async def test_only_uncompressed_lines_are_cut(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, ORDERS)
    assert len(await file_source(path=path, split="1KiB").cut()) == 1


async def test_batches_hold_at_most_a_thousand_records(tmp_path: Path) -> None:
    path = write(tmp_path / "tiny.jsonl", b"1\n" * 100_000 + b'{"long":"%s"}\n' % (b"x" * 200_000) + b"2\n" * 5000)
    batches = await read_all(file_source(path=path))
    assert max(batch.count for batch in batches) <= MAX_BATCH_RECORDS
    assert len(batches) < 1.2 * 105
    assert count_of(batches) == 105_001


async def test_a_line_longer_than_a_batch_is_a_batch_of_its_own(tmp_path: Path) -> None:
    long = b'"%s"\n' % (b"x" * 3_000_000)
    path = write(tmp_path / "in.jsonl", b"1\n" + long + b"2\n" + long)
    assert [batch.count for batch in await read_all(file_source(path=path))] == [1, 1, 1, 1]


async def test_a_shard_ends_where_the_file_ended_when_it_was_cut(tmp_path: Path) -> None:
    path = write(tmp_path / "growing.jsonl", b'{"a":1}\n{"a":')
    source = file_source(path=path)
    shards = list(await source.cut())
    append(path, b'2}\n{"a":3}\n')
    batches = await read_all(source, shards)
    assert data_of(batches) == b'{"a":1}\n'
    assert [letter.payload for letter in letters_of(batches)] == [b'{"a":']


async def test_a_range_inside_one_endless_line_is_empty(tmp_path: Path) -> None:
    long = b'"%s"\n' % (b"x" * 10_000)
    path = write(tmp_path / "in.jsonl", long + b"2\n")
    batches = await read_all(file_source(path=path, split="1KiB"))
    assert data_of(batches) == long + b"2\n"


async def test_half_a_line_at_the_end_is_a_letter_with_its_place(tmp_path: Path) -> None:
    path = write(tmp_path / "in.jsonl", b'{"a":1}\n{"a":')
    [letter] = letters_of(await read_all(file_source(path=path)))
    assert (letter.code, letter.payload, letter.position) == ("INCOMPLETE_LINE", b'{"a":', {"offset": 8})
    assert (letter.node, letter.shard, letter.index) == ("node", path, 0)
    assert "byte 8" in letter.message


async def test_an_empty_file_is_a_finished_shard(tmp_path: Path) -> None:
    for name in ("in.jsonl", "in.csv", "in.txt"):
        assert await read_all(file_source(path=write(tmp_path / name, b""), split="1KiB")) == []


async def test_windows_line_ends(tmp_path: Path) -> None:
    text = write(tmp_path / "in.txt", b"a\r\nb\r\n")
    [batch] = await read_all(file_source(path=text))
    assert (data_of([batch]), batch.offsets) == (b"a\nb\n", [0, 3])
    lines = write(tmp_path / "in.jsonl", b"1\r\n2\r\n")
    [batch] = await read_all(file_source(path=lines))
    assert (data_of([batch]), batch.offsets) == (b"1\r\n2\r\n", None)


# positions, finishing, progress


async def test_positions_and_progress_follow_the_reading(tmp_path: Path) -> None:
    path = write(tmp_path / "orders.jsonl", ORDERS)
    source = file_source(path=path, split="4KiB", batch_bytes=1000)
    shards = list(await source.cut())
    await source.open(shards, {shard.id: None for shard in shards})
    assert (source.positions(), source.finished(), source.progress()) == ({}, (), (0, len(ORDERS)))
    batch = await source.read()
    assert batch is not None
    assert source.positions() == {batch.shard: batch.next}
    assert source.progress() == (batch.next["offset"], len(ORDERS))
    while f"{path}@0" not in source.finished():
        assert await source.read() is not None
    before = source.progress()
    await source.open(shards[1:], {shard.id: None for shard in shards[1:]})
    assert source.progress() == (4096, len(ORDERS))
    assert before is not None
    assert before[0] > 4096


async def test_a_rewind_reads_the_same_again(tmp_path: Path) -> None:
    source = file_source(path=write(tmp_path / "orders.jsonl", ORDERS), batch_bytes=1000)
    [shard] = await source.cut()
    await source.open([shard], {shard.id: None})
    first = [await source.read(), await source.read()]
    held = source.positions()
    later = await source.read()
    await source.open([shard], {shard.id: None})
    assert [await source.read(), await source.read()] == first
    await source.open([shard], held)
    assert await source.read() == later


# files that change


async def test_a_file_that_is_another_one_at_resume(tmp_path: Path) -> None:
    path = tmp_path / "orders.jsonl"
    write(path, ORDERS)
    source = file_source(path=str(path))
    [shard] = await source.cut()
    inode = path.stat().st_ino
    (tmp_path / "other").write_bytes(ORDERS)
    (tmp_path / "other").replace(path)
    with pytest.raises(SourceChanged, match=f"inode {path.stat().st_ino}, it was {inode}"):
        await source.open([shard], {shard.id: {"offset": 9}})
    path.unlink()
    with pytest.raises(SourceChanged, match=f"is gone; it had {len(ORDERS)} bytes"):
        await source.open([shard], {shard.id: None})


async def test_a_file_that_is_shorter_at_resume_or_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "orders.jsonl"
    write(path, ORDERS)
    source = file_source(path=str(path), batch_bytes=1000)
    [shard] = await source.cut()
    await source.open([shard], {shard.id: None})
    await source.read()
    os.truncate(path, 5000)
    with pytest.raises(SourceChanged, match=rf"had {len(ORDERS)} bytes, now it ends at 5000"):
        await read_on(source)
    with pytest.raises(SourceChanged, match=rf"shorter: 5000 bytes, it had {len(ORDERS)}"):
        await source.open([shard], {shard.id: None})
    with pytest.raises(SourceChanged, match="shorter"):
        await source.probe()


async def test_a_packed_file_must_not_even_grow(tmp_path: Path) -> None:
    path = tmp_path / "orders.jsonl.gz"
    write(path, gzip.compress(ORDERS))
    source = file_source(path=str(path))
    [shard] = await source.cut()
    append(str(path), gzip.compress(b"1\n"))
    with pytest.raises(SourceChanged, match="longer"):
        await source.open([shard], {shard.id: None})


# what cannot be read


async def test_a_missing_file(tmp_path: Path) -> None:
    error = await refused(path=f"{tmp_path}/none.jsonl")
    assert f"cannot read {tmp_path}/none.jsonl: No such file" in error.message
    assert "check the path" in error.remedy


async def test_a_pattern_that_matches_nothing_or_only_directories(tmp_path: Path) -> None:
    (tmp_path / "dir.jsonl").mkdir()
    error = await refused(path=f"{tmp_path}/*.jsonl")
    assert f"no file matches {tmp_path}/*.jsonl" in error.message


async def test_a_directory_and_a_pipe(tmp_path: Path) -> None:
    assert "name a file" in (await refused(path=str(tmp_path), format="jsonl")).remedy
    os.mkfifo(tmp_path / "pipe")
    assert "type: stdin" in (await refused(path=f"{tmp_path}/pipe", format="jsonl")).remedy


def test_an_unreadable_file(tmp_path: Path) -> None:
    path = write(tmp_path / "secret.jsonl", ORDERS)
    os.chmod(path, 0)
    program = (  # root may read everything, so another user tries; a plain user needs no change
        "import asyncio, os, sys\n"
        "from tests.unit.connectors.harness import file_source\n"
        "source = file_source(path=sys.argv[1])\n"
        "os.geteuid() or os.setuid(65534)\n"
        "asyncio.run(source.cut())"
    )
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=False)
    assert f"cannot read {path}: Permission denied" in done.stderr


async def test_an_unknown_extension_in_a_match(tmp_path: Path) -> None:
    write(tmp_path / "orders.dat", ORDERS)
    error = await refused(path=f"{tmp_path}/*")
    assert "orders.dat" in error.message
    assert "write format:" in error.message


async def test_utf_16(tmp_path: Path) -> None:
    error = await refused(path=write(tmp_path / "in.jsonl", '{"a":1}\n'.encode("utf-16")))
    assert "UTF-16" in error.message
    assert "iconv" in error.remedy
