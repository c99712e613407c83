"""The life of runs: what start, stop, pause, resume, scale, retry and cancel want of agents.

Each works on a pipeline whose row its caller has locked, and returns the operation that ends when it is reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from conduix.errors import (
    DocumentChanged,
    FailedPrecondition,
    NotFound,
    OperationUnderWay,
    PipelineActive,
    PipelineInactive,
    ScaleRefused,
)
from conduix_server.control import observed, operations
from conduix_server.control.documents import Facts
from conduix_server.control.placement import Candidate, choose
from conduix_server.control.settling import PAUSE, RESUME, RETRY, SCALE, START, STOP
from conduix_server.control.status import PAUSED, RUNNING, STOPPED, state_of
from conduix_server.store import agents, desired, pipelines, reports, runs
from conduix_server.store import operations as stored
from conduix_server.store.store import new_id
from conduix_server.store.tables import Agent, Assignment, Operation, Pipeline, Run
from conduix_server.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A pipeline with a run that has not ended, and its assignments, at least one."""

    pipeline: Pipeline
    run: Run
    assignments: Sequence[Assignment]

    @property
    def agent_id(self) -> str:
        """All replicas are on one agent."""
        return self.assignments[0].agent_id

    @property
    def epoch(self) -> int:
        """All replicas have one."""
        return self.assignments[0].epoch


async def start(tx: Transaction, pipeline: Pipeline, *, fresh: bool, by: str) -> Operation:
    """Goes on with the newest run if that is unfinished, at its revision; else, or if `fresh`, begins a new one.

    Raises PipelineActive, DocumentChanged, ScaleRefused, and what placing raises.
    """
    run = await _newest(tx, pipeline)
    if run is not None and run.ended_at is None:
        raise _active(pipeline, run, "started")
    if run is None or fresh or run.status == runs.COMPLETED:
        return await _begin(tx, pipeline, by)
    theirs = await pipelines.revision(tx, pipeline.id, run.revision)
    newest = await pipelines.revision(tx, pipeline.id, pipeline.revision)
    if theirs.digest != newest.digest:
        raise DocumentChanged(
            f"run {run.run_seq} of {pipeline.name} is unfinished ({run.status}); "
            f"it belongs to revision {run.revision}, the newest is {newest.number}",
            remedy=f"start with fresh for a new run of the new revision, or go on: conduix runs retry {run.id}",
        )
    return await _go_on(tx, pipeline, run, START, by)


async def retry(tx: Transaction, run: Run, *, by: str) -> Operation:
    """Goes on with a run that was stopped or has failed, at its revision, whatever the newest one is.

    Raises PipelineActive, FailedPrecondition for a complete run or one that is not the newest, ScaleRefused.
    """
    pipeline = await pipelines.get(tx, run.pipeline_id, lock=True)
    newest = await _newest(tx, pipeline)
    if newest is None or newest.id != run.id:
        raise FailedPrecondition(
            f"run {run.run_seq} of {pipeline.name} is not its newest", remedy=f"conduix start {pipeline.name}"
        )
    if newest.ended_at is None:
        raise _active(pipeline, newest, "retried")
    if newest.status == runs.COMPLETED:
        raise FailedPrecondition(f"run {run.run_seq} of {pipeline.name} is complete", remedy="start a new run")
    return await _go_on(tx, pipeline, newest, RETRY, by)


async def stop(tx: Transaction, pipeline: Pipeline, *, by: str) -> Operation:
    """Stops at a checkpoint; done at once where nothing runs."""
    run = await _newest(tx, pipeline)
    mine = await desired.of_pipeline(tx, pipeline.id)
    if run is None or run.ended_at is not None or not mine:
        await _want(tx, pipeline, STOPPED)
        return await operations.begin_done(tx, STOP, pipeline.id, by=by, message="it was not running")
    if await _nobody_runs(tx, pipeline, mine):
        await _abandon(tx, pipeline, run)
        return await operations.begin_done(tx, STOP, pipeline.id, by=by, message="no agent had begun it, or it is gone")
    return await _act(tx, UnderWay(pipeline, run, mine), STOP, STOPPED, by)


async def pause(tx: Transaction, pipeline: Pipeline, *, by: str) -> Operation:
    """Raises PipelineInactive."""
    return await _act(tx, await under_way(tx, pipeline, "paused"), PAUSE, PAUSED, by)


async def resume(tx: Transaction, pipeline: Pipeline, *, by: str) -> Operation:
    """After a pause; one that the pipeline made by itself ends with a new start of its workers.

    Raises PipelineInactive.
    """
    held = await under_way(tx, pipeline, "resumed")
    rows = await reports.of_pipelines(tx, [pipeline.id])
    current = operations.statuses(row for row in rows if row.epoch == held.epoch)
    if pipeline.desired_state == RUNNING and any(state_of(each) == PAUSED for each in current):
        return await _place_again(tx, held, RESUME, len(held.assignments), by)
    return await _act(tx, held, RESUME, RUNNING, by)


