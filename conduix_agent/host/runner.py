"""Carries out what the machine of one pipeline decides: the one place where it meets processes, disk and clock."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass

from conduix.errors import ConduixError, FailedPrecondition, NotFound, Resource, StateError, from_os_error
from conduix.v1 import mesh_service_pb2 as pb_mesh
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_agent.host.actions import Action, Deal, Forget, Keep, Kill, Look, Prepare, Refusal, Spawn, Tell, Want
from conduix_agent.host.copies import Copies
from conduix_agent.host.dealer import Dealer
from conduix_agent.host.disk import PipelineDir, try_lock
from conduix_agent.host.documents import Document, Documents
from conduix_agent.host.logs import PipelineLog
from conduix_agent.host.pipeline import Pipeline
from conduix_agent.host.process import COMMAND
from conduix_agent.host.replica import ENDS
from conduix_agent.host.worker import Duty, Outlets, Worker
from conduix_agent.seam import Uplink

RETRY = 1.0
"""Seconds after which what the disk refused is tried again."""
LOG_EVERY = 10.0
"""Seconds between two lines about the same failure."""
_LOCK_EVERY = 0.05
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Means:
    """What all runners of a host share."""

    uplink: Uplink
    documents: Documents
    copies: Copies
    environment: Mapping[str, str] | None = None
    """Of workers; None: this process's, without what is for the agent alone."""
    command: Sequence[str] = COMMAND
    clock: Callable[[], float] = time.monotonic


