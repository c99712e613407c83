"""The actor of a sink: writes, converts what the sink does not take, makes durable at barriers and flushes."""

from __future__ import annotations

import asyncio
import time
from typing import Literal

from msgspec.structs import replace

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
    Prepared,
    Sink,
)
from conduix.engine.failpoints import failpoint
from conduix.engine.runtime.actor import Ack, Actor, Place
from conduix.engine.stretch import Port, build_stretch


class SinkActor(Actor):
    """Writes every batch; makes everything durable at a barrier, or at a flush once `min_flush` has passed."""

    def __init__(self, place: Place, sink: Sink) -> None:
        super().__init__(place)
        self._sink = sink
        self._converter = build_stretch((), {"out": Port(_made_for(sink), offsets=True)})
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
        filtered = arrived - batch.count - len(dead)  # blank lines
        if self._tap.look is not None and batch.count:
            self._tap.look(batch, (batch,))
        refused = await self._around.write(self._sink.write(batch)) if batch.count else ()
        self._around.meter.batch(self.id, time.perf_counter() - began)
        dead += refused
        counts = Counts(arrived - filtered - len(dead), filtered, len(dead))
        await self._note(batch, arrived, {self.id: counts}, dead)

    def _converted(self, batch: Batch) -> tuple[Batch, list[Letter]]:
        output = self._converter.apply(batch)
        made = (
            output.batches[0][1]
            if output.batches
            else Batch(batch.shard, batch.first, batch.next, Lines(b"", JSONL), 0)
        )
        return made, [replace(letter, node=self.id) for letter in output.dead]


def _made_for(sink: Sink) -> Literal["jsonl", "lines", "rows"]:
    """What a batch is made into that the sink does not take as it is: csv is made of rows by the sink itself."""
    wanted = sink.accepts[0]
    return "rows" if wanted == "csv" else wanted


def form_of(batch: Batch) -> str:
    """The form of a batch's body, in the words of `Sink.accepts`."""
    return batch.body.format.name if isinstance(batch.body, Lines) else "rows"
