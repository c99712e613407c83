"""A region: one connected flow in one replica. Owns attempts, barriers, the order of durability, and rewinds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from conduix.engine.api import CommittingSink, Fence, Flush, Reason, Sink, Source
from conduix.engine.failpoints import TESTING, failpoint
from conduix.engine.link import State
from conduix.engine.runtime.actor import Ack, Trace
from conduix.engine.runtime.attempt import ActorFailed, Attempt, Nodes, Writes
from conduix.engine.runtime.checkpoint import Checkpoint, CheckpointStore, Cut
from conduix.engine.runtime.commits import Commits
from conduix.engine.runtime.invariants import check_balance
from conduix.engine.runtime.letters import LetterWriter
from conduix.engine.runtime.plan import Plan
from conduix.engine.runtime.progress import Progress
from conduix.engine.runtime.supervisor import Escalate, Pause, Restart, Supervisor
from conduix.errors import ConduixError, PipelineFailed, from_os_error
from conduix.telemetry.meter import Meter

DEFAULT_INTERVAL = 10.0
PROBE_FIRST, PROBE_MAX = 1.0, 10.0
Ending = Literal["COMPLETED", "STOPPED", "FAILED"]


@dataclass(frozen=True, slots=True)
class Setup:
    """Everything that a region is given."""

    plan: Plan
    nodes: Nodes
    store: CheckpointStore
    fence: Fence
    supervisor: Supervisor
    letters: LetterWriter
    meter: Meter = field(default_factory=Meter)
    trace: Trace = lambda _what: None


class Region:
    """Runs until all sources have ended, until it is stopped, or until the supervisor gives up.

    Raises from `run`: PipelineFailed with cause and remedy. Whoever drives it reads `state`, `reason`, `detail`.
    """

    def __init__(self, setup: Setup) -> None:
        self.state: State = "STARTING"
        self.reason: Reason | None = None
        self.detail = ""
        self.remedy = ""
        self.attempt_number = 0
        self.record: Checkpoint | None = None
        self.attempt: Attempt | None = None
        self._setup = setup
        self._spec = setup.plan.spec
        sinks = {i: s for i, s in setup.nodes.sinks.items() if isinstance(s, CommittingSink)}
        self._commits = Commits(setup.store, setup.fence, sinks)
        self._writes = Writes()
        self._n = 0
        self._changed = asyncio.Event()
        self._stopping = self._pausing = self._demanded = False
        self._flushes: dict[Flush, frozenset[str]] = {}
        self._covered: list[Flush] = []
        self._first_error: float | None = None

    # commands

    def stop(self) -> None:
        """Drain and end; the last checkpoint stands for a resume."""
        self._stopping = True
        self._changed.set()

    def pause(self) -> None:
        """Drain and wait for `resume`."""
        self._pausing = True
        self._changed.set()

    def resume(self) -> None:
        """Go on after a pause."""
        self._pausing = False
        self._changed.set()

    def demand(self) -> None:
        """A checkpoint as soon as possible."""
        self._demanded = True
        self._changed.set()

    def request_flush(self, source: str, k: int) -> None:
        """On behalf of a source: see `NodeContext.flush`."""
        if self.attempt is not None:
            reached = frozenset(e.receiver for e in self._setup.plan.reach(source))
            sinks = frozenset(a.id for a in self._setup.plan.of_kind("sink") if a.id in reached)
            self._flushes[Flush(source, k)] = sinks
            self.attempt.request_flush(source, k)

    # life

    async def run(self) -> Ending:
        """See the class."""
        try:
            cut = await self._begin()
            while True:
                ending = await self._run_attempt(cut)
                if ending is not None:
                    self.state = ending
                    return ending
        except PipelineFailed as error:
            self.state, self.detail, self.remedy = "FAILED", error.message, error.remedy
            raise
        finally:
            await self._close()

    async def _begin(self) -> Cut:
        """Claim, then read: the cut and checkpoint 0 of this run, made now if nothing was started."""
        store, revision = self._setup.store, self._spec.digest
        try:
            await store.claim(self._setup.fence)
            self._n = await store.newest_n()
            cut = await store.load_cut()
            if cut is None or (await store.load() is None and not store.damaged):
                cut = Cut(
                    revision,
                    {
                        i: [(s.id, dict(s.spec)) for s in await source.cut()]
                        for i, source in self._setup.nodes.sources.items()
                    },
                )
                await store.save_cut(cut)
                await self._save_zero(cut)
        except ConduixError as error:
            raise PipelineFailed(error.message, remedy=error.remedy) from error
        return cut

    async def _save_zero(self, cut: Cut) -> None:
        shards = [shard for source in cut.sources for shard in cut.shards(source)]
        handles = await self._commits.start(shards)
        zero = Checkpoint(0, self._setup.fence, cut.revision, "complete", {}, [], {}, handles, at=time.time())
        await self._setup.store.save(zero)
        failpoint("checkpoint.zero")

    async def _run_attempt(self, cut: Cut) -> Ending | None:
        """One attempt from opening to its end; None: another one follows."""
        self.attempt_number += 1
        try:
            progress = await self._restore(cut)
            if progress is None:
                return "COMPLETED"
            return await self._drive(progress)
        except ActorFailed as failed:
            await self._settle()
            await self._decide(failed)
            return "STOPPED" if self._stopping else None

    async def _restore(self, cut: Cut) -> Progress | None:
        """Load the newest record, repeat its commits, bring every node to it. None: it was the final one."""
        try:
            record = await self._writes.run(self._commits.recover(cut.order()))
        except ConduixError as error:
            raise ActorFailed("checkpoint", error) from error
        if record is None:
            raise PipelineFailed("checkpoint 0 is gone", remedy="start anew with --fresh")
        self.record, self._n = record, max(self._n, record.n)
        if record.final:
            return None
        progress = Progress(cut, record)
        self.attempt = self._make_attempt(progress)
        for actor, sink in self._setup.nodes.sinks.items():
            if not isinstance(sink, CommittingSink):
                await self._guard(actor, sink.open(None))
        for actor, stage in self._setup.nodes.stages.items():
            keys = progress.state(actor)
            stage.restore({s: [await self._setup.store.get_blob(k) for k in names] for s, names in keys.items()})
        for actor, source in self._setup.nodes.sources.items():
            await self._guard(actor, source.open(*progress.held(actor)))
        return progress

    async def _guard(self, actor: str, effect: Awaitable[None]) -> None:
        try:
            await self._writes.run(effect)
        except Exception as error:
            raise ActorFailed(actor, error) from error

    def _make_attempt(self, progress: Progress) -> Attempt:
        setup = self._setup
        return Attempt(
            setup.plan,
            setup.nodes,
            progress.base,
            letters=setup.letters,
            meter=setup.meter,
            writes=self._writes,
            trace=setup.trace,
            signal=self._changed.set,
        )

    async def _drive(self, progress: Progress) -> Ending | None:
        """Barriers at their times until the flow ends, fails, or is told to stop."""
        attempt = self.attempt
        assert attempt is not None  # noqa: S101 - made by _restore
        self.state, self.reason, self.detail, self.remedy = "RUNNING", None, "", ""
        self._flushes.clear()
        self._covered.clear()
        attempt.start()
        try:
            while True:
                await self._until_due(attempt)
                final = attempt.exhausted_all
                hold = self._stopping or self._pausing
                if not await self._barrier(attempt, progress, final=final, hold=hold) and hold:
                    self.detail = f"undrained: checkpoint {self.record.n if self.record else 0} stands"
                if final:
                    return "COMPLETED"
                if hold:
                    break
        finally:
            await self._settle()
        return await self._held()

    async def _held(self) -> Ending | None:
        """Drained: the end, or a pause until the operator resumes."""
        if self._stopping:
            return "STOPPED"
        self.state, self.reason = "PAUSED", "OPERATOR"
        while self._pausing and not self._stopping:
            self._changed.clear()
            await self._changed.wait()
        return "STOPPED" if self._stopping else None

    async def _until_due(self, attempt: Attempt) -> None:
        """Wait until a barrier is due: interval, demand, all sources ended, stop, pause. Raises ActorFailed."""
        loop = asyncio.get_running_loop()
        due = loop.time() + (self._spec.checkpoint.interval or DEFAULT_INTERVAL)
        while True:
            if attempt.failure is not None:
                raise attempt.failure
            await self._answer_flushes(attempt)
            if attempt.exhausted_all or self._stopping or self._pausing or self._demanded or loop.time() >= due:
                self._demanded = False
                return
            self._changed.clear()
            try:
                async with asyncio.timeout_at(due):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _answer_flushes(self, attempt: Attempt) -> None:
        """Tell sources which flushes every sink has behind it; deferred ones are done with the next checkpoint."""
        if attempt.deferred_flushes:
            self._covered += attempt.deferred_flushes
            attempt.deferred_flushes.clear()
            self._demanded = True
        for flush in [f for f, sinks in self._flushes.items() if sinks <= attempt.flush_acks.get(f, set())]:
            del attempt.flush_acks[flush]
            await self._answer_flush(flush)

    async def _answer_flush(self, flush: Flush) -> None:
        """Once: several stateful stages may have deferred the same flush."""
        if self._flushes.pop(flush, None) is not None:
            source = self._setup.nodes.sources[flush.source]
            await self._guard(flush.source, source.flushed(flush.k, durable=True))

    async def _barrier(self, attempt: Attempt, progress: Progress, *, final: bool, hold: bool) -> bool:
        """One barrier and all that follows from it; False: it could not be drained in time."""
        began = time.perf_counter()
        self._n += 1
        n, covered, self._covered = self._n, self._covered, []
        self.state = "DRAINING" if hold else self.state
        try:
            async with asyncio.timeout(self._spec.drain_timeout if hold and not final else None):
                acks = await attempt.barrier(n, final=final, hold=hold)
        except TimeoutError:
            return False
        await self._writes.run(self._complete(n, acks, progress, final=final))
        for flush in covered:
            await self._answer_flush(flush)
        self._first_error = None
        self._setup.meter.checkpoints.observe(time.perf_counter() - began)
        return True

    async def _complete(self, n: int, acks: Mapping[str, Ack], progress: Progress, *, final: bool) -> None:
        try:
            finished = await progress.absorb(n, acks, self._setup.store.put_blob)
            record = progress.record(n, self._setup.fence, self._spec.digest, acks, final=final, at=time.time())
            if TESTING:
                check_balance(self._setup.plan, record)
            prepared = {actor: ack.prepared for actor, ack in acks.items() if ack.prepared is not None}
            self.record = await self._commits.complete(record, prepared)
            for actor in self.attempt.actors.values() if self.attempt else ():
                actor.ledger.forget(finished)
        except Exception as error:
            raise ActorFailed("checkpoint", error) from error
        for actor, source in self._setup.nodes.sources.items():
            await self._guard(actor, source.committed(n, acks[actor].positions))

    async def _settle(self) -> None:
        """End the attempt; every write that is under way is waited for before anything else happens."""
        if self.attempt is not None and not await self.attempt.stop(self._spec.drain_timeout):
            raise PipelineFailed(
                f"a write did not end within {self._spec.drain_timeout:g} s",
                remedy="look at the disk or system it went to, then --resume",
            )

    # failures

    async def _decide(self, failed: ActorFailed) -> None:
        """Do what the supervisor says; returns when the next attempt may start. Raises PipelineFailed."""
        now = time.monotonic()
        self._first_error = self._first_error or now
        cause = failed.cause
        if isinstance(cause, OSError):
            cause = from_os_error(cause, "work on", failed.actor)
        decision = self._setup.supervisor.failed(failed.actor, cause, now)
        self.detail, self.remedy = f"{failed.actor}: {cause}", cause.remedy if isinstance(cause, ConduixError) else ""
        if isinstance(decision, Escalate) or (isinstance(decision, Pause) and self._untouched()):
            raise PipelineFailed(self.detail, remedy=self.remedy) from cause
        self._give_up()
        if isinstance(decision, Restart):
            self.state = "REWINDING"
            self._setup.meter.restarted(failed.actor)
            await self._sleep(decision.delay)
        else:
            await self._wait_outside(failed.actor, decision)

    def _untouched(self) -> bool:
        """Has this process not yet read anything? Then a wrong path is better told than waited for."""
        return not any(line[0] for line in self._setup.meter.nodes.values())

    async def _wait_outside(self, actor: str, pause: Pause) -> None:
        """PAUSED until a probe succeeds; batch gives up after `retry.max_elapsed`."""
        self.state, self.reason = "PAUSED", pause.reason
        delay = PROBE_FIRST
        while not self._stopping:
            await self._sleep(delay)
            self._give_up()
            try:
                await self._probe(actor)
            except ConduixError as error:
                self.detail = f"{actor}: {error}"
                delay = min(PROBE_MAX, delay * 2)
            else:
                return

    async def _probe(self, actor: str) -> None:
        nodes: Mapping[str, Source | Sink] = {**self._setup.nodes.sources, **self._setup.nodes.sinks}
        if actor in nodes:
            await nodes[actor].probe()
        else:
            await self._setup.store.probe()

    def _give_up(self) -> None:
        limit = self._spec.retry.max_elapsed or (600.0 if self._spec.mode == "batch" else None)
        if limit is not None and self._first_error is not None and time.monotonic() - self._first_error > limit:
            raise PipelineFailed(self.detail, remedy=self.remedy)

    async def _sleep(self, seconds: float) -> None:
        """Wait, unless a stop comes first."""
        end = asyncio.get_running_loop().time() + seconds
        while not self._stopping:
            self._changed.clear()
            try:
                async with asyncio.timeout_at(end):
                    await self._changed.wait()
            except TimeoutError:
                return

    async def _close(self) -> None:
        nodes: Sequence[Source | Sink] = [*self._setup.nodes.sources.values(), *self._setup.nodes.sinks.values()]
        for node in nodes:
            await node.close()
