"""Sources, stages and sinks that check what the flow promises; the flow around them is the real one.

They stand in for outside systems because the tests need to stop the world between any two steps of theirs.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import Field

from conduix.engine.api import (
    Batch,
    Counts,
    Fence,
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
from conduix.engine.catalog import Catalog, Entry
from conduix.engine.files import Files
from conduix.engine.link import Status, Verb
from conduix.engine.runtime.checkpoint import Checkpoint, Cut, LocalStore
from conduix.engine.worker import Assignment, run_replica
from conduix.mapping.steps import FilterStep
from conduix.mapping.tree import Literal, Mark
from conduix.spec.model import BackoffSpec, CheckpointSpec, Input, NodeSpec, PipelineSpec, Role, SupervisionSpec, Where
from conduix.spec.options import Options

NOWHERE = Where(1, 1, "")


class World:
    """What the doubles of one run share: the seeded jitter, and what reached the sinks."""

    def __init__(self, seed: int = 0) -> None:
        self.random = random.Random(seed)
        self.sinks: dict[str, MemorySink] = {}
        self.sources: dict[str, NumberSource] = {}
        self.records: list[Checkpoint] = []
        self.cut: Cut | None = None
        self.paths: dict[tuple[str, str], int] = {}
        """(source, sink) → in how many ways a record gets there; for the check of flushes."""

    async def jitter(self) -> None:
        """Let others run, sometimes."""
        for _ in range(self.random.choice([0, 0, 1, 2])):
            await asyncio.sleep(0)


class NumberOptions(Options):
    total: int = Field(10, description="Records in all.")
    shards: int = Field(1, description="Cut into so many.")
    flush_every: int = Field(0, description="Ask for a flush after so many batches; 0: never.")


class NumberSource:
    """Counts up in each shard; acknowledges by flushes and remembers what it was promised as durable."""

    replayable = True
    ends = True

    def __init__(self, options: NumberOptions, context: NodeContext, world: World) -> None:
        self._options = options
        self._context = context
        self._world = world
        self._at: dict[str, int] = {}
        self._batches = 0
        self._covered: dict[int, dict[str, int]] = {}
        self.read_in_all = 0
        self.acknowledged = 0
        self.flushes = 0
        world.sources[context.node] = self

    def _end(self, index: int) -> int:
        return self._options.total // self._options.shards + (index < self._options.total % self._options.shards)

    async def cut(self) -> Sequence[Shard]:
        return [Shard(f"{self._context.node}/{i}", {"end": self._end(i)}) for i in range(self._options.shards)]

    async def open(self, shards: Sequence[Shard], held: Mapping[str, Position | None]) -> None:
        self._shards = list(shards)
        self._at = {shard: 0 if at is None else int(at["offset"]) for shard, at in held.items()}
        self._covered.clear()

    async def read(self) -> Batch | None:
        await self._world.jitter()
        for shard in self._shards:
            at, end = self._at[shard.id], int(shard.spec["end"])
            if at < end:
                self._ask_for_flush()
                after = min(end, at + self._world.random.randint(1, 3))
                self._at[shard.id] = after
                self.read_in_all += after - at
                rows = Rows([{"source": self._context.node, "shard": shard.id, "i": i} for i in range(at, after)])
                return Batch(shard.id, {"offset": at}, {"offset": after}, rows, after - at)
        return None

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
        pass

    async def flushed(self, k: int, *, durable: bool) -> None:
        if not durable:
            self._covered.pop(k, None)
            return
        self.acknowledged += 1
        for shard, at in self._covered.pop(k).items():
            for sink in self._world.sinks.values():
                expected = at * self._world.paths.get((self._context.node, sink.node), 0)
                have = sum(row.get("shard") == shard for row in sink.rows[: sink.durable])
                assert have >= expected, f"flush {k} answered with {have} of {expected} records durable in {sink.node}"

    async def probe(self) -> None:
        pass

    async def close(self) -> None:
        pass


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
        assert isinstance(batch.body, Rows)
        number = self._numbers.get(batch.shard, 0)
        rows = [{**row, self._node: number + i} for i, row in enumerate(batch.body.values)]
        self._numbers[batch.shard] = number + batch.count
        self._changed.add(batch.shard)
        made = Batch(batch.shard, batch.first, batch.next, Rows(rows), batch.count)
        return Output([("out", made)], [], {self._node: Counts(batch.count)})

    def snapshot(self, n: int) -> Mapping[str, Snapshot]:
        """Sometimes a base, sometimes a delta (here: the new number) after one."""
        made = {}
        for shard in sorted(self._changed):
            base = shard not in self._based or self._world.random.random() < 0.3
            self._based.add(shard)
            made[shard] = Snapshot(base, json.dumps(self._numbers[shard]).encode())
        self._changed.clear()
        return made

    def restore(self, state: Mapping[str, Sequence[bytes]]) -> None:
        self._numbers = {shard: int(json.loads(blobs[-1])) for shard, blobs in state.items()}
        self._based = set(state)
        self._changed.clear()


class SinkOptions(Options):
    truth: str = Field("handle", description="Who knows n after a crash.")
    refuse: int = Field(0, description="Refuse every record whose number is a multiple of it.")


class MemorySink:
    """A list that survives rewinds as a disk would: cut back to the length that a handle names."""

    accepts = ("rows",)
    min_flush = 0.0

    def __init__(self, options: SinkOptions, context: NodeContext, world: World) -> None:
        self._options = options
        self._world = world
        self.truth = options.truth
        self.node = context.node
        before = world.sinks.get(context.node)
        self.rows: list[dict[str, object]] = before.rows if before else []
        self.durable = before.durable if before else 0
        self.committed_n: int | None = before.committed_n if before else None
        self.discarded = 0
        world.sinks[context.node] = self

    async def start(self, shards: Sequence[Shard]) -> Handle:
        return {"length": len(self.rows)}

    async def open(self, handle: Handle | None) -> None:
        assert handle is not None
        assert len(self.rows) >= int(handle["length"]), "what was durable is gone"
        del self.rows[int(handle["length"]) :]

    async def write(self, batch: Batch) -> Sequence[Letter]:
        await self._world.jitter()
        rows = _rows(batch)
        refused = [r for r in rows if self._options.refuse and int(str(r["i"])) % self._options.refuse == 0]
        self.rows += [r for r in rows if r not in refused]
        return [
            Letter(self.node, batch.shard, batch.first, 0, json.dumps(r).encode(), "REFUSED", "no") for r in refused
        ]

    async def flush(self) -> None:
        await self._world.jitter()
        self.durable = len(self.rows)

    async def prepare(self, n: int, *, final: bool) -> Prepared:
        await self.flush()
        counts = Counter(str(row.get("shard")) for row in self.rows)
        return Prepared(
            {"length": len(self.rows), "counts": dict(counts), "n": n}, pending=self.truth == "sink" or final
        )

    async def commit(self, n: int, handle: Handle) -> None:
        assert self.durable >= int(handle["length"]), "a commit before its data is durable (I1)"
        self.committed_n = n

    async def recover(self, shards: Sequence[str]) -> int | None:
        return self.committed_n

    async def discard_after(self, handle: Handle) -> None:
        self.discarded += 1

    async def probe(self) -> None:
        pass

    async def close(self) -> None:
        pass


def _rows(batch: Batch) -> list[dict[str, object]]:
    if isinstance(batch.body, Lines):
        return [json.loads(line) for line in batch.body.data.splitlines()]
    return list(batch.body.values)


def catalog(world: World) -> Catalog:
    """The doubles under the names `numbers`, `count`, `copy` (a pure stage) and `memory`."""
    return Catalog(
        [
            Entry("numbers", "source", NumberOptions, "", build=lambda o, c: NumberSource(o, c, world)),
            Entry("count", "stage", CountOptions, "", build=lambda o, c: CountStage(o, c, world)),
            Entry(
                "copy",
                "stage",
                CountOptions,
                "",
                lower=lambda _o, n, _w, _e: [FilterStep(n, Literal(True, Mark(1, 1)))],
            ),
            Entry("memory", "sink", SinkOptions, "", build=lambda o, c: MemorySink(o, c, world)),
        ]
    )


def node(node_id: str, role: Role, kind: str, options: Options, inputs: Sequence[str] = ()) -> NodeSpec:
    return NodeSpec(node_id, role, kind, options, tuple(Input(i) for i in inputs), NOWHERE)


def pipeline(nodes: Sequence[NodeSpec], *, interval: float = 0.001, mailbox: int = 1) -> PipelineSpec:
    return PipelineSpec(
        name="p",
        mode="batch",
        nodes=tuple(nodes),
        digest="d",
        dlq=node("dlq", "sink", "memory", SinkOptions()),
        mailbox=mailbox,
        checkpoint=CheckpointSpec.model_construct(interval=interval, timeout=600.0),
        supervision=SupervisionSpec.model_construct(
            strategy="one_for_one",
            max_restarts=5,
            within_seconds=300.0,
            backoff=BackoffSpec.model_construct(initial=0.0, max=0.0),
        ),
    )


class Store(LocalStore):
    """The local store, remembering every record that was saved."""

    def __init__(self, directory: Path, world: World, files: Files | None = None) -> None:
        super().__init__(directory, files or Files())
        self._world = world

    async def save(self, record: Checkpoint) -> None:
        await super().save(record)
        self._world.records.append(record)

    async def save_cut(self, cut: Cut) -> None:
        await super().save_cut(cut)
        self._world.cut = cut


class Line:
    """A link that keeps the statuses and gives commands that the test puts in."""

    def __init__(self) -> None:
        self.statuses: list[Status] = []
        self.commands: asyncio.Queue[Verb] = asyncio.Queue()

    def report(self, status: Status) -> None:
        self.statuses.append(status)

    async def command(self) -> Verb:
        return await self.commands.get()


async def run(spec: PipelineSpec, world: World, directory: Path, *, g: int = 1, link: Line | None = None) -> Status:
    """Run a pipeline of doubles to its end, through the real worker."""
    assignment = Assignment(spec, "run", Fence(1, g), directory, catalog=catalog(world))
    return await run_replica(assignment, link or Line(), Store(directory, world))
