"""One attempt of a region: actors with fresh mailboxes over the same sources, stages and sinks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import msgspec

from conduix.engine.api import Barrier, Flush, Sink, Source, Stage
from conduix.engine.runtime.actor import Ack, Actor, Outbox, Place, SourceActor, StageActor, TapPoint, Trace
from conduix.engine.runtime.failure import ActorFailed
from conduix.engine.runtime.flushes import Flushes
from conduix.engine.runtime.ledger import Balance, Ledger
from conduix.engine.runtime.letters import LetterWriter
from conduix.engine.runtime.mailbox import Mailbox
from conduix.engine.runtime.plan import ActorPlan, Plan
from conduix.engine.runtime.sink_actor import SinkActor
from conduix.telemetry.meter import Meter

T = TypeVar("T")
_log = logging.getLogger(__name__)


class Nodes(msgspec.Struct, frozen=True):
    """The living objects behind a plan's actors, by actor id; they outlive attempts and are reopened."""

    sources: Mapping[str, Source]
    stages: Mapping[str, Stage]
    sinks: Mapping[str, Sink]

    async def close(self) -> None:
        """Release every source and sink; one that does not close keeps no other open."""
        parts: Mapping[str, Source | Sink] = {**self.sources, **self.sinks}
        for node, part in parts.items():
            try:
                await part.close()
            except Exception:  # noqa: BLE001 - told, and nothing depends on it any more
                _log.warning("%s could not be closed", node, exc_info=True)


class Base(msgspec.Struct, frozen=True):
    """The ledger that an attempt starts from."""

    shards: Mapping[str, Balance]
    finished: Balance


