"""What the file sink writes: a file for each shard, json, csv, gzip."""

from __future__ import annotations

import csv
import gzip
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conduix.errors import StateError, SystemicError
from tests.unit.connectors.harness import barrier, begin, file_sink, finish, jsonl, later, rows, run

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
    found = [file.read_bytes() for file in directory.rglob("*.jsonl*") if file.is_file()]
    return sorted((gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data).decode() for data in found)


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz"])
async def test_more_shards_than_files_may_be_open(tmp_path: Path, suffix: str) -> None:
    before = len(os.listdir("/proc/self/fd"))
    sink = file_sink(path=f"{tmp_path}/{{shard}}{suffix}")
    shards = [f"s{i}" for i in range(150)]
    handle = later(await begin(sink, *shards))
    for turn in range(2):
        for shard in shards:
            await sink.write(jsonl(b"%d" % turn, shard=shard))
        handle = await barrier(sink, turn)
        assert len(os.listdir("/proc/self/fd")) - before <= 64
    assert len(handle["lengths"]) == 150
    await finish(sink)
    assert contents(tmp_path) == ["0\n1\n"] * 150


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
