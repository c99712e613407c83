"""The worker of a replica: its process, the answers that are waited for, and the taps on it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from conduix.errors import FailedPrecondition
from conduix.v1 import mesh_service_pb2 as pb_mesh
from conduix.v1 import pipeline_service_pb2 as pb_pipeline
from conduix.v1 import worker_pb2 as pb
from conduix_agent.host.actions import Aim, Want
from conduix_agent.host.copies import Copies
from conduix_agent.host.logs import LEVELS, PipelineLog
from conduix_agent.host.process import Ears, Stream, WorkerProcess
from conduix_agent.seam import Uplink

_ACTIONS = {
    Aim.RUN: pb.WORKER_ACTION_RESUME,
    Aim.PAUSE: pb.WORKER_ACTION_PAUSE,
    Aim.STOP: pb.WORKER_ACTION_STOP,
}


@dataclass(frozen=True, slots=True)
class Duty:
    """What a worker is started for."""

    pipeline_id: str
    want: Want
    replica: int
    document: str
    directory: Path
    """Of its cut and checkpoints."""
    dead_letters: Path
    g: int

    def start(self) -> pb.WorkerRequest:
        """The first message."""
        want = self.want
        assignment = pb_mesh.Assignment(
            pipeline_id=self.pipeline_id,
            pipeline_name=want.name,
            revision=want.revision,
            digest=want.digest,
            replica=self.replica,
            replicas=want.replicas,
            epoch=want.epoch,
            run_id=want.run_id,
            run_seq=want.run_seq,
            action=pb_pipeline.DESIRED_STATE_RUNNING,
        )
        start = pb.WorkerStart(
            assignment=assignment,
            document=self.document,
            directory=str(self.directory),
            g=self.g,
            dead_letters=str(self.dead_letters),
        )
        return pb.WorkerRequest(start=start)

    def copy(self, made: pb.WorkerCheckpoint) -> pb_mesh.SaveCheckpointRequest:
        """A checkpoint of this worker, for a server."""
        return pb_mesh.SaveCheckpointRequest(
            pipeline_id=self.pipeline_id,
            replica=self.replica,
            epoch=self.want.epoch,
            run_seq=self.want.run_seq,
            g=self.g,
            n=made.n,
            record=made.record,
            cut=made.cut,
        )


@dataclass(frozen=True, slots=True)
class Outlets:
    """Where goes what a worker says."""

    uplink: Uplink
    copies: Copies
    log: PipelineLog
    status: Callable[[int, pb_pipeline.ReplicaStatus], None]


class Worker:
    """From its start to its end."""

    def __init__(self, duty: Duty, outlets: Outlets) -> None:
        self.duty = duty
        self._outlets = outlets
        self._process: WorkerProcess | None = None
        self._asked: dict[str, asyncio.Future[pb.WorkerDone]] = {}
        self._taps: dict[str, pb_mesh.TapCommand] = {}

    @property
    def pid(self) -> int:
        """Of its process; 0 before it has one."""
        return self._process.pid if self._process else 0

    async def start(self, lock: int, command: Sequence[str], environment: Mapping[str, str] | None) -> None:
        """Start the process. Raises OSError."""
        self._process = await WorkerProcess.start(Ears(self._hear, self._print), lock, command, environment)
        self._process.send(self.duty.start())

    async def wait(self) -> str:
        """How its process ended; whoever waited for an answer is told that there is none."""
        cause = await self._started().wait()
        for future in self._asked.values():
            if not future.done():
                future.set_exception(FailedPrecondition(cause, remedy="it is started again by itself; try again"))
        return cause

    def tell(self, aim: Aim) -> None:
        """Send the verb that leads there."""
        self._started().send(pb.WorkerRequest(verb=pb.WorkerVerb(action=_ACTIONS[aim])))

    def kill(self) -> None:
        """End it at once."""
        self._started().kill()

    async def checkpoint(self, command_id: str) -> int:
        """Make one and return its number.

        Raises:
            FailedPrecondition: it cannot be made now, or the worker ended before it was.
        """
        verb = pb.WorkerVerb(action=pb.WORKER_ACTION_CHECKPOINT, command_id=command_id)
        answer = self._asked[command_id] = asyncio.get_running_loop().create_future()
        self._started().send(pb.WorkerRequest(verb=verb))
        try:
            done = await answer
        finally:
            del self._asked[command_id]
        if done.code:
            raise FailedPrecondition(done.message, remedy=done.remedy)
        return int(done.message)

    def tap(self, tap: pb_mesh.TapCommand) -> None:
        """Begin a tap, or end it."""
        if tap.stop:
            self._taps.pop(tap.tap_id, None)
        else:
            self._taps[tap.tap_id] = tap
        request = pb.WorkerTap(tap_id=tap.tap_id, node=tap.node, limit=tap.limit, rate=tap.rate, stop=tap.stop)
        self._started().send(pb.WorkerRequest(tap=request))

    @property
    def taps(self) -> list[pb_mesh.TapCommand]:
        """Those that have not come to their end, with what is left of their limit: for the worker after this one."""
        return list(self._taps.values())

    def _started(self) -> WorkerProcess:
        if self._process is None:
            raise RuntimeError("the worker was not started")
        return self._process

    def _hear(self, event: pb.WorkerEvent) -> None:
        kind = event.WhichOneof("kind")
        if kind == "status":
            self._outlets.status(self.duty.replica, event.status)
        elif kind == "log":
            self._outlets.log.add(event.log)
        elif kind == "tap":
            self._tapped(event.tap)
        elif kind == "checkpoint":
            self._outlets.copies.offer(self.duty.copy(event.checkpoint))
        elif kind == "done":
            self._done(event.done)

    def _print(self, stream: Stream, line: str) -> None:
        self._outlets.log.printed(self.duty.replica, LEVELS[stream], line)

    def _tapped(self, record: pb_mesh.TapRecord) -> None:
        record.pipeline_id, record.replica = self.duty.pipeline_id, self.duty.replica
        tap = self._taps.get(record.tap_id)
        if tap is not None and tap.limit:
            tap.limit -= 1
            if not tap.limit:
                del self._taps[record.tap_id]
        self._outlets.uplink.telemetry(record)

    def _done(self, done: pb.WorkerDone) -> None:
        answer = self._asked.get(done.command_id)
        if answer is not None and not answer.done():
            answer.set_result(done)
        elif self._taps.pop(done.command_id, None) is not None and done.code:
            self._outlets.log.printed(self.duty.replica, "WARNING", f"a tap ended: {done.message}")
