"""A region: one connected flow in one replica. Owns attempts, barriers, the order of durability, and rewinds."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Literal

from conduix.engine.api import CommittingSink, Flush, Reason
from conduix.engine.failpoints import TESTING
from conduix.engine.link import State
from conduix.engine.runtime.actor import Ack
from conduix.engine.runtime.answers import Answers
from conduix.engine.runtime.attempt import Attempt, Writes
from conduix.engine.runtime.checkpoint import Checkpoint, Cut
from conduix.engine.runtime.commits import Commits
from conduix.engine.runtime.failure import CHECKPOINT, ActorFailed, code_of, failure_of, told
from conduix.engine.runtime.invariants import check_balance
from conduix.engine.runtime.opening import begin, finished_work, open_nodes
from conduix.engine.runtime.outage import Outage
from conduix.engine.runtime.overdue import BarrierClock
from conduix.engine.runtime.patience import Patience, Undrained
from conduix.engine.runtime.progress import Progress
from conduix.engine.runtime.setup import Setup
from conduix.engine.runtime.supervisor import Escalate, Restart
from conduix.errors import ConduixError, PipelineFailed, SystemicError

DEFAULT_INTERVAL = 10.0
GRACE = 1.0
"""Seconds that actors and sources are given to end even when patience is at its end."""
Ending = Literal["COMPLETED", "STOPPED"]
_log = logging.getLogger(__name__)


class Region:
    """Runs until all sources have ended, until it is stopped, or until the supervisor gives up.

    Raises from `run`: PipelineFailed with cause and remedy. Whoever drives it reads `state`, `reason`, `detail`.
    """

    def __init__(self, setup: Setup) -> None:
        self.state: State = "STARTING"
        self.reason: Reason | None = None
        self.detail = ""
        self.remedy = ""
        self.code = ""
        self.attempt_number = 0
        self.record: Checkpoint | None = None
        self.attempt: Attempt | None = None
        self.finished_before: Mapping[str, int] = {}
        """Source → what was read of shards that were finished before this process began."""
        self._setup = setup
        self._spec = setup.plan.spec
        sinks = {i: s for i, s in setup.nodes.sinks.items() if isinstance(s, CommittingSink)}
        self._commits = Commits(setup.store, setup.fence, sinks)
        self._writes = Writes()
        self._answers = Answers(setup.nodes.sources, self._writes)
        self._patience = Patience(self._spec.drain_timeout)
        self._outage = Outage(setup)
        self._cut: Cut | None = None
        self._n = 0
        self.barriers = BarrierClock(self._spec.checkpoint.timeout, setup.meter, setup.changed)
        self._changed = asyncio.Event()
        self._stopping = self._pausing = self._demanded = False
        self._flood = ""
        """Why most records become dead letters: PAUSED until somebody resumes."""
        self._suspected = ""
        """A flood seen at the end of the run: it is read once more, to pause with everything durable but not final."""

    # commands

    def stop(self) -> None:
        """Drain and end; the last checkpoint stands for a resume."""
        self._stopping = True
        self._patience.begin()
        self._changed.set()

    def pause(self) -> None:
        """Drain and wait for `resume`."""
        self._pausing = True
        self._patience.begin()
        self._changed.set()

    def resume(self) -> None:
        """Go on after a pause."""
        self._pausing, self._flood = False, ""
        if not self._stopping:
            self._patience.end()
        self._changed.set()

    def demand(self) -> None:
        """A checkpoint as soon as possible."""
        self._demanded = True
        self._changed.set()

    def request_flush(self, source: str, k: int) -> None:
        """On behalf of a source: see `NodeContext.flush`."""
        if self.attempt is not None and not self.attempt.over:
            self.attempt.request_flush(source, k)
        else:
            self._writes.begin(self._answers.refuse([Flush(source, k)], GRACE))

    @property
    def begun(self) -> int:
        """The newest barrier: a checkpoint with a higher n holds everything that was done until now."""
        return self._n

    @property
    def _wanted_down(self) -> bool:
        return self._stopping or self._pausing

    async def run(self) -> Ending:
        """See the class."""
        try:
            ending = await self._live()
        except PipelineFailed as error:
            await self._close(0.0)  # what was under way had its time
            self._enter("FAILED", None, error.message, error.remedy, code_of(error.__cause__) or error.code)
            raise
        except BaseException as error:
            await self._close(self._spec.drain_timeout)
            self._enter("FAILED", None, told(error), code=code_of(error) or ConduixError.code)
            raise
        await self._close(self._patience.left)
        self._enter(ending, detail=self.detail if ending == "STOPPED" else "")
        return ending

    def _enter(
        self, state: State, reason: Reason | None = None, detail: str = "", remedy: str = "", code: str = ""
    ) -> None:
        self.state, self.reason, self.detail, self.remedy, self.code = state, reason, detail, remedy, code
        what = {"state": state, "reason": reason, "detail": detail, "attempt": self.attempt_number}
        _log.debug("%s is %s", self._spec.name, state, extra={"data": what})
        self._setup.changed()

    async def _live(self) -> Ending:
        while True:
            self.attempt_number += 1
            try:
                ending = await self._patience.bound(self._attempt_once())
            except Undrained:
                await self._abandon()
                ending, self.detail = None, self._undrained()
            if ending is not None:
                return ending
            if (self._pausing or self._flood) and not self._stopping:
                await self._held()
            if self._stopping:
                return "STOPPED"

    def _undrained(self, cause: str = "") -> str:
        """In words: what was in flight is dropped."""
        stands = f"undrained: checkpoint {self.record.n} stands" if self.record else "undrained: nothing was read"
        return f"{stands} ({cause})" if cause else stands

    async def _attempt_once(self) -> Ending | None:
        """One attempt from opening to its end, and the wait after a failure; None: it is not the end of the run."""
        try:
            restored = await self._restore()
            return "COMPLETED" if restored is None else await self._drive(*restored)
        except ActorFailed as failed:
            await self._abandon()
            await self._settle()
            await self._decide(failed)
            if self._wanted_down:
                self.detail = self._undrained(self.detail)
            return None

    async def _restore(self) -> tuple[Attempt, Progress] | None:
        """Load the newest record, repeat its commits, bring every node to it. None: it was the final one."""
        await self._settle()
        if self._cut is None:
            self._cut, self._n = await begin(self._setup, self._commits)
        record = await self._writes.run(self._commits.recover(self._cut.order()))
        self.record, self._n = record, max(self._n, record.n)
        await self._answers.committed(record.n)  # shards that are finished with it are in no later one
        progress = Progress(self._cut, record)
        if self.attempt is None:
            self.finished_before = finished_work(self._setup.nodes.sources, progress)
        if record.final:
            return None
        setup = self._setup
        self.attempt = attempt = Attempt(
            setup.plan,
            setup.nodes,
            progress.base,
            letters=setup.letters,
            meter=setup.meter,
            writes=self._writes,
            trace=setup.trace,
            taps=setup.taps,
            signal=self._changed.set,
        )
        await open_nodes(setup, self._writes, progress)
        return attempt, progress

    async def _drive(self, attempt: Attempt, progress: Progress) -> Ending | None:
        """Barriers at their times until the flow ends, fails, or is told to stop."""
        self._enter("RUNNING")
        attempt.start()
        while True:
            await self._until_due(attempt)
            flood = attempt.flood or self._suspected
            final = attempt.exhausted_all and not flood
            hold = self._wanted_down or bool(flood)
            complete = await self._barrier(attempt, progress, final=final, hold=hold)
            if final or hold:
                await self._abandon()
                self._flood, self._suspected = (flood, "") if complete else ("", attempt.flood)
                return "COMPLETED" if final and complete else None

    async def _held(self) -> None:
        """PAUSED until somebody resumes, or stops."""
        if self._pausing:
            self._enter("PAUSED", "OPERATOR", self.detail)
        else:
            self._enter("PAUSED", "DLQ_FLOOD", self._flood, _FLOOD_REMEDY)
        while (self._pausing or self._flood) and not self._stopping:
            self._changed.clear()
            await self._changed.wait()

    async def _until_due(self, attempt: Attempt) -> None:
        """Wait until a barrier is due: interval, demand, all sources ended, stop, pause, flood. Raises ActorFailed."""
        loop = asyncio.get_running_loop()
        due = loop.time() + (self._spec.checkpoint.interval or DEFAULT_INTERVAL)
        while True:
            self._changed.clear()  # before anything is looked at: what changes meanwhile is looked at again
            if attempt.failure is not None:
                raise attempt.failure
            await self._answers.flushed(attempt.flushes.take_done(), durable=True)
            if attempt.take_deferred():
                self._demanded = True
            down = self._wanted_down or bool(attempt.flood)
            if attempt.exhausted_all or down or self._demanded or loop.time() >= due:
                self._demanded = False
                return
            try:
                async with asyncio.timeout_at(due):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _barrier(self, attempt: Attempt, progress: Progress, *, final: bool, hold: bool) -> bool:
        """One barrier and all that follows from it; False: it would have ended the run, but most became letters."""
        began = time.monotonic()
        self._n += 1
        n = self._n
        if hold:
            self._enter("DRAINING")
        with self.barriers.timed(n):
            acks = await attempt.barrier(n, final=final, hold=hold)
            if final and attempt.flood:
                return False
            await self._writes.run(self._complete(n, acks, progress, final=final))
        covered = attempt.flushes.take_covered({actor: ack.flushed for actor, ack in acks.items()})
        await self._answers.flushed(covered, durable=True)
        self._outage.over()
        seconds = time.monotonic() - began
        self._setup.meter.checkpoints.observe(seconds)
        _log.debug("checkpoint %d is complete", n, extra={"data": {"n": n, "final": final, "seconds": seconds}})
        return True

    async def _complete(self, n: int, acks: Mapping[str, Ack], progress: Progress, *, final: bool) -> None:
        with failure_of(CHECKPOINT):
            finished = await progress.absorb(n, acks, self._setup.store.put_blob)
            record = progress.record(n, self._setup.fence, self._spec.digest, acks, final=final, at=time.time())
            if TESTING:
                check_balance(self._setup.plan, record)
            prepared = {actor: ack.prepared for actor, ack in acks.items() if ack.prepared is not None}
            self._answers.owe(n, {node: acks[node].positions for node in self._setup.nodes.sources})
            self.record = await self._commits.complete(record, prepared)
        self._setup.changed()
        for actor in self.attempt.actors.values() if self.attempt else ():
            actor.ledger.forget(finished)
        await self._answers.committed(n)

    # the end of an attempt

    async def _abandon(self) -> None:
        """End the actors and refuse what waits for an answer; writes under way go on."""
        attempt = self.attempt
        if attempt is None or attempt.over:
            return
        ended = await attempt.stop(max(GRACE, self._patience.left))
        await self._answers.refuse(attempt.flushes.take_all(), GRACE)
        if not ended:
            raise PipelineFailed(
                f"an actor did not end within {self._spec.drain_timeout:g} s",
                remedy="look at the system it reads from, then --resume",
            )

    async def _settle(self) -> None:
        """Wait for every write that is under way, before anything else happens to what it writes to."""
        if not await self._writes.settle(self._spec.drain_timeout):
            raise PipelineFailed(
                f"a write did not end within {self._spec.drain_timeout:g} s",
                remedy="look at the disk or system it went to, then --resume",
            )

    async def _close(self, patience: float) -> None:
        """Release every node, unless something is still written to it: then only the end of the process helps."""
        try:
            await self._abandon()
        except PipelineFailed as error:
            _log.warning("%s", error.message)
        if not await self._writes.settle(patience):
            _log.warning("a write is still under way, nothing is closed")
            await self._writes.abandon(GRACE)
            return
        await self._setup.nodes.close()

    # failures

    async def _decide(self, failed: ActorFailed) -> None:
        """Do what the supervisor says; returns when the next attempt may start. Raises PipelineFailed."""
        now = self._outage.failed()
        cause, detail, code = failed.cause, str(failed), code_of(failed.cause)
        remedy = cause.remedy if isinstance(cause, ConduixError) else ""
        decision = self._setup.supervisor.failed(failed.actor, cause, now)
        what = {"actor": failed.actor, "cause": told(cause), "decision": type(decision).__name__}
        _log.debug("%s failed", failed.actor, exc_info=cause, extra={"data": what})
        if isinstance(decision, Escalate):
            raise PipelineFailed(decision.cause, remedy=remedy) from cause
        if isinstance(cause, SystemicError) and self._untouched():
            raise PipelineFailed(detail, remedy=remedy) from cause
        self._outage.give_up(detail, remedy, cause)
        if isinstance(decision, Restart):
            self._setup.meter.restarted(failed.actor)
            self._enter("REWINDING", None, detail, remedy, code)
            await self._sleep(decision.delay)
        else:
            self._enter("PAUSED", decision.reason, detail, remedy, code)
            await self._wait_outside(failed)

    async def _wait_outside(self, failed: ActorFailed) -> None:
        """PAUSED until a probe succeeds, somebody stops or pauses, or the outage has lasted too long."""

        def still(cause: str) -> None:
            self.detail = cause

        if not await self._outage.wait(failed.actor, self._sleep, still):
            self._outage.give_up(self.detail, self.remedy, failed.cause)

    def _untouched(self) -> bool:
        """Has this process not yet read anything? Then a wrong path is better told than waited for."""
        return not any(line[0] for line in self._setup.meter.nodes.values())

    async def _sleep(self, seconds: float) -> bool:
        """Wait; False, at once, if a stop or pause comes first."""
        try:
            async with asyncio.timeout(seconds):
                while not self._wanted_down:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return True
        return False


_FLOOD_REMEDY = (
    "look at the dead letters; mend the document, or resume if they are right (dlq.max_ratio: 1 never pauses)"
)
