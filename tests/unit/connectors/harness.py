"""What tests of connectors share: a context, options by their YAML names, reading and writing to the end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import pytest

from conduix.engine.api import (
    JSONL,
    MAX_BATCH_BYTES,
    Batch,
    CommittingSink,
    Handle,
    Letter,
    Lines,
    NodeContext,
    Rows,
    Shard,
    Source,
)
from conduix.engine.catalog import Catalog
from conduix.engine.connectors import ENTRIES
from conduix.engine.files import Files
from conduix.errors import SystemicError

CATALOG = Catalog(ENTRIES)


def context(
    mode: Literal["batch", "realtime"] = "batch",
    *,
    batch_bytes: int = MAX_BATCH_BYTES,
    files: Files | None = None,
    demand: Callable[[], None] = lambda: None,
) -> NodeContext:
    return NodeContext("orders", "node", mode, demand, lambda _k: None, files or Files(), batch_bytes)


def build(role: Literal["source", "sink"], name: str, ctx: NodeContext, **options: Any) -> Any:
    entry = CATALOG.find(role, name)
    assert entry is not None
    assert entry.build is not None
    return entry.build(entry.options.model_validate(options), ctx)


def file_source(*, batch_bytes: int = MAX_BATCH_BYTES, **options: Any) -> Source:
    source: Source = build("source", "file", context(batch_bytes=batch_bytes), **options)
    return source


def file_sink(ctx: NodeContext | None = None, **options: Any) -> CommittingSink:
    sink: CommittingSink = build("sink", "file", ctx or context(), **options)
    return sink


async def read_all(source: Source, shards: Sequence[Shard] | None = None) -> list[Batch]:
    """Every batch of a source from its start, checked to be contiguous."""
    shards = await source.cut() if shards is None else shards
    try:
        await source.open(shards, {shard.id: None for shard in shards})
        batches = await read_on(source)
    finally:
        await source.close()
    assert set(source.finished()) == {shard.id for shard in shards}
    return batches


async def read_on(source: Source) -> list[Batch]:
    """Every batch from where the source stands, checked to be contiguous."""
    batches: list[Batch] = []
    at: dict[str, Any] = {}
    while (batch := await source.read()) is not None:
        assert batch.first == at.get(batch.shard, batch.first)
        at[batch.shard] = batch.next
        batches.append(batch)
    return batches


def data_of(batches: Sequence[Batch]) -> bytes:
    return b"".join(batch.body.data for batch in batches if isinstance(batch.body, Lines))


def values_of(batches: Sequence[Batch]) -> list[Any]:
    return [value for batch in batches if isinstance(batch.body, Rows) for value in batch.body.values]


def letters_of(batches: Sequence[Batch]) -> list[Letter]:
    return [letter for batch in batches for letter in batch.letters]


def count_of(batches: Sequence[Batch]) -> int:
    return sum(batch.count for batch in batches)


def jsonl(*lines: bytes, shard: str = "s", offset: int = 0) -> Batch:
    data = b"".join(line + b"\n" for line in lines)
    return Batch(shard, {"offset": offset}, {"offset": offset + len(data)}, Lines(data, JSONL), len(lines))


def rows(*values: Any, shard: str = "s", offset: int = 0) -> Batch:
    return Batch(shard, {"offset": offset}, {"offset": offset + len(values)}, Rows(values), len(values))


async def begin(sink: CommittingSink, *shards: str) -> Handle:
    """Start and open a sink as a fresh run does."""
    handle = await sink.start([Shard(shard, {}) for shard in shards or ("s",)])
    await sink.open(handle)
    return handle


async def finish(sink: CommittingSink, n: int = 1) -> Handle:
    """The final barrier and its commit."""
    prepared = await sink.prepare(n, final=True)
    if prepared.pending:
        await sink.commit(n, prepared.handle)
    await sink.close()
    return prepared.handle


def run(coroutine: Any) -> Any:
    """For property tests, whose body is not a coroutine."""
    return asyncio.run(coroutine)


def later(handle: Handle) -> Handle:
    """A handle as a checkpoint gives it back."""
    restored: Handle = json.loads(json.dumps(handle))
    return restored


async def barrier(sink: CommittingSink, n: int = 1) -> Handle:
    prepared = await sink.prepare(n, final=False)
    assert not prepared.pending
    return later(prepared.handle)


def write(path: Path, content: bytes) -> str:
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
