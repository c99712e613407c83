"""The actors of a flow, each one task with one mailbox: sources and stages; of sinks see `sink_actor`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol, TypeVar

import msgspec

from conduix.engine.api import (
    Barrier,
    Batch,
    Counts,
    End,
    Flush,
    Letter,
    Position,
    Prepared,
    Snapshot,
    Source,
    Stage,
)
from conduix.engine.failpoints import failpoint
from conduix.engine.runtime.flood import Flood
from conduix.engine.runtime.ledger import Ledger, Line
from conduix.engine.runtime.letters import LetterWriter
from conduix.engine.runtime.mailbox import Mailbox
from conduix.engine.runtime.plan import DEAD
from conduix.errors import RecordError
from conduix.telemetry.meter import Meter

T = TypeVar("T")

Trace = Callable[[Batch | Barrier], None]
"""Is told of every batch that a source read, and of every barrier at the place where it cuts them."""


class Ack(msgspec.Struct, frozen=True):
    """What an actor says at a barrier."""

    ledger: Mapping[str, Mapping[str, Line]]
    """shard → node → line, of the shards touched since the barrier before."""
    positions: Mapping[str, Position] = msgspec.field(default_factory=dict)
    finished: Sequence[str] = ()
    prepared: Prepared | None = None
    state: Mapping[str, Snapshot] = msgspec.field(default_factory=dict)
    flushed: int = -1
    """Sources: the newest flush that was sent before the barrier."""


class Surroundings(Protocol):
    """What an actor needs of the attempt that it belongs to."""

    meter: Meter
    letters: LetterWriter
    max_dead_ratio: float

    def ack(self, n: int, actor: str, ack: Ack) -> None:
        """This actor has everything before barrier n behind it."""

    def exhausted(self, actor: str) -> None:
        """This source will read nothing more."""

    def flushed(self, flush: Flush, actor: str) -> None:
        """This sink has made everything before the flush durable."""

    def deferred(self, flush: Flush) -> None:
        """A stateful stage holds what the flush is about: it is done with the next checkpoint."""

    def flooded(self, actor: str, why: str) -> None:
        """Most of what this actor gets becomes dead letters."""

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


Look = Callable[[Batch, Sequence[Batch]], None]
"""Is shown what came into an actor (a source: what it has read), and what it made of that."""


class TapPoint(msgspec.Struct):
    """Where an actor may be looked at; outlives attempts."""

    look: Look | None = None


class Place(msgspec.Struct, frozen=True):
    """An actor's place in an attempt."""

    id: str
    mailbox: Mailbox
    outbox: Outbox
    ledger: Ledger
    around: Surroundings
    tap: TapPoint = msgspec.field(default_factory=TapPoint)


class Actor:
    """What all three kinds share."""

    def __init__(self, place: Place) -> None:
        self.id = place.id
        self.mailbox = place.mailbox
        self.ledger = place.ledger
        self.state = "running"
        self._outbox = place.outbox
        self._around = place.around
        self._tap = place.tap
        self._flood = Flood(place.around.max_dead_ratio)

    async def run(self) -> None:
        """Work until End; raises what the node raised."""
        raise NotImplementedError

    async def _note(self, batch: Batch, arrived: int, counts: Mapping[str, Counts], dead: Sequence[Letter]) -> None:
        """Book what became of the `arrived` records of a batch, and send its letters."""
        self.ledger.note(batch.shard, counts)
        self._around.meter.records(counts)
        if dead:
            if not self._outbox.has(DEAD):
                raise RecordError(f"{self.id} refused {len(dead)} records: {dead[0].message}", system=self.id)
            await self._outbox.send(DEAD, self._around.letters.batch(dead, batch))
        if why := self._flood.note(arrived, len(dead)):
            self._around.flooded(self.id, why)


class SourceActor(Actor):
    """Reads, and answers barrier requests even while a read is pending."""

    def __init__(self, place: Place, source: Source, trace: Trace) -> None:
        super().__init__(place)
        self._source = source
        self._wake = asyncio.Event()
        self._reading: asyncio.Task[Batch | None] | None = None
        self._ended = False
        self._barrier: Barrier | None = None
        self._hold = False
        self._flush_asked = self._flush_sent = -1
        self._trace = trace

    def request(self, barrier: Barrier, *, hold: bool) -> None:
        """Send this barrier as soon as possible; `hold`: read nothing after it."""
        self._barrier = barrier
        self._hold = self._hold or hold or barrier.final
        self._wake.set()

    def request_flush(self, k: int) -> None:
        """Send a flush after everything that `read` has returned so far."""
        self._flush_asked = k
        self._wake.set()

    async def run(self) -> None:
        """Read until a final barrier was asked for and sent."""
        try:
            while True:
                self._start_reading()
                await self._wake.wait()
                self._wake.clear()
                await self._take()
                await self._send_flush()
                if self._barrier is not None and await self._send_barrier(self._barrier):
                    return
        finally:
            await self._stop_reading()

    def _start_reading(self) -> None:
        if self._reading is None and not self._ended and not self._hold:
            self._reading = asyncio.ensure_future(self._source.read())
            self._reading.add_done_callback(lambda _: self._wake.set())

    async def _stop_reading(self) -> None:
        """End a pending read; what it read or raised all the same is left to `_take`."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])
            if self._reading.cancelled():
                self._reading = None
            else:
                self._reading.exception()  # seen: at the end of an attempt nobody takes it any more

    async def _take(self) -> None:
        """Pass on what `read` has returned; does not suspend where there is nothing."""
        if self._reading is None or not self._reading.done():
            return
        batch, self._reading = self._reading.result(), None
        if batch is not None:
            await self._pass_on(batch)
        else:
            self._ended = True
            self.state = "ended"
            self._around.exhausted(self.id)

    async def _pass_on(self, batch: Batch) -> None:
        self._trace(batch)
        failpoint("source.read")
        dead = list(batch.letters)
        if batch.count:
            if self._tap.look is not None:
                self._tap.look(batch, (batch,))
            await self._outbox.send("out", batch)
        await self._note(batch, batch.count + len(dead), {self.id: Counts(batch.count, dead=len(dead))}, dead)

    async def _send_flush(self) -> None:
        if self._flush_asked > self._flush_sent:
            self._flush_sent = self._flush_asked
            await self._outbox.broadcast(Flush(self.id, self._flush_sent))

    async def _send_barrier(self, barrier: Barrier) -> bool:
        """True after the final one."""
        if self._hold:  # the attempt ends with it: what a read returned later would be dropped with the attempt
            await self._stop_reading()
        await self._take()
        # from here to the end of the next line nothing is awaited: `read` cannot return something in between
        positions = dict(self._source.positions())
        ack = Ack(self.ledger.cut(), positions, tuple(self._source.finished()), flushed=self._flush_sent)
        self._barrier = None
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
        if self._tap.look is not None:
            self._tap.look(batch, [made for _, made in output.batches])
        failpoint("stage.applied")
        for port, made in output.batches:
            if made.count:
                await self._outbox.send(port, made)
        await self._note(batch, batch.count, output.counts, output.dead)
