"""Rows as messages: pipelines, runs, operations, with what is reported of them, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from conduix.v1 import operation_service_pb2, pipeline_service_pb2, run_service_pb2
from conduix.v1.pipeline_service_pb2 import ReplicaStatus
from conduix_server.control.observed import stored_counts
from conduix_server.control.operations import by_pipeline, statuses
from conduix_server.control.status import Counts, Situation, Summary, summarise
from conduix_server.services.listing import etag
from conduix_server.store import agents, desired, pipelines, reports, runs
from conduix_server.store.tables import Agent, Assignment, Operation, Pipeline, Revision, Run
from conduix_server.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class View:
    """A pipeline with its newest run and what is reported of both."""

    row: Pipeline
    run: Run | None = None
    assignments: Sequence[Assignment] = ()
    agent: str = ""
    agent_online: bool = False
    statuses: Sequence[ReplicaStatus] = ()
    """Of the current epoch, as they were reported."""
    rate: float = 0.0
    """Records that they read, a second."""

    @property
    def summary(self) -> Summary:
        """What it is in."""
        run = self.run
        return summarise(
            Situation(
                run_state=run.status if run else "",
                run_ended=run is not None and run.ended_at is not None,
                run_detail=(run.error_message or "") if run else "",
                replicas=len(self.assignments),
                agent=self.agent,
                agent_online=self.agent_online,
                reports=self.statuses,
            )
        )

    @property
    def counts(self) -> Counts:
        """Of the newest run."""
        if self.run is None:
            return Counts()
        stored = stored_counts(self.run)
        return Counts.of(self.statuses).beside(stored) if self.run.ended_at is None else stored


async def views(tx: Transaction, rows: Sequence[Pipeline]) -> list[View]:
    """These pipelines with what is known of them; four queries."""
    ids = [row.id for row in rows]
    newest = {run.id: run for run in await runs.some(tx, [row.run_id for row in rows if row.run_id])}
    assigned = by_pipeline(await desired.of_pipelines(tx, ids))
    reported = by_pipeline(await reports.of_pipelines(tx, ids))
    names = await _agents(tx, {each.agent_id for mine in assigned.values() for each in mine})
    made = []
    for row in rows:
        mine = assigned.get(row.id, [])
        name, online = names.get(mine[0].agent_id, ("", False)) if mine else ("", False)
        epochs = {each.replica: each.epoch for each in mine}
        current = [each for each in reported.get(row.id, []) if epochs.get(each.replica) == each.epoch]
        rate = sum(each.rate for each in current)
        made.append(View(row, newest.get(row.run_id or ""), mine, name, online, statuses(current), rate))
    return made


async def shown_pipelines(tx: Transaction, rows: Sequence[Pipeline]) -> list[pipeline_service_pb2.Pipeline]:
    """As messages."""
    return [pipeline_message(view) for view in await views(tx, rows)]


async def shown_pipeline(tx: Transaction, row: Pipeline) -> pipeline_service_pb2.Pipeline:
    """As a message."""
    (shown,) = await shown_pipelines(tx, [row])
    return shown


async def shown_runs(tx: Transaction, rows: Sequence[Run]) -> list[run_service_pb2.Run]:
    """As messages; those under way with what is reported now."""
    owners = await pipelines.some(tx, {row.pipeline_id for row in rows})
    known = {view.row.id: view for view in await views(tx, owners)}
    return [_run_message(row, known.get(row.pipeline_id)) for row in rows]


def pipeline_message(view: View) -> pipeline_service_pb2.Pipeline:
    """As the contract has it."""
    row, seen, counts = view.row, view.summary, view.counts
    return pipeline_service_pb2.Pipeline(
        id=row.id,
        name=row.name,
        description=row.description or "",
        labels=agents.from_json(row.labels, dict),
        mode=f"PIPELINE_MODE_{row.mode.upper()}",
        revision=row.revision,
        desired_state=f"DESIRED_STATE_{row.desired_state}",
        replicas=row.replicas,
        state=f"PIPELINE_STATE_{seen.state}",
        detail=seen.detail,
        remedy=seen.remedy,
        guarantee=row.guarantee,
        run_id=row.run_id or "",
        restarts=counts.restarts,
        records_in=counts.read,
        records_out=counts.written,
        records_dead=counts.dead,
        records_per_second=0.0 if seen.over else view.rate,
        etag=etag(row.version),
        created_at=row.created_at,
        updated_at=row.updated_at,
        agent_ids=sorted({each.agent_id for each in view.assignments}),
        reason=f"PAUSE_REASON_{seen.reason or 'UNSPECIFIED'}",
    )


def revision_message(row: Revision) -> pipeline_service_pb2.Revision:
    """As the contract has it."""
    return pipeline_service_pb2.Revision(
        pipeline_id=row.pipeline_id,
        number=row.number,
        digest=row.digest,
        document=row.document,
        created_by=row.created_by or "",
        created_at=row.created_at,
    )


def operation_message(row: Operation) -> operation_service_pb2.Operation:
    """As the contract has it."""
    return operation_service_pb2.Operation(
        id=row.id,
        kind=row.kind,
        pipeline_id=row.target_id,
        state=f"OPERATION_STATE_{row.state}",
        message=row.message,
        code=row.error_code or "",
        created_at=row.created_at,
        updated_at=row.updated_at,
        deadline=row.expires_at,
        created_by=row.created_by or "",
        result=row.result,
    )


def _run_message(row: Run, view: View | None) -> run_service_pb2.Run:
    live = view is not None and view.run is not None and view.run.id == row.id and row.ended_at is None
    counts = view.counts if view is not None and live else stored_counts(row)
    state = view.summary.state if view is not None and live else row.status
    return run_service_pb2.Run(
        id=row.id,
        pipeline_id=row.pipeline_id,
        pipeline_name=view.row.name if view is not None else "",
        revision=row.revision,
        run_seq=row.run_seq,
        state=f"PIPELINE_STATE_{state}",
        detail=row.error_message or "",
        started_at=row.started_at or row.created_at,
        ended_at=row.ended_at,
        records_in=counts.read,
        records_out=counts.written,
        records_filtered=counts.filtered,
        records_dead=counts.dead,
        restarts=counts.restarts,
        started_by=row.started_by or "",
        nodes=counts.nodes.values(),
    )


async def _agents(tx: Transaction, ids: Iterable[str]) -> Mapping[str, tuple[str, bool]]:
    """Names, and whether they are heard of."""
    query = select(Agent.id, Agent.name, Agent.status, Agent.revoked_at).where(Agent.id.in_(sorted(ids)))
    return {key: (name, status == agents.ONLINE and gone is None) for key, name, status, gone in await tx.rows(query)}
