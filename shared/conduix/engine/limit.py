"""A source that ends after so many records (`conduix run --limit`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from conduix.engine.api import Batch, Lines, Position, Rows, Shard, Source, record_offsets


class LimitedSource:
    """Passes through the first `limit` records of another source, counted over its shards in reading order.

    `already` tells how many of them lie before the positions that it is opened at.
    """

    def __init__(self, source: Source, limit: int, already: Callable[[], int]) -> None:
        self.replayable = source.replayable
        self.ends = True
        self._source = source
        self._limit = limit
        self._already = already
        self._left = limit
        self._last: dict[str, Position] = {}

    async def cut(self) -> Sequence[Shard]:
        """As the source cuts."""
        return await self._source.cut()

    async def open(self, shards: Sequence[Shard], held: Mapping[str, Position | None]) -> None:
        """Go to the given positions."""
        self._left = self._limit - self._already()
        self._last.clear()
        await self._source.open(shards, held)

    async def read(self) -> Batch | None:
        """The next batch, the last one shortened to the limit."""
        if self._left <= 0:
            return None
        batch = await self._source.read()
        if batch is None:
            return None
        if batch.count > self._left:
            batch = _head(batch, self._left)
        self._left -= batch.count
        self._last[batch.shard] = batch.next
        return batch

    def positions(self) -> Mapping[str, Position]:
        """Of what was passed through."""
        return dict(self._last)

    def finished(self) -> Sequence[str]:
        """As the source says, unless the limit stands in the middle."""
        return self._source.finished() if self._left > 0 else ()

    async def committed(self, n: int, positions: Mapping[str, Position]) -> None:
        """As the source does."""
        await self._source.committed(n, positions)

    async def flushed(self, k: int, *, durable: bool) -> None:
        """As the source does."""
        await self._source.flushed(k, durable=durable)

    async def probe(self) -> None:
        """As the source does."""
        await self._source.probe()

    async def close(self) -> None:
        """As the source does."""
        await self._source.close()

    def progress(self) -> tuple[int, int] | None:
        """Records read, of the limit."""
        return self._limit - self._left, self._limit


def _head(batch: Batch, count: int) -> Batch:
    """The first `count` records of a batch that has more, and the letters that stand before the next one."""
    offsets = record_offsets(batch)
    after = offsets[count]
    return Batch(
        shard=batch.shard,
        first=batch.first,
        next={**batch.next, "offset": after},
        body=_first_records(batch, count),
        count=count,
        offsets=offsets[:count] if batch.offsets is not None else None,
        meta=batch.meta[:count] if batch.meta is not None else None,
        letters=[letter for letter in batch.letters if int(letter.position["offset"]) < after],
    )


def _first_records(batch: Batch, count: int) -> Rows | Lines:
    if isinstance(batch.body, Rows):
        return Rows(batch.body.values[:count])
    data, form = batch.body.data, batch.body.format
    if form.name == "csv" and batch.offsets is not None:  # records with newlines inside: given offsets, bytes as read
        return Lines(data[: batch.offsets[count] - batch.offsets[0]], form)
    end = 0
    for _ in range(count):
        end = data.index(b"\n", end) + 1
    return Lines(data[:end], form)