class Runner:
    """One pipeline. Its task ends when nothing of the pipeline is wanted here, or the agent ends."""

    def __init__(self, pipeline_id: str, directory: PipelineDir, means: Means) -> None:
        self._id = pipeline_id
        self._directory = directory
        self._means = means
        self.log = PipelineLog(pipeline_id, means.uplink)
        self._machine = Pipeline()
        self._workers: dict[int, Worker] = {}
        self._taps: dict[int, list[pb_mesh.TapCommand]] = {}
        """Of workers that are gone: for those that come after them."""
        self._document: Document | None = None
        self._dealer: Dealer | None = None
        self._preparing: asyncio.Task[None] | None = None
        self._beside: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._awaited: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        """What commands wait for."""
        self._retry_at = -math.inf
        self._reported: set[int] = set()
        self._lock = -1
        self._locked = False
        self._leaving = False
        self._told = ("", -math.inf)
        """Which failure was logged last, and when."""
        self.over = False
        """Has it forgotten its pipeline?"""
        self.task = asyncio.create_task(self._run(), name=f"pipeline {pipeline_id}")

    # what is asked of it

    @property
    def wanted(self) -> Want | None:
        """What is to be here."""
        return self._machine.wanted

    def want(self, want: Want | None) -> None:
        """From now on."""
        if want is not None:
            self.log.name = want.name
        self._machine.want(want)
        self._wake.set()

    async def leave(self) -> None:
        """Bring every worker to its last checkpoint and end it."""
        self._leaving = True
        self._machine.leave()
        if self._dealer is not None:
            self._dealer.kill()
        self._wake.set()
        await self.task

    async def checkpoint(self, replica: int, command_id: str) -> int:
        """Make a checkpoint; its number. Raises FailedPrecondition, NotFound."""
        status = self._status_of(replica)
        if replica in self._workers:
            return await self._workers[replica].checkpoint(command_id)
        if status.state == pb.PIPELINE_STATE_PAUSED and status.checkpoint:
            return status.checkpoint  # nothing is in flight
        raise self._no_worker(status)

    async def restart(self, replica: int) -> None:
        """Give a replica another process; returns when that runs. Raises FailedPrecondition, NotFound."""
        status = self._status_of(replica)
        worker = self._workers.get(replica)
        if not self._machine.ask_restart(replica):
            raise self._no_worker(status)
        self._wake.set()

        def settled() -> bool:
            now = self._machine.status(replica)
            return now is None or (self._workers.get(replica) is not worker and now.state != pb.PIPELINE_STATE_STARTING)

        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._awaited.append((settled, done))
        await done

    def tap(self, tap: pb_mesh.TapCommand) -> None:
        """Begin or end a tap. Raises FailedPrecondition, NotFound."""
        status = self._status_of(tap.replica)
        worker = self._workers.get(tap.replica)
        if tap.stop:
            self._taps[tap.replica] = [each for each in self._taps.get(tap.replica, []) if each.tap_id != tap.tap_id]
            if worker is not None:
                worker.tap(tap)
            return
        if worker is None:
            raise self._no_worker(status)
        nodes = [node.node for node in status.nodes]
        if nodes and tap.node not in nodes:
            raise NotFound(Resource.NODE, tap.node, remedy=f"the nodes are {', '.join(nodes)}")
        worker.tap(tap)

    def pids(self) -> dict[int, int]:
        """Of its workers, by replica."""
        return {replica: worker.pid for replica, worker in self._workers.items()}

    def _status_of(self, replica: int) -> pb.ReplicaStatus:
        status = self._machine.status(replica)
        if status is None:
            raise FailedPrecondition(f"replica {replica} of pipeline {self.log.name} is not on this agent")
        return status

    def _no_worker(self, status: pb.ReplicaStatus) -> FailedPrecondition:
        state = pb.PipelineState.Name(status.state).removeprefix("PIPELINE_STATE_")
        return FailedPrecondition(
            f"replica {status.replica} of pipeline {self.log.name} has no worker: it is {state}",
            remedy="start or resume the pipeline first",
        )

    # the loop

    async def _run(self) -> None:
        try:
            while not self.over:
                self._wake.clear()
                done = await self._step()
                if self.over or self._machine.idle or (self._leaving and not done and not self._machine.lives):
                    break
                await self._sleep()
        finally:
            for task in self._beside:
                task.cancel()
            if self._lock >= 0:
                os.close(self._lock)

    async def _step(self) -> bool:
        """Do whatever there is to do; False: something failed and is to be tried again."""
        done = [True]
        while all(done) and not self.over and (actions := self._machine.decide(self._means.clock())):
            done = [await self._try(action) for action in actions]
        self._report()
        return all(done)

    async def _sleep(self) -> None:
        """Until something happens, or is due."""
        now = self._means.clock()
        due = min(self._machine.due(now), self._retry_at if self._retry_at > now else math.inf)
        try:
            async with asyncio.timeout(due - now if due < math.inf else None):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _try(self, action: Action) -> bool:
        try:
            await self._do(action)
        except OSError as error:
            self._failed(action, from_os_error(error, "start", "a worker"))
            return False
        except ConduixError as error:
            self._failed(action, error)
            return False
        except Exception as error:  # noqa: BLE001 - a fault of ours in one pipeline must not leave it without anybody
            _log.critical("%s: a fault of Conduix", self.log.name, exc_info=error)
            self._failed(action, ConduixError(f"a fault of Conduix: {error!r}"))
            return False
        return True

    def _failed(self, action: Action, error: ConduixError) -> None:
        now = self._means.clock()
        if error.message != self._told[0] or now - self._told[1] >= LOG_EVERY:
            self._told = (error.message, now)
            _log.error("%s: %s", self.log.name, error.message)
        lasting = Refusal(error.code, error.message, error.remedy) if isinstance(error, StateError) else None
        self._machine.failed(action, lasting, error.message, now)
        self._retry_at = now + RETRY

    async def _do(self, action: Action) -> None:
        match action:
            case Look(want):
                await self._hold()
                self._machine.found(await asyncio.to_thread(self._directory.look, want.run_seq, want.epoch))
            case Prepare(want):
                if self._preparing is not None:
                    self._preparing.cancel()
                self._preparing = self._aside(self._prepare(want))
            case Deal(want):
                self._aside(self._deal(want))
            case Spawn(want, replica):
                await self._spawn(want, replica)
            case Tell(replica, aim):
                if (worker := self._workers.get(replica)) is not None:
                    worker.tell(aim)
            case Kill(replica):
                if (worker := self._workers.get(replica)) is not None:
                    worker.kill()
                    self._tell("worker_undrained", replica, "no last checkpoint came in time; the worker was ended")
            case Keep(want, replica, status):
                if not status.HasField("at"):
                    status.at.GetCurrentTime()
                await asyncio.to_thread(self._directory.keep, want.run_seq, want.epoch, replica, status)
                self._machine.kept(replica)
            case Forget():
                self.over = self._machine.wanted is None

    def _aside(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._beside.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._beside.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.critical("%s: a fault of Conduix", self.log.name, exc_info=error)

    async def _hold(self) -> None:
        """Wait until no worker of an agent before this one lives: they end with it, but not in no time."""
        if self._lock < 0:
            self._lock = await asyncio.to_thread(self._directory.open_lock)
        while not self._locked and not self._leaving:
            self._locked = try_lock(self._lock)
            if not self._locked:
                self._machine.notice = "workers of the agent that ran here before are ending"
                await asyncio.sleep(_LOCK_EVERY)

    async def _prepare(self, want: Want) -> None:
        def waiting(notice: str) -> None:
            self._machine.notice = notice
            self._report()

        found = await self._means.documents.get(self._id, want, waiting)
        if isinstance(found, Refusal):
            self._machine.refused(want, found)
        else:
            self._document = found
            self._machine.prepared(want, found.drain_timeout)
        self._wake.set()

    # deals and workers

    async def _deal(self, want: Want) -> None:
        if self._document is None:
            raise RuntimeError("a deal before the document is here")
        self._dealer = Dealer(self._directory, self.log, self._means.command, self._means.environment)
        try:
            refusal, again = await self._dealer.deal(want, self._document.text, self._lock), self._dealer.again
        except (ConduixError, OSError) as raised:
            error = raised if isinstance(raised, ConduixError) else from_os_error(raised, "start", "a worker")
            refusal, again = Refusal(error.code, error.message, error.remedy), not isinstance(error, StateError)
        self._dealer = None
        if refusal is None:
            self._tell("shards_dealt", 0, f"the shards of run {want.run_seq} are dealt to {want.replicas} replicas")
        else:
            _log.error("%s: %s", self.log.name, refusal.message)
        self._machine.dealt(refusal, self._means.clock(), again=again)
        self._wake.set()

    async def _spawn(self, want: Want, replica: int) -> None:
        if self._document is None:
            raise RuntimeError("a worker before the document is here")
        g, starts = await asyncio.to_thread(self._directory.next_start, want.run_seq, replica)
        duty = Duty(
            self._id,
            want,
            replica,
            self._document.text,
            await asyncio.to_thread(self._directory.replica, want.run_seq, replica),
            self._directory.dead_letters(want.run_seq),
            g,
        )
        worker = Worker(duty, Outlets(self._means.uplink, self._means.copies, self.log, self._said))
        await worker.start(self._lock, self._means.command, self._means.environment)
        self._workers[replica] = worker
        self._machine.spawned(replica, starts)
        for tap in self._taps.pop(replica, []):
            worker.tap(tap)
        self._aside(self._watch(replica, worker))

    async def _watch(self, replica: int, worker: Worker) -> None:
        cause = await worker.wait()
        del self._workers[replica]
        self._taps[replica] = worker.taps
        if self._machine.exited(replica, cause, self._means.clock()):
            self._tell("worker_crashed", replica, f"{cause}; it is started again")
            _log.warning("%s[%d]: %s; it is started again", self.log.name, replica, cause)
        self._wake.set()

    def _said(self, replica: int, status: pb.ReplicaStatus) -> None:
        self._machine.said(replica, status, self._means.clock())
        if status.state in ENDS or status.state == pb.PIPELINE_STATE_PAUSED:
            self._wake.set()
        self._report_one(replica)

    # what is reported

    def _report(self) -> None:
        now = {replica for replica in range(self.wanted.replicas if self.wanted else 0) if self._report_one(replica)}
        for replica in self._reported - now:
            self._means.uplink.forget(self._id, replica)
        self._reported = now

    def _report_one(self, replica: int) -> bool:
        status = self._status(replica)
        if status is not None:
            self._means.uplink.observe(status)
        for settled, done in self._awaited:
            if not done.done() and settled():
                done.set_result(None)
        self._awaited = [(settled, done) for settled, done in self._awaited if not done.done()]
        return status is not None

    def _status(self, number: int) -> pb.ReplicaStatus | None:
        status = self._machine.status(number)
        if status is not None:
            status.pipeline_id = self._id
            if not status.HasField("at"):
                status.at.GetCurrentTime()
        return status

    def _tell(self, kind: str, replica: int, message: str) -> None:
        self._means.uplink.event(pb_mesh.AgentEvent(kind=kind, pipeline_id=self._id, replica=replica, message=message))
