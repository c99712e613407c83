"""What stages, connectors and third parties import: batches, markers, positions, and the protocols of the flow.

`conduix.engine.runtime` imports this module, never the other way round. The contract behind these types (who owns a
shard, what a barrier promises, when a commit counts) is written down in `docs/flow.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

import msgspec

from conduix.engine.files import Files
from conduix.mapping.parts import index_of

Json = Any
"""A plain JSON value: None, bool, int (64 bit), float, str, list or dict with str keys."""

Position = Mapping[str, Json]
"""Where reading goes on inside a shard, in the source's own words: `{"offset": 4711}`; grows within a shard."""

Handle = Mapping[str, Json]
"""What a sink must be told to go on or to repeat a commit, in the sink's own words: `{"length": 81920}`."""

Reason = Literal["OPERATOR", "LEASE", "DISK", "DLQ_FLOOD", "OUTSIDE"]
"""Why a pipeline is PAUSED. OUTSIDE, LEASE and DISK resume by themselves."""

OnError = Literal["dlq", "drop", "fail", "pass"]
"""What happens to a record that fails in a stage."""

MAX_BATCH_BYTES = 256 * 1024
MAX_BATCH_RECORDS = 1_000


class Fence(NamedTuple):
    """The right to write a shard's checkpoint, compared as a tuple: the higher one owns it."""

    run_seq: int
    g: int


class Shard(msgspec.Struct, frozen=True):
    """What is owned: a file or a byte range of it, a topic-partition, a key range, or `all`."""

    id: str
    spec: Mapping[str, Json]
    """Cut once a run and stored in checkpoint 0; the source's own words."""


class Format(msgspec.Struct, frozen=True):
    """How the records of a `Lines` body are written."""

    name: Literal["jsonl", "lines", "csv"]
    columns: tuple[str, ...] = ()
    """csv only: the names of the columns, in order."""
    delimiter: str = ","
    """csv only: the one ASCII character between two fields."""


JSONL = Format("jsonl")
TEXT = Format("lines")


class Lines(msgspec.Struct, frozen=True):
    """Whole undecoded records, each ended by a newline. `csv` fields may hold newlines inside quotes."""

    data: bytes
    format: Format


class Rows(msgspec.Struct, frozen=True):
    """Decoded records: plain JSON values."""

    values: Sequence[Json]


class Batch(msgspec.Struct):
    """Contiguous records of one shard: at most 256 KiB or 1,000 records, whichever comes first."""

    shard: str
    first: Position
    next: Position
    """Where reading goes on after this batch."""
    body: Lines | Rows
    count: int
    offsets: Sequence[int] | None = None
    """Position of each record inside the shard, a `Part` where it was made of the record there.

    None: not asked for, or natural (see `record_offsets`).
    """
    meta: Sequence[Mapping[str, Json]] | None = None
    letters: Sequence[Letter] = ()
    """What a source could not read as records (half a line at the end of a file, bytes that are no UTF-8)."""


class Barrier(msgspec.Struct, frozen=True):
    """Everything before it belongs to checkpoint n. `final`: End follows on every edge."""

    n: int
    final: bool


class Flush(msgspec.Struct, frozen=True):
    """Asks that everything that `source` has sent before it be made durable; no snapshot, no checkpoint."""

    source: str
    k: int


class End(msgspec.Struct, frozen=True):
    """Nothing follows on this edge."""


Item = Batch | Barrier | Flush | End


class Letter(msgspec.Struct, frozen=True):
    """A record that goes to the dead letters."""

    node: str
    shard: str
    position: Position
    index: int
    """Counts what a stage made of one record; 0 for the record itself."""
    payload: bytes
    """As it entered the failing node."""
    code: str
    message: str


class Counts(msgspec.Struct, frozen=True):
    """What a node did to one batch, in records. in = passed + filtered + dead - made."""

    passed: int
    filtered: int = 0
    dead: int = 0
    made: int = 0


class Output(msgspec.Struct):
    """What a stage (or a fused stretch of them) made of one batch."""

    batches: list[tuple[str, Batch]]
    """(port, batch); the ordinary port is `out`."""
    dead: list[Letter] = msgspec.field(default_factory=list)
    counts: Mapping[str, Counts] = msgspec.field(default_factory=dict)
    """node id → counts; a stretch reports each of its nodes."""


class Snapshot(msgspec.Struct, frozen=True):
    """State of one shard at a barrier: a base, or a delta since the barrier before."""

    base: bool
    blob: bytes


class Source(Protocol):
    """Reads shards.

    `read` is never cancelled for a barrier; only the end of an attempt cancels it, and then `open` or `close` follows.
    """

    replayable: bool
    """Can what was read be read again after a crash?"""
    ends: bool
    """Does it come to an end by itself (batch), or wait for more (realtime)?"""

    async def cut(self) -> Sequence[Shard]:
        """Cut the work into shards, in the order in which they are to be read. Called once a run."""

    async def open(self, shards: Sequence[Shard], held: Mapping[str, Position | None]) -> None:
        """Go to the given positions (None: the shard's start). Also a rewind; idempotent.

        `shards` are those held and unfinished, in order; `held` has a position for each of them.
        """

    async def read(self) -> Batch | None:
        """The next batch; waits for one. None: nothing more will ever come. Raced with barrier requests."""

    def positions(self) -> Mapping[str, Position]:
        """Of everything that `read` has returned, for each shard of `open` that was touched."""

    def finished(self) -> Sequence[str]:
        """Ids of shards of which `read` has returned everything."""

    def progress(self) -> tuple[int, int] | None:
        """What was read, of how much (any unit, mostly bytes); None: unknown or endless."""

    async def committed(self, n: int, positions: Mapping[str, Position]) -> None:
        """Checkpoint n is complete: what lies before `positions` need not be kept."""

    async def flushed(self, k: int, *, durable: bool) -> None:
        """Flush k is done: answer or acknowledge; not durable: 503, nack."""

    async def probe(self) -> None:
        """Raise while the outside system is away."""

    async def close(self) -> None:
        """Release everything. May be called twice."""


