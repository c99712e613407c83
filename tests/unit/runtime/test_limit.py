"""`--limit N`: exactly the first N records of each source, over shards, rewinds and resumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from conduix.engine.api import JSONL, TEXT, Batch, Format, Letter, Lines, Position, Rows, Shard
from conduix.engine.limit import LimitedSource
from conduix.errors import TransientError
from tests.unit.runtime.flows import Line, run, three_sinks
from tests.unit.runtime.test_rewind import expected
from tests.unit.runtime.world import World

CSV = Format("csv", ("a", "b"))


class Given:
    """A source of given batches."""

    replayable = True
    ends = False

    def __init__(self, *batches: Batch) -> None:
        self.batches = list(batches)
        self.closed = 0

    async def cut(self) -> Sequence[Shard]:
        return [Shard("s", {})]

    async def open(self, shards: Sequence[Shard], held: Mapping[str, Position | None]) -> None:
        self.opened = dict(held)

    async def read(self) -> Batch | None:
        return self.batches.pop(0) if self.batches else None

    def positions(self) -> Mapping[str, Position]:
        return {"s": {"offset": 10**6}}

    def finished(self) -> Sequence[str]:
        return ["s"] if not self.batches else []

    def progress(self) -> tuple[int, int] | None:
        return None

    async def committed(self, n: int, positions: Mapping[str, Position]) -> None:
        self.told = n

    async def flushed(self, k: int, *, durable: bool) -> None:
        self.told = k

    async def probe(self) -> None:
        raise TransientError("away")

    async def close(self) -> None:
        self.closed += 1


def batch(body: Lines | Rows, count: int, first: int = 0, **more: object) -> Batch:
    return Batch("s", {"offset": first}, {"offset": first + 999, "file": 1}, body, count, **more)  # type: ignore[arg-type]


async def first(limit: int, *batches: Batch, already: int = 0) -> tuple[list[Batch], LimitedSource]:
    source = LimitedSource(Given(*batches), limit, lambda: already)
    await source.open([Shard("s", {})], {"s": None})
    got = []
    while (made := await source.read()) is not None:
        got.append(made)
    return got, source


@pytest.mark.parametrize(
    ("given", "count", "data", "after"),
    [
        (batch(Lines(b'{"a":1}\n{"a":22}\n{"a":3}\n', JSONL), 3, 100), 2, b'{"a":1}\n{"a":22}\n', 117),
        (batch(Lines(b"a\rb\nc\nd\n", TEXT), 3), 1, b"a\rb\n", 4),
        (batch(Lines(b"one\ntwo\nthree\n", TEXT), 3, offsets=[0, 5, 10]), 2, b"one\ntwo\n", 10),
        (batch(Lines(b'1,"x\ny"\n2,z\n3,q\n', CSV), 3, 50, offsets=[50, 58, 62]), 2, b'1,"x\ny"\n2,z\n', 62),
        (batch(Lines(b"1,x\n2,z\n3,q\n", CSV), 3), 2, b"1,x\n2,z\n", 8),
    ],
    ids=["jsonl", "a lone carriage return", "windows line ends, already removed", "csv with newlines", "csv"],
)
async def test_the_last_batch_is_cut_at_a_record(given: Batch, count: int, data: bytes, after: int) -> None:
    (got,), source = await first(count, given)
    assert isinstance(got.body, Lines)
    assert (got.count, got.body.data) == (count, data)
    assert got.next == {"offset": after, "file": 1}
    assert source.positions() == {"s": got.next}
    assert len(got.offsets or [0] * count) == count


async def test_rows_offsets_and_meta_are_cut_alike() -> None:
    (got,), _ = await first(2, batch(Rows([1, 2, 3]), 3, 7, meta=[{"k": 1}, {"k": 2}, {"k": 3}]))
    assert (got.body, got.meta, got.next["offset"]) == (Rows([1, 2]), [{"k": 1}, {"k": 2}], 9)


async def test_letters_before_the_cut_are_kept() -> None:
    letters = [Letter("in", "s", {"offset": at}, 0, b"", "C", "m") for at in (2, 8)]
    (got,), _ = await first(1, batch(Lines(b"aaaa\nbbbb\n", TEXT), 2, letters=letters))
    assert [letter.position["offset"] for letter in got.letters] == [2]


async def test_a_limit_at_the_end_of_a_batch_cuts_nothing() -> None:
    whole = batch(Rows([1, 2]), 2)
    got, source = await first(2, whole, batch(Rows([3]), 1))
    assert got == [whole]
    assert source.finished() == (), "whatever the source thinks, nobody knows whether the rest was wanted"
    assert source.progress() == (2, 2)


async def test_more_than_there_is_reads_everything() -> None:
    got, source = await first(10, batch(Rows([1, 2]), 2))
    assert sum(b.count for b in got) == 2
    assert source.finished() == ["s"]


async def test_what_was_read_before_a_resume_counts() -> None:
    got, source = await first(5, batch(Rows([1, 2, 3]), 3), already=4)
    assert [b.count for b in got] == [1]
    assert source.progress() == (5, 5)


async def test_everything_else_is_passed_through() -> None:
    inner = Given()
    source = LimitedSource(inner, 1, lambda: 0)
    assert source.ends
    assert await source.cut() == [Shard("s", {})]
    await source.committed(3, {})
    assert inner.told == 3
    await source.flushed(4, durable=True)
    assert inner.told == 4
    with pytest.raises(TransientError):
        await source.probe()
    await source.close()
    assert inner.closed == 1


@pytest.mark.parametrize("limit", [1, 5, 12, 13, 23, 24, 30])
async def test_a_run_with_a_limit_over_several_shards(limit: int, tmp_path: Path) -> None:
    world = World(limit)
    world.fail("handle", "write", None, None, RuntimeError("rewound"))
    status = await run(three_sinks(sinks=["handle"]), world, tmp_path, limit=limit)
    assert status.state == "COMPLETED", status.detail
    assert world.out("handle") == expected()[:limit]
    assert status.ledger["in"].passed == min(24, limit)


async def test_a_run_with_a_limit_that_is_resumed(tmp_path: Path) -> None:
    world = World(1)
    line = Line()
    world.when("in", "committed", 2, lambda: line.commands.put_nowait("stop"))
    spec = three_sinks(sinks=["handle"])
    assert (await run(spec, world, tmp_path, link=line, limit=20)).state == "STOPPED"
    after = world.survivors()
    status = await run(spec, after, tmp_path, g=2, limit=20)
    assert status.state == "COMPLETED"
    assert after.out("handle") == expected()[:20]
