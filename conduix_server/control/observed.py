"""What agents report, as it comes in: kept, and runs and operations moved on by it.

A report under another epoch than the pipeline's is of an earlier assignment: passed over. The usual report changes
counts and nothing else, and costs two queries and one UPDATE; the rest is done when a state changes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from conduix.v1 import mesh_service_pb2 as pb
from conduix.v1.pipeline_service_pb2 import PIPELINE_STATE_RUNNING, ReplicaStatus
from conduix.v1.run_service_pb2 import Run as RunMessage
from conduix_server.control import operations
from conduix_server.control.status import ENDED, Counts, Summary, combine, state_of
from conduix_server.store import desired, events, pipelines, reports, runs
from conduix_server.store.tables import Assignment, Report, Run
from conduix_server.store.transaction import Transaction

_log = logging.getLogger("conduix.events")

_LEVELS: Mapping[str, str] = {
    "worker_crashed": events.WARNING,
    "worker_undrained": events.WARNING,
    "REPORTS_DROPPED": events.WARNING,
    "DESIRED_STATE_REFUSED": events.ERROR,
}

_Key = tuple[str, int]


async def observe(
    tx: Transaction, agent_id: str, number: int, statuses: Sequence[ReplicaStatus], *, full: bool
) -> None:
    """Report `number` of an agent, in the order of numbers. `full`: it has told all replicas that it runs."""
    told = {(status.pipeline_id, status.replica): status for status in statuses}
    before = {(row.pipeline_id, row.replica): row for row in await _stored(tx, agent_id, told, full=full)}
    names = sorted({pipeline_id for pipeline_id, _ in [*told, *before]})
    assigned = {(row.pipeline_id, row.replica): row for row in await desired.of_pipelines(tx, names)}
    told = {key: status for key, status in told.items() if _counts(assigned.get(key), agent_id, status)}
    moved: set[str] = set()
    for (pipeline_id, replica), status in told.items():
        old = before.get((pipeline_id, replica))
        if await _save(tx, agent_id, number, status, old) and _says_news(old, status):
            moved.add(pipeline_id)
    if full:
        gone = {key for key in before if key not in told and _is_void(assigned.get(key), before[key], agent_id)}
        await reports.forget(tx, gone)
        moved |= {pipeline_id for pipeline_id, _ in assigned}
    for pipeline_id in sorted(moved):
        await _advance_run(tx, pipeline_id)
    if moved:
        await operations.settle(tx, sorted(moved), told_all=agent_id if full else "")


async def note(tx: Transaction, agent_id: str, event: pb.AgentEvent) -> None:
    """An event of an agent: for people, and into the log."""
    where = f" pipeline {event.pipeline_id} replica {event.replica}" if event.pipeline_id else ""
    _log.info("agent %s%s: %s: %s", agent_id, where, event.kind, event.message)
    await events.add(
        tx,
        event.kind,
        _LEVELS.get(event.kind, events.INFO),
        event.message,
        at=event.at.ToDatetime(UTC) if event.HasField("at") else None,
        pipeline_id=event.pipeline_id[:36],
        agent_id=agent_id,
        replica=event.replica,
    )


async def remember_counts(tx: Transaction, pipeline_id: str, run: Run) -> None:
    """Before an epoch ends: its counts stand in the run, as far as they got."""
    if run.ended_at is None:
        told = await _current(tx, pipeline_id, await desired.of_pipeline(tx, pipeline_id))
        await runs.advance(tx, run.id, run.status, **counts_of(told, run))


def counts_of(told: Iterable[ReplicaStatus], run: Run) -> dict[str, Any]:
    """The columns of a run that count records."""
    counts = Counts.of(told).beside(stored_counts(run))
    return {
        "processed_count": counts.read,
        "error_count": counts.dead,
        "records_out": counts.written,
        "records_filtered": counts.filtered,
        "restarts": counts.restarts,
        "nodes": RunMessage(nodes=counts.nodes.values()).SerializeToString(),
    }


def stored_counts(run: Run) -> Counts:
    """What stands in a run's row."""
    nodes = RunMessage.FromString(run.nodes or b"").nodes
    return Counts(
        read=run.processed_count or 0,
        written=run.records_out,
        filtered=run.records_filtered,
        dead=run.error_count or 0,
        restarts=run.restarts,
        nodes={each.node: each for each in nodes},
    )


