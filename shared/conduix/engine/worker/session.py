"""One replica on behalf of an agent: its statuses, its answers to commands, copies of its checkpoints."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from pathlib import Path

from conduix.engine.api import Fence
from conduix.engine.catalog import default_catalog
from conduix.engine.letters import default_letters, letters_of, with_dead_letters
from conduix.engine.link import ENDS, Status
from conduix.engine.runtime.checkpoint import LocalStore
from conduix.engine.runtime.failure import told
from conduix.engine.runtime.taps import Taps, Wish
from conduix.engine.worker.channel import Channel
from conduix.engine.worker.commands import Commands
from conduix.engine.worker.diary import Diary
from conduix.engine.worker.replica import Assignment, Replica
from conduix.engine.worker.wire import replica_status
from conduix.errors import ConduixError, NotFound
from conduix.spec.loading import load_or_raise
from conduix.spec.model import PipelineSpec
from conduix.v1 import mesh_service_pb2 as pb_mesh
from conduix.v1 import pipeline_service_pb2 as pb_pipeline
from conduix.v1 import worker_pb2 as pb

COPY_EVERY = 60.0
"""Seconds between two copies of checkpoints; at a pause and at the end there is one in any case."""
_LAST_COPY = 2.0
"""Seconds that the last copy may take: a disk that hangs must not keep a process that has ended."""
_log = logging.getLogger(__name__)


class Session:
    """Runs what a WorkerStart says."""

    def __init__(self, start: pb.WorkerStart, channel: Channel) -> None:
        self._start = start
        self._channel = channel

    async def run(self) -> bool:
        """To the end; False: the replica has FAILED. The last status is given to the channel when all else was."""
        start = self._start
        try:
            spec = _spec_of(start)
            assignment = Assignment(
                spec, start.assignment.run_id, Fence(start.assignment.run_seq, start.g), Path(start.directory)
            )
            served = _Served(start.assignment, assignment, self._channel)
        except ConduixError as error:
            self._fail(error.message, error.remedy, error.code)
            return False
        except Exception as error:  # noqa: BLE001 - whatever it is, the agent must hear of it
            _log.exception("%s could not be started by a fault of Conduix", start.assignment.pipeline_name)
            self._fail(told(error), "", ConduixError.code)
            return False
        return await served.run()

    def _fail(self, detail: str, remedy: str, code: str) -> None:
        last = Status("FAILED", time.time(), detail=detail, remedy=remedy, code=code)
        self._channel.status(replica_status(self._start.assignment, {}, last))


def _spec_of(start: pb.WorkerStart) -> PipelineSpec:
    """The document, read with the environment of this process. Raises DocumentError."""
    catalog = default_catalog()
    spec = load_or_raise(start.document, file=start.assignment.pipeline_name, catalog=catalog, env=os.environ)
    first = Path(start.dead_letters) if start.dead_letters else default_letters(Path(start.directory).parent)
    return with_dead_letters(spec, catalog, letters_of(first, start.assignment.replica))


class _Served:
    """A replica with the line to its agent."""

    def __init__(self, wanted: pb_mesh.Assignment, assignment: Assignment, channel: Channel) -> None:
        self._wanted = wanted
        self._channel = channel
        self._store = LocalStore(assignment.directory, assignment.files)
        self._roles = {node.id: node.role for node in assignment.spec.all_nodes}
        self._replica = Replica(assignment, self._report, self._store)
        self._commands = Commands(self._replica.region, channel.done)
        self._taps = Taps(self._replica.plan, self._replica.taps)
        self._diary = Diary()
        self._copied = -1
        self._copying: asyncio.Task[None] | None = None

    async def run(self) -> bool:
        loop = asyncio.get_running_loop()
        self._channel.listen(lambda request: loop.call_soon_threadsafe(self._obey, request))
        if self._wanted.action == pb_pipeline.DESIRED_STATE_PAUSED:
            self._replica.region.pause()
        copying = asyncio.create_task(self._copy_again_and_again())
        last = await self._replica.run()
        copying.cancel()
        await self._last_copy()
        self._diary.note(last)
        self._channel.status(replica_status(self._wanted, self._roles, last))
        return last.state != "FAILED"

    def _obey(self, request: pb.WorkerRequest) -> None:
        if request.HasField("verb"):
            self._commands.obey(request.verb, self._replica.last)
        elif request.HasField("tap") and request.tap.stop:
            self._taps.end(request.tap.tap_id, "stopped")
        elif request.HasField("tap"):
            self._tap(request.tap)
        else:
            _log.warning("a request that this worker does not know was left undone")

    def _tap(self, tap: pb.WorkerTap) -> None:
        def send(record: str, dropped: int) -> bool:
            return self._channel.tap(
                pb_mesh.TapRecord(
                    tap_id=tap.tap_id,
                    pipeline_id=self._wanted.pipeline_id,
                    replica=self._wanted.replica,
                    node=tap.node,
                    record=record,
                    dropped=dropped,
                )
            )

        def ended(code: str, cause: str) -> None:
            self._channel.done(pb.WorkerDone(command_id=tap.tap_id, code=code, message=cause))

        try:
            self._taps.begin(tap.tap_id, Wish(tap.node, send, ended, tap.limit, tap.rate))
        except NotFound as error:
            self._channel.done(
                pb.WorkerDone(command_id=tap.tap_id, code=error.code, message=error.message, remedy=error.remedy)
            )

    def _report(self, status: Status) -> None:
        self._commands.look(status)
        if status.state in ENDS:
            return  # said when everything else was
        self._diary.note(status)
        self._channel.status(replica_status(self._wanted, self._roles, status))
        if status.state == "PAUSED" and (self._copying is None or self._copying.done()):
            self._copying = asyncio.create_task(self._copy())

    # copies of checkpoints

    async def _copy_again_and_again(self) -> None:
        while True:
            await asyncio.sleep(COPY_EVERY)
            await self._copy()

    async def _last_copy(self) -> None:
        try:
            async with asyncio.timeout(_LAST_COPY):
                await self._copy()
        except TimeoutError:
            _log.warning("the last checkpoint could not be read within %g s; it stands in its directory", _LAST_COPY)

    async def _copy(self) -> None:
        """Send the newest complete checkpoint, unless it was sent before."""
        record = self._replica.region.record
        if record is None or record.phase != "complete" or record.n == self._copied:
            return
        stored = await asyncio.to_thread(self._store.stored, record.n)
        if stored is not None:
            self._copied = record.n
            self._channel.checkpoint(pb.WorkerCheckpoint(n=record.n, record=stored[0], cut=stored[1]))
