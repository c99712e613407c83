"""The replicas of this machine: what is desired of them is brought to their runners, commands are executed."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from conduix.engine.catalog import Catalog
from conduix.errors import ConduixError, FailedPrecondition, InvalidArgument, NotFound, Resource
from conduix.v1 import mesh_service_pb2 as pb
from conduix.v1 import pipeline_service_pb2 as pb_pipeline
from conduix_agent.host.actions import Aim, Want
from conduix_agent.host.copies import Copies
from conduix_agent.host.disk import PipelineDir
from conduix_agent.host.documents import Documents
from conduix_agent.host.process import COMMAND
from conduix_agent.host.runner import Means, Runner
from conduix_agent.seam import Uplink

SWEEP_EVERY = 3600.0
_LAST_COPIES = 2.0
"""Seconds at the end for copies that have not reached a server."""
_COMMAND_WITHIN = 60.0
"""Seconds that a command without a deadline has."""
_AIMS = {
    pb_pipeline.DESIRED_STATE_RUNNING: Aim.RUN,
    pb_pipeline.DESIRED_STATE_PAUSED: Aim.PAUSE,
    pb_pipeline.DESIRED_STATE_STOPPED: Aim.STOP,
}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HostSetup:
    """What a host is built with, beside its uplink."""

    state_dir: Path
    """Pipelines are in `pipelines` below it; one process at a time has it."""
    shutdown: Callable[[str], None]
    """Asks the program to drain and end, for the reason given."""
    environment: Mapping[str, str] | None = None
    """Of workers, and for `${VAR}` in documents; None: this process's, without what is for the agent alone."""
    catalog: Catalog | None = None
    command: Sequence[str] = COMMAND
    """How a worker is started."""
    clock: Callable[[], float] = time.monotonic
    unix: Callable[[], float] = time.time


