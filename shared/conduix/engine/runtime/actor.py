"""The actors of a flow: a source, a stage (or a fused stretch of them), a sink. Each is one task with one mailbox."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from conduix.engine.api import (
    JSONL,
    Barrier,
    Batch,
    CommittingSink,
    Counts,
    End,
    Flush,
    Letter,
    Lines,
    Position,
    Prepared,
    Sink,
    Snapshot,
    Source,
    Stage,
)
from conduix.engine.failpoints import failpoint
from conduix.engine.runtime.ledger import Ledger, Line
from conduix.engine.runtime.letters import LetterWriter
from conduix.engine.runtime.mailbox import Mailbox
from conduix.engine.runtime.plan import DEAD
from conduix.engine.stretch import Port, build_stretch
from conduix.errors import RecordError
from conduix.telemetry.meter import Meter

T = TypeVar("T")

Trace = Callable[[Batch | Barrier], None]
"""Is told of every batch that a source read, and of every barrier at the place where it cuts them."""


@dataclass(frozen=True, slots=True)
class Ack:
    """What an actor says at a barrier."""

    ledger: Mapping[str, Mapping[str, Line]]
    """shard → node → line, of the shards touched since the barrier before."""
    positions: Mapping[str, Position] = field(default_factory=dict)
    finished: Sequence[str] = ()
    prepared: Prepared | None = None
    state: Mapping[str, Snapshot] = field(default_factory=dict)


class Surroundings(Protocol):
    """What an actor needs of the attempt that it belongs to."""

    meter: Meter
    letters: LetterWriter

    def ack(self, n: int, actor: str, ack: Ack) -> None:
        """This actor has everything before barrier n behind it."""

    def exhausted(self, actor: str) -> None:
        """This source will read nothing more."""

    def flushed(self, flush: Flush, actor: str) -> None:
        """This sink has made everything before the flush durable."""

    def deferred(self, flush: Flush) -> None:
        """A stateful stage holds what the flush is about: it is done with the next checkpoint."""

    async def write(self, effect: Awaitable[T]) -> T:
        """Await an effect outside this process; even if the actor is cancelled it is waited for before a rewind."""


class Outbox:
    """Where an actor's output goes: ports to mailbox edges."""

    def __init__(self, ports: Mapping[str, Sequence[tuple[Mailbox, int]]]) -> None:
        self._ports = ports
        self._all = [edge for edges in ports.values() for edge in edges]

    def has(self, port: str) -> bool:
        """Does anybody read this port?"""
        return port in self._ports

    async def send(self, port: str, batch: Batch) -> None:
        """To every reader of a port; a port that nobody reads drops it (a route without target is refused earlier)."""
        for mailbox, edge in self._ports.get(port, ()):
            await mailbox.put(edge, batch)

    async def broadcast(self, marker: Barrier | Flush | End) -> None:
        """To every edge before any further data."""
        for mailbox, edge in self._all:
            await mailbox.put(edge, marker)


@dataclass(frozen=True, slots=True)
class Place:
    """An actor's place in an attempt."""

    id: str
    mailbox: Mailbox
    outbox: Outbox
    ledger: Ledger
    around: Surroundings


class Actor:
    """What all three kinds share."""

    def __init__(self, place: Place) -> None:
        self.id = place.id
        self.mailbox = place.mailbox
        self.ledger = place.ledger
        self.state = "running"
        self._outbox = place.outbox
        self._around = place.around

    async def run(self) -> None:
        """Work until End; raises what the node raised."""
        raise TypeError("one of the three kinds runs")

    async def _note(self, batch: Batch, counts: Mapping[str, Counts], dead: Sequence[Letter]) -> None:
        self.ledger.note(batch.shard, counts)
        self._around.meter.records(counts)
        if dead:
            await self._outbox.send(DEAD, self._around.letters.batch(dead, batch))


class SourceActor(Actor):
    """Reads, and answers barrier requests even while a read is pending."""

    def __init__(self, place: Place, source: Source, trace: Trace) -> None:
        super().__init__(place)
        self._source = source
        self._wake = asyncio.Event()
        self._barrier: Barrier | None = None
        self._flush: Flush | None = None
        self._hold = False
        self._trace = trace

    def request(self, barrier: Barrier, *, hold: bool) -> None:
        """Send this barrier as soon as possible; `hold`: read nothing after it."""
        self._barrier = barrier
        self._hold = self._hold or hold or barrier.final
        self._wake.set()

    def request_flush(self, k: int) -> None:
        """Send a flush after everything that `read` has returned so far."""
        self._flush = Flush(self.id, k)
        self._wake.set()

    async def run(self) -> None:
        """Read until a final barrier was asked for and sent."""
        reading: asyncio.Task[Batch | None] | None = None
        ended = False
        try:
            while True:
                if reading is None and not ended and not self._hold:
                    reading = asyncio.ensure_future(self._source.read())
                    reading.add_done_callback(lambda _: self._wake.set())
                await self._wake.wait()
                self._wake.clear()
                if reading is not None and reading.done():
                    batch, reading = reading.result(), None
                    if batch is not None:
                        await self._pass_on(batch)
                    elif not ended:
                        ended = True
                        self.state = "ended"
                        self._around.exhausted(self.id)
                if await self._answer():
                    return
        finally:
            if reading is not None:
                await _cancel(reading)

    async def _pass_on(self, batch: Batch) -> None:
        self._trace(batch)
        failpoint("source.read")
        dead = list(batch.letters)
        if batch.count:
            await self._outbox.send("out", batch)
        await self._note(batch, {self.id: Counts(batch.count, dead=len(dead))}, dead)

    async def _answer(self) -> bool:
        """Send what was asked for; True after the final barrier."""
        if self._flush is not None:
            flush, self._flush = self._flush, None
            await self._outbox.broadcast(flush)
        if self._barrier is None:
            return False
        barrier, self._barrier = self._barrier, None
        ack = Ack(self.ledger.cut(), dict(self._source.positions()), tuple(self._source.finished()))
        self._trace(barrier)
        failpoint("source.barrier")
        await self._outbox.broadcast(barrier)
        self._around.ack(barrier.n, self.id, ack)
        if barrier.final:
            await self._outbox.broadcast(End())
        return barrier.final


