"""Sources, stages and sinks that check what the flow promises; `world` is how a test stops, fails or kills them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field

from conduix.engine.api import (
    Batch,
    Counts,
    Handle,
    Letter,
    Lines,
    NodeContext,
    Output,
    Position,
    Prepared,
    Rows,
    Shard,
    Snapshot,
)
from conduix.engine.failpoints import failpoint
from conduix.spec.options import Options
from tests.unit.runtime.world import Row, World


class NumberOptions(Options):
    total: int = Field(10, description="Records in all.")
    shards: int = Field(1, description="Cut into so many.")
    flush_every: int = Field(0, description="Ask for a flush after so many batches; 0: never.")
    buffer: int = Field(0, description="So many unacknowledged records are kept, then a checkpoint is demanded.")
    endless: bool = Field(False, description="Wait for more after the last one.")


class NumberSource:
    """Counts up in each shard; forgets what it was told is safe, and checks that it is."""

    replayable = True

    def __init__(self, options: NumberOptions, context: NodeContext, world: World) -> None:
        self.ends = not options.endless
        self.node = context.node
        self._options = options
        self._context = context
        self._world = world
        self._shards: list[Shard] = []
        self._at: dict[str, int] = {}
        self._batches = 0
        self._covered: dict[int, dict[str, int]] = {}
        self._kept = 0
        self._acknowledged = asyncio.Event()
        self.read_in_all = 0
        self.read_again = 0
        """Records between where reading stood and where an `open` went back to."""
        self.opened: list[dict[str, int]] = []
        self.answered: list[int] = []
        self.refused: list[int] = []
        self.flushes = 0
        self._open = False
        world.sources[context.node] = self

    def _end(self, index: int) -> int:
        return self._options.total // self._options.shards + (index < self._options.total % self._options.shards)

    async def cut(self) -> Sequence[Shard]:
        await self._world.at(self.node, "cut")
        return [Shard(f"{self.node}/{i}", {"end": self._end(i)}) for i in range(self._options.shards)]

    async def open(self, shards: Sequence[Shard], held: Mapping[str, Position | None]) -> None:
        await self._world.at(self.node, "open")
        before = self._at
        self._shards = list(shards)
        self._at = {shard: 0 if at is None else int(at["offset"]) for shard, at in held.items()}
        self.opened.append(dict(self._at))
        for shard, at in self._at.items():
            assert at >= self._world.forgotten.get(shard, 0), f"{shard}: what lies before its checkpoint is forgotten"
            self.read_again += max(0, before.get(shard, 0) - at)
        self._covered.clear()
        self._kept = 0

    async def read(self) -> Batch | None:
        await self._world.at(self.node, "read")
        for shard in self._shards:
            at, end = self._at[shard.id], int(shard.spec["end"])
            if at < end:
                await self._room()
                self._ask_for_flush()
                after = min(end, at + self._world.random.randint(1, 3))
                self._at[shard.id] = after
                self.read_in_all += after - at
                self._kept += after - at
                rows = Rows([{"source": self.node, "shard": shard.id, "i": i} for i in range(at, after)])
                return Batch(shard.id, {"offset": at}, {"offset": after}, rows, after - at)
        if self._options.endless:
            await asyncio.Event().wait()
        return None

    async def _room(self) -> None:
        while self._options.buffer and self._kept >= self._options.buffer:
            self._acknowledged.clear()
            self._context.demand()
            await self._acknowledged.wait()

    def _ask_for_flush(self) -> None:
        """Before the next batch is returned: the flush covers everything up to it."""
        self._batches += 1
        if self._options.flush_every and self._batches % self._options.flush_every == 0:
            self.flushes += 1
            self._covered[self.flushes] = dict(self._at)
            self._context.flush(self.flushes)

    def positions(self) -> Mapping[str, Position]:
        return {shard: {"offset": at} for shard, at in self._at.items() if at}

    def finished(self) -> Sequence[str]:
        return [s.id for s in self._shards if self._at[s.id] == int(s.spec["end"])]

    def progress(self) -> tuple[int, int] | None:
        return sum(self._at.values()), self._options.total

    async def committed(self, n: int, positions: Mapping[str, Position]) -> None:
        await self._world.at(self.node, "committed", n)
        for shard, at in positions.items():
            self._world.forgotten[shard] = int(at["offset"])
        self._kept = 0
        self._acknowledged.set()

    async def flushed(self, k: int, *, durable: bool) -> None:
        await self._world.at(self.node, "flushed", k)
        covered = self._covered.pop(k)
        if not durable:
            self.refused.append(k)
            return
        self.answered.append(k)
        for (source, sink), ways in self._world.paths.items():
            if source == self.node and sink in self._world.disks:
                have = self._world.per_shard(sink, self._world.disks[sink].durable)
                lacking = {s: (have[s], at * ways) for s, at in covered.items() if have[s] < at * ways}
                assert not lacking, f"flush {k} was answered before it was durable in {sink}: {lacking}"

    async def probe(self) -> None:
        await self._world.at(self.node, "probe")

    async def close(self) -> None:
        await self._world.at(self.node, "close")


class CountOptions(Options):
    """A running number a shard."""


class CountStage:
    """Stateful: numbers the records of each shard, so that a wrong restore shows in the output."""

    deterministic = True

    def __init__(self, _options: CountOptions, context: NodeContext, world: World) -> None:
        self._node = context.node
        self._world = world
        self._numbers: dict[str, int] = {}
        self._changed: set[str] = set()
        self._based: set[str] = set()

    def apply(self, batch: Batch) -> Output:
        self._world.enter(self._node, "apply")
        number = self._numbers.get(batch.shard, 0)
        rows = [{**row, self._node: number + i} for i, row in enumerate(rows_of(batch))]
        self._numbers[batch.shard] = number + batch.count
        self._changed.add(batch.shard)
        made = Batch(batch.shard, batch.first, batch.next, Rows(rows), batch.count)
        return Output([("out", made)], [], {self._node: Counts(batch.count)})

    def snapshot(self, n: int) -> Mapping[str, Snapshot]:
        """Sometimes a base, sometimes a delta (here: the new number) after one."""
        self._world.enter(self._node, "snapshot", n)
        made = {}
        for shard in sorted(self._changed):
            base = shard not in self._based or self._world.random.random() < 0.3
            self._based.add(shard)
            made[shard] = Snapshot(base, json.dumps(self._numbers[shard]).encode())
        self._changed.clear()
        return made

    def restore(self, state: Mapping[str, Sequence[bytes]]) -> None:
        self._world.enter(self._node, "restore")
        self._numbers = {shard: int(json.loads(blobs[-1])) for shard, blobs in state.items()}
        self._based = set(state)
        self._changed.clear()


class SinkOptions(Options):
    refuse: int = Field(0, description="Refuse every record whose number is a multiple of it.")


class HandleSink:
    """Handle-held: rows stay where they are written; going back cuts them off. The last commit publishes them."""

    truth: Literal["sink", "handle"] = "handle"
    accepts: tuple[Literal["jsonl", "lines", "csv", "rows"], ...] = ("rows",)
    min_flush = 0.0

    def __init__(self, options: SinkOptions, context: NodeContext, world: World) -> None:
        self._refuse = options.refuse
        self._world = world
        self.node = context.node
        self.disk = world.disks[context.node]
        self._prepared = -1

    async def start(self, shards: Sequence[Shard]) -> Handle:
        await self._world.at(self.node, "start")
        return {"length": len(self.disk.rows)}

    async def open(self, handle: Handle | None) -> None:
        await self._world.at(self.node, "open")
        assert handle is not None
        assert len(self.disk.rows) >= int(handle["length"]), "what was durable is gone"
        del self.disk.rows[int(handle["length"]) :]
        self.disk.durable = len(self.disk.rows)

    async def write(self, batch: Batch) -> Sequence[Letter]:
        failpoint("sink.write")
        await self._world.at(self.node, "write")
        refused = []
        for row in rows_of(batch):
            number = int(str(row.get("i", 1)))
            if self._refuse and number % self._refuse == 0:
                payload = json.dumps(row).encode()
                refused.append(Letter(self.node, batch.shard, {"offset": number}, 0, payload, "REFUSED", "no"))
            else:
                self._accept(row)
                failpoint("sink.half_written")
        return refused

    def _accept(self, row: Row) -> None:
        self.disk.rows.append(row)

    async def flush(self) -> None:
        failpoint("sink.before_fsync")
        await self._world.at(self.node, "flush")
        self.disk.durable = len(self.disk.rows)
        failpoint("sink.after_fsync")

    async def prepare(self, n: int, *, final: bool) -> Prepared:
        await self._world.at(self.node, "prepare", n)
        assert n > self._prepared, "n repeats"
        self._prepared = n
        await self.flush()
        counts = dict(self._world.per_shard(self.node))
        handle = {"length": len(self.disk.rows), "counts": counts, "n": n, "final": final}
        return Prepared(handle, pending=final)

    async def commit(self, n: int, handle: Handle) -> None:
        await self._world.at(self.node, "commit", n)
        assert self.disk.durable >= int(handle["length"]), "a commit before its data is durable (I1)"
        if handle["final"]:
            self.disk.published = self.disk.rows[: int(handle["length"])]
            failpoint("commit.renamed")

    async def recover(self, shards: Sequence[str]) -> int | None:
        raise AssertionError("the truth is in the handle: nobody asks")

    async def discard_after(self, handle: Handle) -> None:
        await self._world.at(self.node, "discard_after")

    async def probe(self) -> None:
        await self._world.at(self.node, "probe")

    async def close(self) -> None:
        await self._world.at(self.node, "close")


class HeldSink(HandleSink):
    """Sink-held: a transaction, committed together with its n. What was not committed dies with the process."""

    truth: Literal["sink", "handle"] = "sink"

    def __init__(self, options: SinkOptions, context: NodeContext, world: World) -> None:
        super().__init__(options, context, world)
        self._open: list[Row] = []
        self._staged: list[Row] = []

    def _accept(self, row: Row) -> None:
        self._open.append(row)

    async def open(self, handle: Handle | None) -> None:
        await self._world.at(self.node, "open")
        self._open, self._staged = [], []

    async def flush(self) -> None:
        await self._world.at(self.node, "flush")

    async def prepare(self, n: int, *, final: bool) -> Prepared:
        await self._world.at(self.node, "prepare", n)
        assert n > self._prepared, "n repeats"
        self._prepared = n
        self._staged, self._open = self._open, []
        return Prepared({"n": n}, pending=False)

    async def commit(self, n: int, handle: Handle) -> None:
        await self._world.at(self.node, "commit", n)
        if self.disk.committed_n == n:
            return
        assert n == self._prepared, "another transaction than the one prepared"
        self.disk.rows += self._staged
        self.disk.durable, self.disk.committed_n = len(self.disk.rows), n
        self._staged = []
        self._world.enter(self.node, "committed", n)

    async def recover(self, shards: Sequence[str]) -> int | None:
        await self._world.at(self.node, "recover")
        return self.disk.committed_n


def rows_of(batch: Batch) -> Sequence[Row]:
    if isinstance(batch.body, Lines):
        return [json.loads(line) for line in batch.body.data.splitlines()]
    return batch.body.values