class AgentHost:
    """See `conduix_agent.seam.Host`. Use it in the main thread's event loop only: workers end with their thread."""

    def __init__(self, setup: HostSetup, uplink: Uplink) -> None:
        self._setup = setup
        self._copies = Copies(uplink)
        documents = Documents(uplink, environment=setup.environment, catalog=setup.catalog)
        self._means = Means(uplink, documents, self._copies, setup.environment, setup.command, setup.clock)
        self._runners: dict[str, Runner] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._applying = asyncio.Lock()
        self._leaving = False

    async def apply(self, update: pb.DesiredStateUpdate) -> None:
        """See the protocol."""
        wants = _wants(update)
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._copies.run()), asyncio.create_task(self._sweep_again())]
        async with self._applying:
            if self._leaving:
                raise FailedPrecondition("the agent is ending", remedy="it is applied when it comes back")
            for pipeline_id, want in wants.items():
                self._runner(pipeline_id).want(want)
            for pipeline_id in self._runners.keys() - wants.keys():
                self._runners[pipeline_id].want(None)
            await self._sweep()

    def workers(self) -> dict[tuple[str, int], int]:
        """Process ids of the workers that live, by pipeline id and replica."""
        return {(key, number): pid for key, runner in self._runners.items() for number, pid in runner.pids().items()}

    def _runner(self, pipeline_id: str) -> Runner:
        runner = self._runners.get(pipeline_id)
        if runner is None or runner.over:
            runner = self._runners[pipeline_id] = Runner(pipeline_id, self._directory(pipeline_id), self._means)
            runner.task.add_done_callback(lambda _: self._gone(pipeline_id, runner))
        return runner

    def _gone(self, pipeline_id: str, runner: Runner) -> None:
        if not runner.task.cancelled() and (error := runner.task.exception()) is not None:
            _log.critical("pipeline %s is without anybody", pipeline_id, exc_info=error)
        if runner.over and self._runners.get(pipeline_id) is runner:
            del self._runners[pipeline_id]

    def _directory(self, pipeline_id: str) -> PipelineDir:
        return PipelineDir(self._setup.state_dir / "pipelines" / pipeline_id)

    # commands

    async def execute(self, command: pb.Command) -> pb.CommandResult:
        """See the protocol."""
        result = pb.CommandResult(command_id=command.command_id, outcome=pb.COMMAND_OUTCOME_SUCCEEDED)
        try:
            async with asyncio.timeout(self._left(command)):
                result.result = await self._execute(command)
        except TimeoutError:
            result.outcome, result.code = pb.COMMAND_OUTCOME_FAILED, "DEADLINE_EXCEEDED"
            result.message = "the command was not done when its deadline came; what it began goes on"
        except ConduixError as error:
            result.outcome, result.code = pb.COMMAND_OUTCOME_FAILED, error.code
            result.message = f"{error.message}: {error.remedy}" if error.remedy else error.message
        except Exception as error:  # noqa: BLE001 - whatever happens, a command is answered
            _log.exception("command %s ended by a fault of Conduix", command.command_id)
            result.outcome, result.code, result.message = pb.COMMAND_OUTCOME_FAILED, ConduixError.code, repr(error)
        return result

    def _left(self, command: pb.Command) -> float:
        if not command.HasField("deadline"):
            return _COMMAND_WITHIN
        return max(0.0, command.deadline.ToNanoseconds() / 1e9 - self._setup.unix())

    async def _execute(self, command: pb.Command) -> str:
        kind = command.WhichOneof("kind")
        if kind == "checkpoint":
            asked = command.checkpoint
            n = await self._here(asked.pipeline_id).checkpoint(asked.replica, command.command_id)
            return json.dumps({"n": n})
        if kind == "restart":
            await self._here(command.restart.pipeline_id).restart(command.restart.replica)
        elif kind == "tap":
            self._here(command.tap.pipeline_id).tap(command.tap)
        elif kind == "tail":
            asked_tail = command.tail
            return self._here(asked_tail.pipeline_id).log.tail.last(asked_tail.lines, asked_tail.replica)
        elif kind == "shutdown":
            self._setup.shutdown(command.shutdown.reason)
        else:
            raise InvalidArgument(
                "this agent does not know such a command", remedy="bring agent and server to one version"
            )
        return ""

    def _here(self, pipeline_id: str) -> Runner:
        runner = self._runners.get(pipeline_id)
        if runner is None or runner.wanted is None:
            raise NotFound(Resource.PIPELINE, pipeline_id, remedy="it is not assigned to this agent")
        return runner

    # the end, and what nobody wants

    async def drain(self) -> None:
        """See the protocol."""
        async with self._applying:
            self._leaving = True
        await asyncio.gather(*(runner.leave() for runner in self._runners.values()), return_exceptions=True)
        await self._copies.sent(_LAST_COPIES)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _sweep_again(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_EVERY)
            async with self._applying:
                await self._sweep()

    async def _sweep(self) -> None:
        wanted = {key: runner.wanted.run_seq for key, runner in self._runners.items() if runner.wanted}
        try:
            gone = await asyncio.to_thread(self._sweep_all, wanted)
        except (ConduixError, OSError) as error:
            _log.warning("runs that nobody wants any more could not be removed: %s", error)
            return
        for path in gone:
            _log.info("removed %s: nobody wanted it for 7 days", path)

    def _sweep_all(self, wanted: Mapping[str, int]) -> list[Path]:
        now = self._setup.unix()
        places = (self._setup.state_dir / "pipelines").glob("*")
        return [gone for place in places for gone in PipelineDir(place).sweep(wanted.get(place.name), now)]


def _wants(update: pb.DesiredStateUpdate) -> dict[str, Want]:
    """Pipelines of an update. Raises InvalidArgument where it makes no sense as a whole."""
    together: dict[str, list[pb.Assignment]] = defaultdict(list)
    for assignment in update.assignments:
        together[assignment.pipeline_id].append(assignment)
    return {pipeline_id: _want(assignments) for pipeline_id, assignments in together.items()}


def _want(assignments: Sequence[pb.Assignment]) -> Want:
    first = assignments[0]
    want, *others = {_one(assignment) for assignment in assignments}
    if others or sorted(each.replica for each in assignments) != list(range(first.replicas)):
        raise InvalidArgument(
            f"the assignments of pipeline {first.pipeline_name} do not fit together: "
            f"{len(assignments)} of {first.replicas} replicas, {1 + len(others)} different ones",
            remedy="an agent of this version runs all replicas of a pipeline, under one epoch and with one aim",
        )
    return want


def _one(assignment: pb.Assignment) -> Want:
    if assignment.action not in _AIMS or not _is_directory_name(assignment.pipeline_id):
        raise InvalidArgument(f"an assignment of pipeline {assignment.pipeline_id!r} without sense: {assignment}")
    return Want(
        assignment.pipeline_name,
        assignment.revision,
        assignment.digest,
        assignment.run_id,
        assignment.run_seq,
        assignment.epoch,
        assignment.replicas,
        _AIMS[assignment.action],
    )


def _is_directory_name(pipeline_id: str) -> bool:
    return pipeline_id not in {"", ".", ".."} and "/" not in pipeline_id and "\0" not in pipeline_id