async def _stored(
    tx: Transaction, agent_id: str, told: Mapping[_Key, ReplicaStatus], *, full: bool
) -> Sequence[Report]:
    return await (reports.of_agent(tx, agent_id) if full else reports.of_pipelines(tx, {key for key, _ in told}))


def _counts(assigned: Assignment | None, agent_id: str, status: ReplicaStatus) -> bool:
    return assigned is not None and (assigned.agent_id, assigned.epoch) == (agent_id, status.epoch)


def _is_void(assigned: Assignment | None, report: Report, agent_id: str) -> bool:
    """Nobody runs what was reported; an ended replica need not be told again."""
    if report.agent_id != agent_id:
        return False
    return assigned is None or report.epoch < assigned.epoch or report.state not in ENDED


async def _save(tx: Transaction, agent_id: str, number: int, status: ReplicaStatus, old: Report | None) -> bool:
    at = status.at.ToDatetime(UTC) if status.HasField("at") else tx.now
    rate, body = _rate(old, status, at), _with_agent(status, agent_id)
    return await reports.save(
        tx,
        status.pipeline_id,
        status.replica,
        # the report of all replicas names those, too, that are as they were
        is_news=old is None or (old.rate, old.body) != (rate, body),
        epoch=status.epoch,
        agent_id=agent_id,
        number=number,
        state=state_of(status),
        rate=rate,
        body=body,
        reported_at=at,
    )


def _with_agent(status: ReplicaStatus, agent_id: str) -> bytes:
    kept = ReplicaStatus()
    kept.CopyFrom(status)
    kept.agent_id = agent_id
    return kept.SerializeToString(deterministic=True)


def _rate(old: Report | None, status: ReplicaStatus, at: datetime) -> float:
    """Records read a second since the report before; the old rate where that was the same moment."""
    if old is None or old.epoch != status.epoch:
        return 0.0
    seconds = (at - old.reported_at).total_seconds()
    if seconds <= 0:
        return old.rate
    before = ReplicaStatus.FromString(old.body)
    if before.state != PIPELINE_STATE_RUNNING:
        return 0.0  # what it counted on from was not read since
    return max((Counts.of([status]).read - Counts.of([before]).read) / seconds, 0.0)


def _says_news(old: Report | None, status: ReplicaStatus) -> bool:
    if old is None or old.epoch != status.epoch:
        return True
    before = ReplicaStatus.FromString(old.body)
    return (before.state, before.reason, before.code, before.detail) != (
        status.state,
        status.reason,
        status.code,
        status.detail,
    )


async def _advance_run(tx: Transaction, pipeline_id: str) -> None:
    # locked: whoever starts or scales it at this moment goes before or after, not between
    pipeline = await pipelines.get(tx, pipeline_id, lock=True)
    assignments = await desired.of_pipeline(tx, pipeline_id)
    if not assignments or pipeline.run_id is None or assignments[0].run_id != pipeline.run_id:
        return
    run = await runs.get(tx, pipeline.run_id)
    told = await _current(tx, pipeline_id, assignments)
    if run.ended_at is not None or not told:
        return
    seen = combine(told, len(assignments))
    said = {"error_message": seen.detail or None, "error_code": seen.code[:50] or None}
    if seen.over or (seen.state, said["error_message"], said["error_code"]) != (
        run.status,
        run.error_message,
        run.error_code,
    ):
        await runs.advance(tx, run.id, seen.state, ended=seen.over, **said, **counts_of(told, run))
        tx.changed(reports.NAME, pipeline_id, "UPDATED")  # what is shown of the pipeline follows from its run, too
        if seen.state != run.status:
            await _tell(tx, run, seen)


async def _tell(tx: Transaction, run: Run, seen: Summary) -> None:
    """What of a run's states a person wants to hear of."""
    level = {"FAILED": events.ERROR, "PAUSED": events.WARNING, "REWINDING": events.WARNING}.get(seen.state)
    if seen.over or level is not None:
        why = f" ({seen.reason})" if seen.reason else ""
        text = f"run {run.run_seq}: {seen.state}{why}" + (f": {seen.detail}" if seen.detail else "")
        await events.add(tx, f"run_{seen.state.lower()}", level or events.INFO, text, pipeline_id=run.pipeline_id)


async def _current(tx: Transaction, pipeline_id: str, assignments: Sequence[Assignment]) -> list[ReplicaStatus]:
    epochs = {row.replica: row.epoch for row in assignments}
    rows = await reports.of_pipelines(tx, [pipeline_id])
    return operations.statuses(row for row in rows if epochs.get(row.replica) == row.epoch)
