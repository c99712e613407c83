"""What connectors do for several replicas: tell what is left, end without a shard, share out what was written."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from conduix.engine.api import JSONL, Batch, Lines, MeasuredSource, Rows, Shard, ShardedSink
from conduix.errors import ScaleRefused
from tests.unit.connectors.harness import build, context, values_of

SHARDS = [Shard(name, {}) for name in ("a", "b", "c")]


def sink(path: Path, **options: Any) -> ShardedSink:
    made = build("sink", "file", context(), path=str(path), mkdir=True, **options)
    assert isinstance(made, ShardedSink)
    return made


def batch(shard: str, *values: int) -> Batch:
    data = b"".join(b"%d\n" % value for value in values)
    return Batch(shard, {"offset": 0}, {"offset": len(data)}, Lines(data, JSONL), len(values))


async def test_each_file_goes_with_its_shard_and_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "{shard}.jsonl"
    one = sink(path)
    await one.open(await one.start(SHARDS))
    for name in "abc":
        await one.write(batch(name, 1))
    first, second = sink(path).deal([(await one.prepare(1, final=False)).handle], [["a", "c"], ["b"]])
    await one.close()
    assert [sorted(map(Path, each["lengths"])) for each in (first, second)] == [
        [tmp_path / "a.jsonl", tmp_path / "c.jsonl"],
        [tmp_path / "b.jsonl"],
    ]
    two = sink(path)
    await two.open(second)
    await two.write(batch("b", 2))
    ended = await two.prepare(2, final=True)
    await two.commit(2, ended.handle)
    assert (tmp_path / "b.jsonl").read_text() == "1\n2\n"
    # the replica with b has come to its end: its handle is not given, its file is left alone
    (whole,) = sink(path).deal([first], [["a", "b", "c"]])
    last = sink(path)
    await last.open(whole)
    await last.write(batch("c", 3))
    await last.commit(3, (await last.prepare(3, final=True)).handle)
    assert contents(tmp_path) == {"a.jsonl": "1\n", "b.jsonl": "1\n2\n", "c.jsonl": "1\n3\n"}


def contents(directory: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in directory.iterdir()}


def test_one_file_is_not_shared_out(tmp_path: Path) -> None:
    with pytest.raises(ScaleRefused, match=r"out\.jsonl is one file") as refused:
        sink(tmp_path / "out.jsonl").deal([], [[], []])
    assert "{shard}" in refused.value.remedy


@pytest.mark.parametrize(
    ("known", "expected"), [([["x"], None], ["x"]), ([None, None], None), ([["x"], ["x"]], ["x"]), ([["x"], ["y"]], "")]
)
def test_columns_must_be_the_same(known: list[Any], expected: Any, tmp_path: Path) -> None:
    """They come from the first record that each replica has written."""
    handles = [{"lengths": {}, **({"layout": columns} if columns else {})} for columns in known]
    table = sink(tmp_path / "{shard}.csv")
    if expected == "":
        with pytest.raises(ScaleRefused, match="different columns") as refused:
            table.deal(handles, [["a"]])
        assert "csv_columns" in refused.value.remedy
    else:
        assert table.deal(handles, [["a"]])[0].get("layout") == expected


async def test_what_is_left_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"1\n" * 50)
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(b"1\n" * 50))
    source = build("source", "file", context(), path=str(tmp_path / "*"), split=60)
    assert isinstance(source, MeasuredSource)
    first, second, packed = await source.cut()
    assert [source.left(shard, None) for shard in (first, second)] == [60, 40]
    assert [source.left(second, {"offset": at}) for at in (60, 90, 104)] == [40, 10, 0]
    size = (tmp_path / "b.jsonl.gz").stat().st_size
    assert (source.left(packed, None), source.left(packed, {"offset": 80})) == (size, size)


@pytest.mark.parametrize("count", [0, 100])
async def test_made_up_records_are_made_by_whoever_has_the_shard(count: int) -> None:
    source = build("source", "generate", context(), count=count)
    assert isinstance(source, MeasuredSource)
    (shard,) = await source.cut()
    assert source.left(shard, {"offset": 40}) == (60 if count else 1)
    await source.open([], {})
    assert await source.read() is None
    assert (source.positions(), source.finished()) == ({}, ())
    await source.open([shard], {shard.id: {"offset": 40}})
    made = await source.read()
    assert made is not None
    assert isinstance(made.body, Rows)
    assert values_of([made])[0] == {"index": 40}
