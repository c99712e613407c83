"""For any content and any cut, batch size and resume points: every record once, in order, at its own position."""

from __future__ import annotations

import csv
import gzip
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conduix.engine.api import Batch, Lines, Position, Shard, record_offsets
from tests.unit.connectors.harness import count_of, data_of, file_source, letters_of, read_all, run

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Lives:
    """How a file is read: batch sizes taken in turn, and after how many batches each life but the last one ends."""

    sizes: list[int]
    stops: list[int]


LIVES = st.builds(
    Lives,
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=3),
    stops=st.lists(st.integers(0, 4), max_size=4),
)
SPLITS = st.integers(1, 60)


@contextmanager
def a_file(content: bytes, suffix: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / f"in{suffix}"
        path.write_bytes(gzip.compress(content) if suffix.endswith(".gz") else content)
        yield str(path)


async def read_in_lives(lives: Lives, **options: Any) -> list[Batch]:
    """Read to the end; each life goes on as another process would, with another batch size."""
    batches: list[Batch] = []
    shards: list[Shard] = []
    held: dict[str, Position] = {}
    done: set[str] = set()
    for life, stop in enumerate([*lives.stops, sys.maxsize]):
        source = file_source(batch_bytes=lives.sizes[life % len(lives.sizes)], **options)
        shards = shards or list(await source.cut())
        left = [shard for shard in shards if shard.id not in done]
        await source.open(left, {shard.id: held.get(shard.id) for shard in left})
        read = 0
        while read < stop and (batch := await source.read()) is not None:
            batches.append(batch)
            read += 1
        held.update(source.positions())
        done.update(source.finished())
        await source.close()
    assert done == {shard.id for shard in shards}
    return batches


async def read_apart(**options: Any) -> list[Batch]:
    """Each shard by a source of its own, as replicas read them."""
    batches: list[Batch] = []
    for shard in await file_source(**options).cut():
        batches += await read_all(file_source(batch_bytes=20, **options), [shard])
    return batches


def check_offsets(content: bytes, batches: list[Batch]) -> None:
    """Every record stands in the file where its offset says."""
    for batch in batches:
        assert isinstance(batch.body, Lines)
        lines = batch.body.data.split(b"\n")[:-1]
        for line, offset in zip(lines, record_offsets(batch), strict=True):
            assert content[offset:].startswith(line)


@settings(max_examples=150, deadline=None)
@given(lines=st.lists(st.text('ab{}"\r é', max_size=12)), newline=st.booleans(), split=SPLITS, lives=LIVES)
def test_lines_in_ranges(lines: list[str], newline: bool, split: int, lives: Lives) -> None:
    content = "\n".join([*lines, ""] if newline else lines).encode()
    with a_file(content, ".txt") as path:
        batches = run(read_in_lives(lives, path=path, split=split))
        assert data_of(run(read_apart(path=path, split=split))) == data_of(batches)
    expected = content.split(b"\n")[:-1] if content.endswith(b"\n") or not content else content.split(b"\n")
    assert data_of(batches) == b"".join(line.removesuffix(b"\r") + b"\n" for line in expected)
    assert count_of(batches) == len(expected)
    assert letters_of(batches) == []
    check_offsets(content, batches)


VALUES = st.lists(st.sampled_from([b"1", b'{"a":"x"}', b'{"a":[1,2,3],"b":"a longer record"}', b"", b"not json"]))
TAILS = st.sampled_from([b"", b'{"whole":1}', b'{"half":', b"  "])


@settings(max_examples=150, deadline=None)
@given(values=VALUES, tail=TAILS, mark=st.sampled_from([b"", b"\xef\xbb\xbf"]), split=SPLITS, lives=LIVES)
def test_jsonl_in_ranges(values: list[bytes], tail: bytes, mark: bytes, split: int, lives: Lives) -> None:
    body = b"".join(value + b"\n" for value in values)
    with a_file(mark + body + tail, ".jsonl") as path:
        batches = run(read_in_lives(lives, path=path, split=split))
    half = tail == b'{"half":'
    assert data_of(batches) == body + (b"" if half or not tail else tail + b"\n")
    assert count_of(batches) == data_of(batches).count(b"\n")
    assert [letter.payload for letter in letters_of(batches)] == ([tail] if half else [])
    check_offsets(mark + body + tail, batches)


FIELDS = st.text('a1 ,"\n\r;é', max_size=8)
TABLES = st.lists(st.tuples(FIELDS, FIELDS, FIELDS), max_size=20)


@settings(max_examples=200, deadline=None)
@given(
    table=TABLES,
    delimiter=st.sampled_from([",", ";"]),
    suffix=st.sampled_from([".csv", ".csv.gz"]),
    end=st.sampled_from(["", "\n", "\r\n"]),
    lives=LIVES,
)
def test_csv_with_quotes(
    table: list[tuple[str, str, str]], delimiter: str, suffix: str, end: str, lives: Lives
) -> None:
    written: list[str] = []
    csv.writer(_Appender(written), delimiter=delimiter).writerows([("a", "b", "c"), *table])
    content = ("".join(written).removesuffix("\r\n") + end).encode()
    with a_file(content, suffix) as path:
        batches = run(read_in_lives(lives, path=path, csv_delimiter=delimiter))
    assert parse(data_of(batches), delimiter) == [list(record) for record in table]
    assert count_of(batches) == len(table)
    for batch in batches:
        assert isinstance(batch.body, Lines)
        assert batch.body.format.columns == ("a", "b", "c")
        for offset, record in zip(record_offsets(batch), parse(batch.body.data, delimiter), strict=True):
            assert parse(content[offset:] + b"\n", delimiter)[0] == record


class _Appender:
    def __init__(self, rows: list[str]) -> None:
        self._rows = rows

    def write(self, row: str) -> None:
        self._rows.append(row)


def parse(data: bytes, delimiter: str) -> list[list[str]]:
    """Records of lines that are ended by newline only, as whoever decodes csv must give them to a csv reader."""
    lines = (line + "\n" for line in data.decode().split("\n")[:-1])
    return list(csv.reader(lines, delimiter=delimiter))
