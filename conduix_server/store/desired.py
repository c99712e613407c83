"""Desired state: which replica runs where, at which revision, doing what; versioned for each agent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select, update

from conduix_server.store.tables import Assignment, Counter, DesiredVersion, Pipeline, Revision, Run
from conduix_server.store.transaction import Transaction

EPOCH = "epoch"
CHUNK = 1000
"""Pipelines in one statement."""


@dataclass(frozen=True, slots=True)
class Assigned:
    """One assignment, and what its agent must know beside it."""

    assignment: Assignment
    pipeline_name: str
    digest: str
    run_seq: int


async def place(
    tx: Transaction,
    pipeline_id: str,
    *,
    agent_id: str,
    replicas: int,
    action: str,
    revision: int,
    run_id: str | None,
    seen_epoch: int = 0,
) -> int:
    """All replicas on one agent, under a new epoch, which is returned; other assignments of the pipeline are gone.

    `seen_epoch` is the highest that an agent has spoken of. Raises FailedPrecondition where agent or run are gone.
    """
    before = await of_pipeline(tx, pipeline_id)
    epoch = await tx.next_number(EPOCH, pipeline_id, seen=seen_epoch)
    await tx.write(delete(Assignment).where(Assignment.pipeline_id == pipeline_id))
    await tx.add(
        *(
            Assignment(
                pipeline_id=pipeline_id,
                replica=replica,
                agent_id=agent_id,
                epoch=epoch,
                action=action,
                revision=revision,
                run_id=run_id,
                updated_at=tx.now,
            )
            for replica in range(replicas)
        )
    )
    await _raise_versions(tx, {agent_id, *(row.agent_id for row in before)})
    return epoch


async def act(tx: Transaction, pipeline_id: str, action: str) -> None:
    """Another action for all replicas, under the epoch that they have."""
    mine = await of_pipeline(tx, pipeline_id)
    here = update(Assignment).where(Assignment.pipeline_id == pipeline_id)
    await tx.write(here.values(action=action, updated_at=tx.now))
    await _raise_versions(tx, {row.agent_id for row in mine})


async def withdraw(tx: Transaction, pipeline_id: str) -> None:
    """Takes the assignments of a pipeline back from their agents."""
    gone = await of_pipeline(tx, pipeline_id)
    await tx.write(delete(Assignment).where(Assignment.pipeline_id == pipeline_id))
    await _raise_versions(tx, {row.agent_id for row in gone})


async def version(tx: Transaction, agent_id: str) -> int:
    """Of all that this agent shall do; 0: never asked anything."""
    return await tx.first(select(DesiredVersion.version).where(DesiredVersion.agent_id == agent_id)) or 0


async def of_agent(tx: Transaction, agent_id: str) -> Sequence[Assigned]:
    """What this agent shall do, by pipeline and replica."""
    query = (
        select(Assignment, Pipeline.name, Revision.digest, func.coalesce(Run.run_seq, 0))
        .join(Pipeline, Pipeline.id == Assignment.pipeline_id)
        .join(Revision, (Revision.pipeline_id == Assignment.pipeline_id) & (Revision.number == Assignment.revision))
        .outerjoin(Run, Run.id == Assignment.run_id)
        .where(Assignment.agent_id == agent_id)
        .order_by(Assignment.pipeline_id, Assignment.replica)
    )
    return [Assigned(*row) for row in await tx.rows(query)]


async def of_pipeline(tx: Transaction, pipeline_id: str) -> Sequence[Assignment]:
    """Its replicas, in order."""
    return await of_pipelines(tx, [pipeline_id])


async def of_pipelines(tx: Transaction, pipeline_ids: Sequence[str]) -> Sequence[Assignment]:
    """Their replicas, by pipeline and in order."""
    mine = select(Assignment).where(Assignment.pipeline_id.in_(pipeline_ids))
    return await tx.all(mine.order_by(Assignment.pipeline_id, Assignment.replica))


async def loads(tx: Transaction) -> Mapping[str, int]:
    """How many replicas each agent has that shall not stand still."""
    busy = select(Assignment.agent_id, func.count()).where(Assignment.action != "STOPPED")
    return dict(await tx.rows(busy.group_by(Assignment.agent_id)))


async def learn_version(tx: Transaction, agent_id: str, seen: int) -> None:
    """The agent has applied version `seen`: after a restore of the database none is handed out twice."""
    behind = (DesiredVersion.agent_id == agent_id) & (DesiredVersion.version < seen)
    if not await tx.write(update(DesiredVersion).where(behind).values(version=seen, updated_at=tx.now)):
        await tx.add_if_absent(DesiredVersion, agent_id=agent_id, version=seen, updated_at=tx.now)


async def learn_epochs(tx: Transaction, seen: Mapping[str, int]) -> None:
    """The highest epochs by pipeline that an agent has spoken of, as `learn_version` for versions."""
    for first in range(0, len(seen), CHUNK):
        chunk = dict(sorted(seen.items())[first : first + CHUNK])
        counters = select(Counter.scope, Counter.value).where(Counter.name == EPOCH, Counter.scope.in_(chunk))
        stored = dict(await tx.rows(counters))
        here = set(await tx.all(select(Pipeline.id).where(Pipeline.id.in_(chunk))))
        for pipeline_id, epoch in chunk.items():
            if pipeline_id in here and epoch > stored.get(pipeline_id, 0):
                await _raise_epoch(tx, pipeline_id, epoch)


async def _raise_epoch(tx: Transaction, pipeline_id: str, epoch: int) -> None:
    mine = (Counter.name == EPOCH) & (Counter.scope == pipeline_id)
    if not await tx.write(update(Counter).where(mine, Counter.value < epoch).values(value=epoch)):
        await tx.add_if_absent(Counter, name=EPOCH, scope=pipeline_id, value=epoch)


async def _raise_versions(tx: Transaction, agents: set[str]) -> None:
    # always in the same order: two transactions that need both agents wait for each other at the first
    for agent_id in sorted(agents):
        here = update(DesiredVersion).where(DesiredVersion.agent_id == agent_id)
        while not await tx.write(here.values(version=DesiredVersion.version + 1, updated_at=tx.now)):
            await tx.add_if_absent(DesiredVersion, agent_id=agent_id, version=0, updated_at=tx.now)
        tx.changed("desired", agent_id, "UPDATED")