class StageActor(Actor):
    """Applies a stage, or a fused stretch of pure ones, to every batch."""

    def __init__(self, place: Place, stage: Stage, *, stateful: bool) -> None:
        super().__init__(place)
        self._stage = stage
        self._stateful = stateful

    async def run(self) -> None:
        """Work until End."""
        while True:
            item = await self.mailbox.get()
            if isinstance(item, Batch):
                await self._apply(item)
            elif isinstance(item, Barrier):
                failpoint("stage.snapshot")
                state = self._stage.snapshot(item.n)
                ack = Ack(self.ledger.cut(), state=state)
                await self._outbox.broadcast(item)
                self._around.ack(item.n, self.id, ack)
            elif isinstance(item, Flush):
                if self._stateful:
                    self._around.deferred(item)
                else:
                    await self._outbox.broadcast(item)
            elif item is not None:
                await self._outbox.broadcast(item)
                return

    async def _apply(self, batch: Batch) -> None:
        began = time.perf_counter()
        output = self._stage.apply(batch)
        self._around.meter.batch(self.id, time.perf_counter() - began)
        failpoint("stage.applied")
        for port, made in output.batches:
            if made.count:
                await self._outbox.send(port, made)
        await self._note(batch, output.counts, output.dead)


class SinkActor(Actor):
    """Writes every batch; makes everything durable at a barrier, or at a flush once `min_flush` has passed."""

    def __init__(self, place: Place, sink: Sink) -> None:
        super().__init__(place)
        self._sink = sink
        kind = sink.accepts[0]
        self._converter = build_stretch((), {"out": Port("rows" if kind in {"rows", "csv"} else kind, offsets=True)})
        self._flushes: list[Flush] = []
        self._flushed_at = 0.0

    async def run(self) -> None:
        """Work until End."""
        while True:
            item = await self.mailbox.get(self._patience())
            if isinstance(item, Batch):
                await self._write(item)
            elif isinstance(item, Barrier):
                prepared = await self._prepare(item)
                await self._outbox.broadcast(item)
                failpoint("barrier.ack")
                self._around.ack(item.n, self.id, Ack(self.ledger.cut(), prepared=prepared))
                self._answer_flushes()
            elif isinstance(item, Flush):
                await self._outbox.broadcast(item)
                self._flushes.append(item)
            elif isinstance(item, End):
                await self._outbox.broadcast(item)
                return
            if self._flushes and self._patience() == 0.0:
                await self._around.write(self._sink.flush())
                self._answer_flushes()

    def _patience(self) -> float | None:
        """How long the next flush may still wait for others; None: none is asked for."""
        if not self._flushes:
            return None
        return max(0.0, self._flushed_at + self._sink.min_flush - asyncio.get_running_loop().time())

    async def _prepare(self, barrier: Barrier) -> Prepared | None:
        if isinstance(self._sink, CommittingSink):
            return await self._around.write(self._sink.prepare(barrier.n, final=barrier.final))
        await self._around.write(self._sink.flush())
        return None

    def _answer_flushes(self) -> None:
        self._flushed_at = asyncio.get_running_loop().time()
        for flush in self._flushes:
            self._around.flushed(flush, self.id)
        self._flushes.clear()

    async def _write(self, batch: Batch) -> None:
        began = time.perf_counter()
        arrived = batch.count
        dead: list[Letter] = []
        if form_of(batch) not in self._sink.accepts:
            batch, dead = self._converted(batch)
        refused = await self._around.write(self._sink.write(batch)) if batch.count else ()
        self._around.meter.batch(self.id, time.perf_counter() - began)
        dead += refused
        await self._note(batch, {self.id: Counts(arrived - len(dead), dead=len(dead))}, dead)

    def _converted(self, batch: Batch) -> tuple[Batch, list[Letter]]:
        output = self._converter.apply(batch)
        made = (
            output.batches[0][1]
            if output.batches
            else Batch(batch.shard, batch.first, batch.next, Lines(b"", JSONL), 0)
        )
        return made, [replace(letter, node=self.id) for letter in output.dead]

    async def _note(self, batch: Batch, counts: Mapping[str, Counts], dead: Sequence[Letter]) -> None:
        if dead and not self._outbox.has(DEAD):
            raise RecordError(f"{self.id} refused {len(dead)} records: {dead[0].message}", system=self.id)
        await super()._note(batch, counts, dead)


async def _cancel(task: asyncio.Task[Batch | None]) -> None:
    """End a pending read; `open` or `close` of the source follows."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def form_of(batch: Batch) -> str:
    """The form of a batch's body, in the words of `Sink.accepts`."""
    return batch.body.format.name if isinstance(batch.body, Lines) else "rows"