@runtime_checkable
class MeasuredSource(Source, Protocol):
    """A source that can tell how much work a shard still is; the shards of others weigh the same."""

    def left(self, shard: Shard, position: Position | None) -> int:
        """What is to be read of an unfinished shard, in any unit that all shards of this source share."""


class Stage(Protocol):
    """Makes batches out of a batch. Pure stages are fused; a stateful one is an actor of its own."""

    @property
    def deterministic(self) -> bool:
        """Does it make the same of the same records each time?"""

    def apply(self, batch: Batch) -> Output:
        """Called in order; must not block."""

    def snapshot(self, n: int) -> Mapping[str, Snapshot]:
        """State per shard at barrier n; empty when stateless."""

    def restore(self, state: Mapping[str, Sequence[bytes]]) -> None:
        """Per shard the base and the deltas after it; empty: start with nothing."""


class Sink(Protocol):
    """Writes batches. One call at a time; a write that is under way is always waited for before a rewind."""

    accepts: tuple[Literal["jsonl", "lines", "csv", "rows"], ...]
    """Bodies it takes: a `Lines` format, or `rows`. The first one is what a stretch before it makes."""
    min_flush: float
    """Seconds; flushes that come sooner are put together."""

    async def open(self, handle: Handle | None) -> None:
        """Go back to what `handle` names (None: this sink keeps nothing). Also a rewind; idempotent."""

    async def write(self, batch: Batch) -> Sequence[Letter]:
        """Accept the batch; returns the records refused."""

    async def flush(self) -> None:
        """Everything accepted is durable when this returns."""

    async def probe(self) -> None:
        """Raise while the outside system is away."""

    async def close(self) -> None:
        """Release everything, commit nothing. May be called twice."""


class Prepared(msgspec.Struct, frozen=True):
    """A sink's word at a barrier. `pending`: `commit` has work to do once the checkpoint is on disk."""

    handle: Handle
    pending: bool


@runtime_checkable
class CommittingSink(Sink, Protocol):
    """A sink whose effects are tied to checkpoints."""

    truth: Literal["sink", "handle"]
    """Who knows n after a crash: the sink itself, or the handle in our checkpoint."""

    async def start(self, shards: Sequence[Shard]) -> Handle:
        """The handle for checkpoint 0, before the first write: what stands there now."""

    async def prepare(self, n: int, *, final: bool) -> Prepared:
        """Flush and stage everything accepted so far. `final`: the run is complete with it."""

    async def commit(self, n: int, handle: Handle) -> None:
        """Make it effective. Idempotent: repeated on recovery."""

    async def recover(self, shards: Sequence[str]) -> int | None:
        """Asked only where truth is `sink`: the n of its last commit, None if there is none."""

    async def discard_after(self, handle: Handle) -> None:
        """Remove everything later than `handle`: truncate, abort uploads, abort the transaction."""


@runtime_checkable
class ShardedSink(CommittingSink, Protocol):
    """A sink that several replicas may write, each for its own shards."""

    def deal(self, handles: Sequence[Handle], groups: Sequence[Sequence[str]]) -> Sequence[Handle]:
        """The handles of the replicas before, as those of the next ones: one for each group of shard ids.

        Replicas whose last barrier is committed are not among `handles`: what their shards wrote is complete, and
        in no new handle. Called while nothing is open; has no effect outside.

        Raises:
            ScaleRefused: with these options it cannot be.
        """


class NodeContext(msgspec.Struct, frozen=True):
    """What a connector or stage is given when it is built."""

    pipeline: str
    node: str
    mode: Literal["batch", "realtime"]
    demand: Callable[[], None]
    """Ask for a checkpoint now (a source whose replay buffer is full does)."""
    flush: Callable[[int], None]
    """Sources: send `Flush(k)` after everything that `read` has returned so far; `flushed(k)` answers."""
    files: Files
    """Everything that must be durable is written through it."""
    batch_bytes: int = MAX_BATCH_BYTES
    """Read at most so much at once (tests resume with another size)."""


def record_offsets(batch: Batch) -> Sequence[int]:
    """The position of every record of a batch inside its shard.

    `batch.offsets` where given; else natural: for `Lines` as read, `first["offset"]` plus the bytes before the
    record (jsonl and lines only: a csv source gives offsets when its records are not lines); for `Rows` as read,
    `first["offset"]` plus 0, 1, 2, … (ordinals).
    """
    if batch.offsets is not None:
        return batch.offsets
    start = int(batch.first["offset"])
    if isinstance(batch.body, Rows):
        return range(start, start + batch.count)
    offsets: list[int] = []
    for line in (
        batch.body.data.splitlines(keepends=True) if b"\r" not in batch.body.data else _newlines(batch.body.data)
    ):
        offsets.append(start)
        start += len(line)
    return offsets


def record_place(batch: Batch, at: int) -> tuple[Position, int]:
    """Where a letter says that a record of a batch stood: its position, and which of what was made of that place."""
    offset = record_offsets(batch)[at]
    return {**batch.first, "offset": int(offset)}, index_of(offset)


def _newlines(data: bytes) -> list[bytes]:
    """Lines ended by newline only: splitlines would also cut at a lone carriage return."""
    return [line + b"\n" for line in data.split(b"\n")[:-1]]
