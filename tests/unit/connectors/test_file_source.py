"""The file source on real files: what it finds, where it goes on, what it refuses and how it says so."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from conduix.engine.api import MAX_BATCH_RECORDS, Lines
from conduix.engine.connectors.records import LETTER_BYTES, MAX_RECORD_BYTES
from conduix.errors import SourceChanged, SystemicError
from tests.unit.connectors.harness import count_of, data_of, file_source, letters_of, read_all, read_on, values_of

ORDERS = b"".join(b'{"id":%d}\n' % i for i in range(1000))


def write(path: Path, content: bytes = ORDERS) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return str(path)


def append(path: str, content: bytes) -> None:
    with Path(path).open("ab") as file:
        file.write(content)


async def refused(**options: Any) -> SystemicError:
    with pytest.raises(SystemicError) as caught:
        await read_all(file_source(**options))
    return caught.value


# what is read


async def test_patterns_are_sorted_and_no_file_is_read_twice(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl", "deep/er/c.jsonl"):
        write(tmp_path / name, b'"%s"\n' % name.encode())
    source = file_source(paths=[f"{tmp_path}/b.jsonl", f"{tmp_path}/**/*.jsonl", f"{tmp_path}/a.jsonl"])
    assert data_of(await read_all(source)) == b'"b.jsonl"\n"a.jsonl"\n"deep/er/c.jsonl"\n'


async def test_a_name_with_brackets_is_a_name_before_it_is_a_pattern(tmp_path: Path) -> None:
    path = write(tmp_path / "orders[1].jsonl")
    assert data_of(await read_all(file_source(path=path))) == ORDERS


async def test_large_files_are_cut_and_what_a_shard_says_survives_json(tmp_path: Path) -> None:
    path = write(tmp_path / "orders.jsonl")
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
    path = write(tmp_path / name)
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
    path = write(tmp_path / "orders.jsonl")
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
    source = file_source(path=write(tmp_path / "orders.jsonl"), batch_bytes=1000)
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
    write(path)
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
    write(path)
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
    path = write(tmp_path / "secret.jsonl")
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
    write(tmp_path / "orders.dat")
    error = await refused(path=f"{tmp_path}/*")
    assert "orders.dat" in error.message
    assert "write format:" in error.message


async def test_utf_16(tmp_path: Path) -> None:
    error = await refused(path=write(tmp_path / "in.jsonl", '{"a":1}\n'.encode("utf-16")))
    assert "UTF-16" in error.message
    assert "iconv" in error.remedy


# csv


async def test_csv_header_per_file_and_batches_of_its_columns(tmp_path: Path) -> None:
    write(tmp_path / "1.csv", b"\xef\xbb\xbfid,name\n1,Ada\n")
    write(tmp_path / "2.csv", b'"na""me",id\r\n"a\nb",2')
    batches = await read_all(file_source(path=f"{tmp_path}/*.csv"))
    formats = [batch.body.format.columns for batch in batches if isinstance(batch.body, Lines)]
    assert list(dict.fromkeys(formats)) == [("id", "name"), ('na"me', "id")]
    assert data_of(batches) == b'1,Ada\n"a\nb",2\n'
    assert [batch.first["offset"] for batch in batches][:2] == [11, 13]


async def test_csv_without_header_and_with_names(tmp_path: Path) -> None:
    path = write(tmp_path / "in.tsv", b"1\tAda\n2\tBob\n")

    async def columns(**options: Any) -> tuple[tuple[str, ...], bytes]:
        batches = await read_all(file_source(path=path, **options))
        assert isinstance(batches[0].body, Lines)
        assert batches[0].body.format.delimiter == "\t"
        return batches[0].body.format.columns, data_of(batches)

    everything, rest = b"1\tAda\n2\tBob\n", b"2\tBob\n"
    assert await columns(csv_header=False) == (("column_1", "column_2"), everything)
    assert await columns(csv_header=False, csv_columns=["id", "name"]) == (("id", "name"), everything)
    assert await columns(csv_columns=["id", "name"]) == (("id", "name"), rest)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (b"id,,name\n", "column 2 has no name"),
        (b"id,name,id\n", "columns 1 and 3 are both called 'id'"),
        (b"id,n\xe4me\n", "not UTF-8: byte 4 is 0xe4"),
        (b'id,"name\n1,2\n', "a quote that is never closed"),
    ],
)
async def test_csv_headers_that_cannot_be_used(tmp_path: Path, header: bytes, said: str) -> None:
    error = await refused(path=write(tmp_path / "in.csv", header))
    assert said in error.message
    assert error.remedy


async def test_a_stray_quote_costs_one_line(tmp_path: Path) -> None:
    path = write(
        tmp_path / "in.csv", b'id,name\n1,5" pipe\n2,"never closed\n3,Ada\n4,"x\ny"\n'.replace(b',"x\ny"', b",x")
    )
    batches = await read_all(file_source(path=path))
    assert data_of(batches) == b'1,5" pipe\n3,Ada\n4,x\n'
    [letter] = letters_of(batches)
    assert (letter.code, letter.payload) == ("UNCLOSED_QUOTE", b'2,"never closed\n')
    assert letter.position == {"offset": 18}


# json


async def read_json(path: Path, content: str, **options: Any) -> list[object]:
    return values_of(await read_all(file_source(path=write(path, content.encode()), **options)))


async def test_json_arrays_objects_and_scalars(tmp_path: Path) -> None:
    path = tmp_path / "in.json"
    numbers = await read_json(path, ' [1, 2.0, -1e3, {"a": [null, true, "é"]}, 12345678901234567890123, 0.1]')
    assert numbers == [1, 2.0, -1000.0, {"a": [None, True, "é"]}, 12345678901234567890123, 0.1]
    assert [type(n) for n in numbers] == [int, float, float, dict, int, float]
    assert await read_json(path, '{"only": [1, 2]}') == [{"only": [1, 2]}]
    assert await read_json(path, "7") == [7]
    assert await read_json(path, "[]") == []
    assert await read_json(path, "\ufeff[1]") == [1]


async def test_json_resumes_at_the_item(tmp_path: Path) -> None:
    path = write(tmp_path / "in.json", json.dumps([{"i": i, "big": 2**70} for i in range(2500)]).encode())
    for first_size, then_size in ((200, 5000), (10_000, 64)):
        source = file_source(path=path, batch_bytes=first_size)
        [shard] = await source.cut()
        await source.open([shard], {shard.id: None})
        first = [await source.read(), await source.read()]
        held = source.positions()
        await source.close()
        source = file_source(path=path, batch_bytes=then_size)
        await source.open([shard], held)
        rest = await read_on(source)
        assert max(batch.count for batch in rest) <= MAX_BATCH_RECORDS
        values = values_of([batch for batch in first if batch]) + values_of(rest)
        assert [value["i"] for value in values] == list(range(2500))
        assert rest[0].first == held[shard.id]


@pytest.mark.parametrize(
    ("content", "said", "remedy"),
    [
        ('[1,\n {"a": 2},\n {"b": oops}]', "line 3, column 8 (byte 22)", "mend"),
        ('{"a":1}\n{"a":2}\n', "line 2, column 1 (byte 8): something follows", "format: jsonl"),
        ("", "line 1, column 1 (byte 0): the file is empty", "[]"),
        ("[1, 2", "line 1, column 6 (byte 5): premature EOF", "mend"),
    ],
)
async def test_broken_json_says_where(tmp_path: Path, content: str, said: str, remedy: str) -> None:
    error = await refused(path=write(tmp_path / "in.json", content.encode()))
    assert said in error.message
    assert remedy in error.remedy


async def test_broken_json_far_in_is_found_after_the_good_items(tmp_path: Path) -> None:
    good = ",\n".join(json.dumps({"i": i}) for i in range(20_000))
    source = file_source(path=write(tmp_path / "in.json", f"[{good},\n}}]".encode()))
    [shard] = await source.cut()
    await source.open([shard], {shard.id: None})
    with pytest.raises(SystemicError, match=r"line 20001, column 1 "):
        await read_on(source)
    assert source.positions()[shard.id]["offset"] > 15_000
    await source.close()


# packed files


async def test_gzip_of_several_members_resumes_in_the_middle(tmp_path: Path) -> None:
    content = gzip.compress(ORDERS[:5000]) + gzip.compress(ORDERS[5000:])
    path, packed = write(tmp_path / "orders.jsonl.gz", content), len(content)
    source = file_source(path=path, batch_bytes=3000)
    [shard] = await source.cut()
    await source.open([shard], {shard.id: None})
    first = [await source.read(), await source.read(), await source.read()]
    held = source.positions()
    await source.open([shard], held)
    rest = await read_on(source)
    assert data_of([batch for batch in first if batch]) + data_of(rest) == ORDERS
    assert source.progress() == (packed, packed)


async def test_zip_with_one_member(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "orders.jsonl.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner/orders.txt", ORDERS)
    assert data_of(await read_all(file_source(path=f"{tmp_path}/orders.jsonl.zip"))) == ORDERS
    with zipfile.ZipFile(tmp_path / "orders.jsonl.zip", "a") as archive:
        archive.writestr("second.txt", b"")
    assert "holds 2 files" in (await refused(path=f"{tmp_path}/orders.jsonl.zip")).message


async def test_damaged_archives(tmp_path: Path) -> None:
    whole = gzip.compress(os.urandom(20_000).hex().encode() + b"\n")
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0xFF
    for content in (whole[:-100], bytes(flipped), b"no gzip at all\n"):
        error = await refused(path=write(tmp_path / "in.txt.gz", content))
        assert "is damaged" in error.message
    assert "cannot unpack" in (await refused(path=write(tmp_path / "in.txt.zip", b"no zip at all\n"))).message
    with zipfile.ZipFile(tmp_path / "in.txt.zip", "w") as archive:
        archive.writestr("a", b"a line\n")
    content = (tmp_path / "in.txt.zip").read_bytes().replace(b"a line\n", b"A line\n")
    assert "is damaged" in (await refused(path=write(tmp_path / "in.txt.zip", content))).message


# limits


async def test_a_record_over_the_limit_is_a_letter_and_the_next_one_is_read(tmp_path: Path) -> None:
    huge = b'"%s"\n' % (b"x" * (MAX_RECORD_BYTES + 100))
    path = write(tmp_path / "in.jsonl", b"1\n" + huge + b"2\n")
    batches = await read_all(file_source(path=path))
    assert data_of(batches) == b"1\n2\n"
    [letter] = letters_of(batches)
    assert letter.code == "RECORD_TOO_LARGE"
    assert letter.payload == huge[:LETTER_BYTES]
    assert f"byte 2 has {len(huge)} bytes" in letter.message


def test_a_decompression_bomb_stays_small_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.jsonl.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(300):
            file.write(bytes(1024 * 1024))
        file.write(b"\n1\n")
    program = (
        "import asyncio, resource, sys\n"
        "from tests.unit.connectors.harness import *\n"
        "batches = asyncio.run(read_all(file_source(path=sys.argv[1])))\n"
        "print(data_of(batches), [x.code for x in letters_of(batches)])\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
    told, memory = done.stdout.splitlines()
    assert told == "b'1\\n' ['RECORD_TOO_LARGE']"
    assert int(memory) < 300 * 1024
