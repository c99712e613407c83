"""The file source and the forms of files: csv, json, packed files, and records beyond all measure."""

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
from conduix.errors import SystemicError
from tests.unit.connectors.harness import (
    data_of,
    file_source,
    letters_of,
    read_all,
    read_on,
    refused,
    values_of,
    write,
)

ORDERS = b"".join(b'{"id":%d}\n' % i for i in range(1000))


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


@pytest.mark.slow
def test_a_decompression_bomb_stays_small_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.jsonl.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(300):
            file.write(bytes(1024 * 1024))
        file.write(b"\n1\n")
    program = (
        "import asyncio, pathlib, re, sys\n"
        "from tests.unit.connectors.harness import *\n"
        "batches = asyncio.run(read_all(file_source(path=sys.argv[1])))\n"
        "print(data_of(batches), [x.code for x in letters_of(batches)])\n"
        # not ru_maxrss: a child takes over what its parent, a worker that ran many tests, had at its most
        "print(re.search(r'VmHWM:\\s+(\\d+)', pathlib.Path('/proc/self/status').read_text())[1])"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
    told, memory = done.stdout.splitlines()
    assert told == "b'1\\n' ['RECORD_TOO_LARGE']"
    assert int(memory) < 300 * 1024
