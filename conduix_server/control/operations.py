"""Operations: begun with a change of what is wanted, ended by what is reported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, TypeVar

import orjson
from sqlalchemy import select

from conduix.v1.pipeline_service_pb2 import ReplicaStatus
from conduix_server.control.settling import CHECKPOINT, DESIRED, RETRY, SCALE, START, Ending, settled
from conduix_server.store import desired, operations, reports
from conduix_server.store.store import new_id
from conduix_server.store.tables import Agent, Assignment, Operation, Report
from conduix_server.store.transaction import Transaction

Owned = TypeVar("Owned", Assignment, Report)

LIFETIME: Final = timedelta(hours=24)
_NEW_EPOCH: Final = frozenset({START, RETRY, SCALE})
"""A report under their epoch proves that the agent has heard of it."""


async def begin(
    tx: Transaction,
    kind: str,
    pipeline_id: str,
    *,
    by: str,
    agent_id: str | None = None,
    epoch: int = 0,
    goal: Mapping[str, Any] | None = None,
    lifetime: timedelta = LIFETIME,
) -> Operation:
    """A queued operation on a pipeline whose desired state was changed in `tx`; it takes the place of an open one."""
    made = Operation(
        id=new_id(),
        kind=kind,
        target_id=pipeline_id,
        state=operations.QUEUED,
        agent_id=agent_id,
        desired_version=await desired.version(tx, agent_id) if agent_id else 0,
        epoch=epoch,
        goal=orjson.dumps(dict(goal or {})).decode(),
        created_by=by or None,
        created_at=tx.now,
        updated_at=tx.now,
        expires_at=tx.now + lifetime,
    )
    if kind in DESIRED:
        await _supersede(tx, pipeline_id, f"operation {made.id} ({kind}) came after it")
    return await operations.start(tx, made)


async def begin_done(tx: Transaction, kind: str, pipeline_id: str, *, by: str, message: str) -> Operation:
    """An operation that had nothing to do."""
    made = await begin(tx, kind, pipeline_id, by=by)
    return await operations.advance(tx, made.id, operations.SUCCEEDED, message=message)


async def withdraw(tx: Transaction, pipeline_id: str) -> None:
    """The pipeline is deleted: nobody will report on it."""
    await _supersede(tx, pipeline_id, "the pipeline was deleted", kinds=DESIRED | {CHECKPOINT})


async def heard(tx: Transaction, agent_id: str, version: int) -> None:
    """The agent has applied version `version` of what it is to do: operations up to there are under way, or done."""
    mine = await operations.unheard(tx, agent_id, version)
    for operation in mine:
        await operations.advance(tx, operation.id, operations.RUNNING)
    await settle(tx, [operation.target_id for operation in mine])


async def refused(tx: Transaction, agent_id: str, version: int, *, code: str, message: str) -> None:
    """The agent has refused version `version`: what hung on it has failed."""
    for operation in await operations.unheard(tx, agent_id, version):
        await operations.advance(tx, operation.id, operations.FAILED, error_code=code[:50], message=message)


async def settle(tx: Transaction, pipeline_ids: Sequence[str], *, told_all: str = "") -> None:
    """Ends the operations on these pipelines whose goal is reported.

    `told_all`: this agent has just told of all replicas that it runs.
    """
    opened = [each for each in await operations.open_for(tx, pipeline_ids) if each.kind in DESIRED]
    if not opened:
        return
    reported = by_pipeline(await reports.of_pipelines(tx, [each.target_id for each in opened]))
    for operation in opened:
        told = [report for report in reported.get(operation.target_id, []) if report.epoch == operation.epoch]
        if await _is_heard(tx, operation, told):
            await _settle_one(tx, operation, statuses(told), absent=operation.agent_id == told_all != "")


async def expire(tx: Transaction) -> int:
    """Ends what should have ended by now; how many."""
    late = await operations.overdue(tx)
    for operation in late:
        message = "not reported in time; what is wanted of the pipeline stays wanted"
        await operations.advance(tx, operation.id, operations.EXPIRED, message=message, error_code="OPERATION_EXPIRED")
    return len(late)


def statuses(rows: Iterable[Report]) -> list[ReplicaStatus]:
    """As the agents reported them."""
    return [ReplicaStatus.FromString(row.body) for row in rows]


def by_pipeline(rows: Iterable[Owned]) -> dict[str, list[Owned]]:
    """In the order that they have."""
    found: dict[str, list[Owned]] = {}
    for row in rows:
        found.setdefault(row.pipeline_id, []).append(row)
    return found


def goal_of(operation: Operation) -> dict[str, Any]:
    """What was noted at its beginning."""
    goal: dict[str, Any] = orjson.loads(operation.goal)
    return goal


async def _settle_one(tx: Transaction, operation: Operation, told: Sequence[ReplicaStatus], *, absent: bool) -> None:
    replicas = goal_of(operation).get("replicas", 1)
    ending = settled(operation.kind, replicas, told, absent=absent) or _hearing(operation)
    if ending is not None:
        await operations.advance(
            tx, operation.id, ending.state, message=ending.message, error_code=ending.code[:50] or None
        )


def _hearing(operation: Operation) -> Ending | None:
    return Ending(operations.RUNNING) if operation.state == operations.QUEUED else None


async def _is_heard(tx: Transaction, operation: Operation, told: Sequence[Report]) -> bool:
    if operation.state == operations.RUNNING or (told and operation.kind in _NEW_EPOCH):
        return True
    if operation.agent_id is None:
        return False
    applied = await tx.first(select(Agent.applied_version).where(Agent.id == operation.agent_id))
    return (applied or 0) >= operation.desired_version


async def _supersede(tx: Transaction, pipeline_id: str, message: str, *, kinds: frozenset[str] = DESIRED) -> None:
    for older in await operations.open_for(tx, [pipeline_id]):
        if older.kind in kinds:
            await operations.advance(
                tx, older.id, operations.CANCELLED, message=message, error_code="OPERATION_SUPERSEDED"
            )