async def scale(tx: Transaction, pipeline: Pipeline, replicas: int, *, by: str) -> Operation:
    """From now on so many replicas; one that runs is dealt anew. Raises ScaleRefused."""
    run = await _newest(tx, pipeline)
    running = run is not None and run.ended_at is None and pipeline.desired_state != STOPPED
    await _check_scale(tx, pipeline, run.revision if run and running else pipeline.revision, replicas)
    await pipelines.update(tx, pipeline.id, version=None, replicas=replicas)
    mine = await desired.of_pipeline(tx, pipeline.id)
    if run is None or not running or not mine:
        message = f"{replicas} replicas from the next start on"
        return await operations.begin_done(tx, SCALE, pipeline.id, by=by, message=message)
    held = UnderWay(pipeline, run, mine)
    if len(mine) == replicas:
        return await _act(tx, held, SCALE, pipeline.desired_state, by)
    return await _place_again(tx, held, SCALE, replicas, by)


async def cancel(tx: Transaction, operation: Operation) -> Operation:
    """Takes an operation back that no agent has heard of; what was wanted before is wanted again.

    Raises OperationUnderWay.
    """
    applied = await tx.first(select(Agent.applied_version).where(Agent.id == operation.agent_id)) or 0
    if operation.state != stored.QUEUED or applied >= operation.desired_version:
        heard = "has ended" if operation.state not in stored.OPEN else "has reached its agent"
        remedy = "ask for the opposite: stop what was started, resume what was paused"
        raise OperationUnderWay(f"operation {operation.id} ({operation.kind}) {heard}", remedy=remedy)
    await _take_back(tx, operation)
    return await stored.advance(tx, operation.id, stored.CANCELLED, message="cancelled before an agent heard of it")


async def require_ended(tx: Transaction, pipeline: Pipeline) -> None:
    """Raises PipelineActive as long as a run of it goes on."""
    run = await _newest(tx, pipeline)
    if run is None or run.ended_at is not None:
        return
    mine = await desired.of_pipeline(tx, pipeline.id)
    if mine and not await _nobody_runs(tx, pipeline, mine):
        raise _active(pipeline, run, "deleted")


async def _begin(tx: Transaction, pipeline: Pipeline, by: str) -> Operation:
    facts = await _check_scale(tx, pipeline, pipeline.revision, pipeline.replicas)
    agent = choose(await _candidates(tx), facts.needs, facts.labels)
    run = await runs.start(tx, new_id(), pipeline.id, agent_id=agent.id, by=by)
    return await _place(tx, pipeline, run, START, by)


async def _go_on(tx: Transaction, pipeline: Pipeline, run: Run, kind: str, by: str) -> Operation:
    await _check_scale(tx, pipeline, run.revision, pipeline.replicas)
    holder = await tx.first(select(Agent).where(Agent.id == run.agent_id, Agent.revoked_at.is_(None)))
    if holder is None:
        raise FailedPrecondition(
            f"the agent that has the state of run {run.run_seq} of {pipeline.name} is gone",
            remedy="begin a new run: start with fresh",
        )
    taken_up = await runs.take_up(tx, run.id, agent_id=holder.id)
    return await _place(tx, pipeline, taken_up, kind, by)


async def _place(tx: Transaction, pipeline: Pipeline, run: Run, kind: str, by: str) -> Operation:
    assert run.agent_id is not None  # noqa: S101 - who places has chosen the agent
    epoch = await desired.place(
        tx,
        pipeline.id,
        agent_id=run.agent_id,
        replicas=pipeline.replicas,
        action=RUNNING,
        revision=run.revision,
        run_id=run.id,
    )
    await pipelines.update(tx, pipeline.id, version=None, desired_state=RUNNING, run_id=run.id)
    goal = {"replicas": pipeline.replicas, "run_id": run.id}
    return await operations.begin(tx, kind, pipeline.id, by=by, agent_id=run.agent_id, epoch=epoch, goal=goal)


async def _place_again(tx: Transaction, held: UnderWay, kind: str, replicas: int, by: str) -> Operation:
    epoch = await _deal(tx, held, replicas)
    goal = {"replicas": replicas, "before": {"replicas": held.pipeline.replicas}}
    return await operations.begin(tx, kind, held.pipeline.id, by=by, agent_id=held.agent_id, epoch=epoch, goal=goal)


async def _deal(tx: Transaction, held: UnderWay, replicas: int) -> int:
    """The same run on the same agent, dealt anew: its new epoch."""
    await observed.remember_counts(tx, held.pipeline.id, held.run)
    return await desired.place(
        tx,
        held.pipeline.id,
        agent_id=held.agent_id,
        replicas=replicas,
        action=held.assignments[0].action,
        revision=held.assignments[0].revision,
        run_id=held.run.id,
    )