class Writes:
    """Effects outside this process that are under way; a rewind waits for all of them."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Future[object]] = set()

    async def run(self, effect: Awaitable[T]) -> T:
        """Await an effect; it goes on, and is remembered, if the caller is cancelled."""
        return await asyncio.shield(self.begin(effect))

    def begin(self, effect: Awaitable[T]) -> asyncio.Future[T]:
        """Let an effect take its course; only `settle` waits for it."""
        task = asyncio.ensure_future(effect)
        self._tasks.add(task)  # type: ignore[arg-type]
        task.add_done_callback(self._tasks.discard)
        return task

    async def settle(self, patience: float) -> bool:
        """Wait until nothing is under way; False if something still is after `patience` seconds."""
        pending = set(self._tasks)
        if not pending:
            return True
        _, late = await asyncio.wait(pending, timeout=patience)
        return not late  # what they raised is dropped: the failure that ended the attempt has its own cause

    async def abandon(self, patience: float) -> None:
        """The process ends: cancel what is still under way."""
        late = set(self._tasks)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=patience)


class Attempt:
    """Starts the actors, collects their answers to a barrier, and notices the first failure."""

    def __init__(
        self,
        plan: Plan,
        nodes: Nodes,
        base: Base,
        *,
        letters: LetterWriter,
        meter: Meter,
        writes: Writes,
        trace: Trace,
        taps: Mapping[str, TapPoint],
        signal: Callable[[], None],
    ) -> None:
        self.meter = meter
        self.letters = letters
        self.max_dead_ratio = plan.spec.dlq_max_ratio
        self.failure: ActorFailed | None = None
        self.flood = ""
        """Why most records of this attempt become dead letters; empty: they do not."""
        self.over = False
        """Its actors have ended: what they counted since the last checkpoint is no longer true."""
        self.flushes = Flushes(plan)
        self._deferred = False
        self._plan = plan
        self._nodes = nodes
        self._writes = writes
        self._trace = trace
        self._taps = taps
        self._signal = signal
        self._reading = {actor.id for actor in plan.of_kind("source")}
        self._acks: dict[str, Ack] = {}
        self._barrier = -1
        self._answer: asyncio.Future[dict[str, Ack]] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.actors = self._build(base)

    def _build(self, base: Base) -> dict[str, Actor]:
        mailboxes = {actor.id: self._mailbox(actor) for actor in self._plan.actors}
        return {actor.id: self._actor(actor, mailboxes, base) for actor in self._plan.actors}

    def _actor(self, plan: ActorPlan, mailboxes: Mapping[str, Mailbox], base: Base) -> Actor:
        ledger = Ledger(base.shards, base.finished, [node.id for node in plan.nodes])
        place = Place(plan.id, mailboxes[plan.id], self._outbox(plan, mailboxes), ledger, self, self._taps[plan.id])
        if plan.kind == "source":
            return SourceActor(place, self._nodes.sources[plan.id], self._trace)
        if plan.kind == "sink":
            return SinkActor(place, self._nodes.sinks[plan.id])
        return StageActor(place, self._nodes.stages[plan.id], stateful=plan.kind == "stage")

    def _mailbox(self, actor: ActorPlan) -> Mailbox:
        inputs = self._plan.inputs(actor.id)
        reached = {
            source.id: frozenset(e.index for e in self._plan.reach(source.id) if e.receiver == actor.id)
            for source in self._plan.of_kind("source")
        }
        return Mailbox(len(inputs), self._plan.spec.mailbox, reached)

    def _outbox(self, actor: ActorPlan, mailboxes: Mapping[str, Mailbox]) -> Outbox:
        ports: dict[str, list[tuple[Mailbox, int]]] = {}
        for edge in self._plan.edges:
            if edge.sender == actor.id:
                ports.setdefault(edge.port, []).append((mailboxes[edge.receiver], edge.index))
        return Outbox(ports)

    # what the region does with it

    def start(self) -> None:
        """Let all actors run."""
        for actor in self.actors.values():
            task = asyncio.create_task(actor.run(), name=actor.id)
            task.add_done_callback(self._ended)
            self._tasks.append(task)

    @property
    def exhausted_all(self) -> bool:
        """Has every source read everything?"""
        return not self._reading

    async def barrier(self, n: int, *, final: bool, hold: bool) -> dict[str, Ack]:
        """Send barrier n through the flow; every actor's answer. Raises ActorFailed."""
        if self.failure is not None:
            raise self.failure
        self._barrier, self._acks = n, {}
        self._answer = asyncio.get_running_loop().create_future()
        for source in self._sources():
            source.request(Barrier(n, final), hold=hold)
        return await self._answer

    def request_flush(self, source: str, k: int) -> None:
        """On behalf of a source: send Flush(k) after what it has read so far."""
        actor = self.actors[source]
        if not isinstance(actor, SourceActor):
            raise TypeError(f"{source} is no source: only a source may ask for a flush")
        self.flushes.ask(source, k)
        actor.request_flush(k)

    def take_deferred(self) -> bool:
        """Did a stateful stage hold back a flush since this was asked last? The next checkpoint is its answer."""
        deferred, self._deferred = self._deferred, False
        return deferred

    async def stop(self, patience: float) -> bool:
        """End all actors; writes under way go on. False: an actor did not end in time."""
        self.over = True
        for task in self._tasks:
            task.cancel()
        running = [task for task in self._tasks if not task.done()]
        return not running or not (await asyncio.wait(running, timeout=patience))[1]

    def _sources(self) -> list[SourceActor]:
        return [actor for actor in self.actors.values() if isinstance(actor, SourceActor)]

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            cause: BaseException | None = None if self.over else RuntimeError("was cancelled from inside")
        else:
            cause = task.exception()
        if cause is None or self.failure is not None:
            return
        self.actors[task.get_name()].state = "failed"
        self.failure = ActorFailed(task.get_name(), cause)
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(self.failure)
        self._signal()

    # what the actors do with it

    def ack(self, n: int, actor: str, ack: Ack) -> None:
        """An actor answered a barrier."""
        if n != self._barrier or actor in self._acks:
            raise AssertionError(f"{actor} acknowledged barrier {n} while {self._barrier} is in flight")
        self._acks[actor] = ack
        if self._acks.keys() == self.actors.keys() and self._answer is not None and not self._answer.done():
            self._answer.set_result(self._acks)

    def exhausted(self, actor: str) -> None:
        """A source has read everything."""
        self._reading.discard(actor)
        self._signal()

    def flushed(self, flush: Flush, actor: str) -> None:
        """A sink has made everything before the flush durable."""
        self.flushes.acknowledge(flush, actor)
        self._signal()

    def deferred(self, _flush: Flush) -> None:
        """A stateful stage holds what the flush is about."""
        self._deferred = True
        self._signal()

    def flooded(self, actor: str, why: str) -> None:
        """Most of what this actor gets becomes dead letters."""
        self.flood = self.flood or f"{actor}: {why}"
        self._signal()

    async def write(self, effect: Awaitable[T]) -> T:
        """Await an effect outside this process."""
        return await self._writes.run(effect)