async def _act(tx: Transaction, held: UnderWay, kind: str, wanted: str, by: str) -> Operation:
    pipeline = held.pipeline
    if any(row.action != wanted for row in held.assignments):
        await desired.act(tx, pipeline.id, wanted)
    goal = {"replicas": len(held.assignments), "before": {"desired_state": pipeline.desired_state}}
    await _want(tx, pipeline, wanted)
    begun = await operations.begin(tx, kind, pipeline.id, by=by, agent_id=held.agent_id, epoch=held.epoch, goal=goal)
    # it may be so already
    await operations.settle(tx, [pipeline.id])
    return await stored.get(tx, begun.id)


async def _want(tx: Transaction, pipeline: Pipeline, wanted: str) -> None:
    if pipeline.desired_state != wanted:
        await pipelines.update(tx, pipeline.id, version=None, desired_state=wanted)


async def _take_back(tx: Transaction, operation: Operation) -> None:
    pipeline = await pipelines.get(tx, operation.target_id, lock=True)
    before = operations.goal_of(operation).get("before", {})
    run = await _newest(tx, pipeline)
    mine = await desired.of_pipeline(tx, pipeline.id)
    if operation.kind in {START, RETRY} and run is not None:
        await _abandon(tx, pipeline, run)
    elif "desired_state" in before and mine:
        await desired.act(tx, pipeline.id, before["desired_state"])
        await _want(tx, pipeline, before["desired_state"])
    elif "replicas" in before and mine and run is not None:
        await pipelines.update(tx, pipeline.id, version=None, replicas=before["replicas"])
        await _deal(tx, UnderWay(pipeline, run, mine), before["replicas"])


async def _abandon(tx: Transaction, pipeline: Pipeline, run: Run) -> None:
    """Nobody has begun it, and nobody will: an agent that hears of it late finds it gone."""
    await observed.remember_counts(tx, pipeline.id, run)
    await desired.withdraw(tx, pipeline.id)
    await runs.advance(tx, run.id, runs.STOPPED, ended=True)
    await _want(tx, pipeline, STOPPED)


async def _nobody_runs(tx: Transaction, pipeline: Pipeline, mine: Sequence[Assignment]) -> bool:
    """The agent was removed, or has never heard that the run shall begin; an earlier epoch may still run."""
    agent = await tx.first(select(Agent).where(Agent.id == mine[0].agent_id))
    if agent is None or agent.revoked_at is not None:
        return True
    rows = await reports.of_pipelines(tx, [pipeline.id])
    if any(row.epoch == mine[0].epoch for row in rows):
        return False
    same = (Operation.target_id == pipeline.id) & (Operation.epoch == mine[0].epoch)
    began = await tx.first(select(Operation).where(same).order_by(Operation.id))
    return began is not None and began.kind in {START, RETRY} and agent.applied_version < began.desired_version


async def under_way(tx: Transaction, pipeline: Pipeline, what: str) -> UnderWay:
    """Raises PipelineInactive: it cannot be `what` (`paused`)."""
    run = await _newest(tx, pipeline)
    mine = await desired.of_pipeline(tx, pipeline.id)
    if run is None or run.ended_at is not None or not mine or pipeline.desired_state == STOPPED:
        state = "is being stopped" if run is not None and run.ended_at is None else "is not running"
        raise PipelineInactive(
            f"{pipeline.name} {state} and cannot be {what}", remedy=f"start it: conduix start {pipeline.name}"
        )
    return UnderWay(pipeline, run, mine)


async def _newest(tx: Transaction, pipeline: Pipeline) -> Run | None:
    if pipeline.run_id is None:
        return None
    try:
        return await runs.get(tx, pipeline.run_id)
    except NotFound:
        return None


async def _candidates(tx: Transaction) -> list[Candidate]:
    loads = await desired.loads(tx)
    return [
        Candidate(
            id=agent.id,
            name=agent.name,
            online=agent.status == agents.ONLINE,
            cordoned=agent.cordoned,
            capabilities=frozenset(agents.from_json(agent.capabilities, list)),
            labels=agents.from_json(agent.labels, dict),
            load=loads.get(agent.id, 0),
        )
        for agent in await agents.some(tx, [Agent.revoked_at.is_(None)])
    ]


async def _check_scale(tx: Transaction, pipeline: Pipeline, revision: int, replicas: int) -> Facts:
    facts = Facts.read((await pipelines.revision(tx, pipeline.id, revision)).facts)
    if replicas > 1 and facts.unsharded:
        raise ScaleRefused(
            f"{replicas} replicas cannot share the one file of {', '.join(facts.unsharded)}",
            remedy="put {shard} into the path of that sink, apply the document, and start it",
        )
    return facts


def _active(pipeline: Pipeline, run: Run, what: str) -> PipelineActive:
    return PipelineActive(
        f"{pipeline.name} is under way (run {run.run_seq}, {run.status}) and cannot be {what}",
        remedy=f"stop it first: conduix stop {pipeline.name}",
    )
