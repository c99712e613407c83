"""Desired state: which replica runs where, at which revision, doing what; versioned for each agent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Delete, Select, delete, select, update

from conduix_server.store.tables import Assignment, DesiredVersion
from conduix_server.store.transaction import Transaction


@dataclass(frozen=True)
class Desired:
    """All that one agent shall do, as of `version` (0: never asked anything)."""

    version: int
    assignments: Sequence[Assignment]


async def assign(
    tx: Transaction,
    pipeline_id: str,
    replica: int,
    *,
    agent_id: str,
    action: str,
    revision: int,
    run_id: str | None,
    seen_epoch: int = 0,
) -> Assignment:
    """Writes one assignment. Another agent or run takes over under a new epoch; a new action or revision does not.

    `seen_epoch` is the highest that agents have spoken of. Raises FailedPrecondition where agent or run are gone.
    """
    before = await tx.first(_mine(pipeline_id, replica).with_for_update())
    if before is not None and (before.agent_id, before.run_id) == (agent_id, run_id):
        epoch = before.epoch
    else:
        epoch = await tx.next_number("epoch", pipeline_id, seen=seen_epoch)
    if before is not None:
        await tx.write(_gone(pipeline_id, replica))
    await tx.add(
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
    )
    await _raise_versions(tx, {agent_id} | ({before.agent_id} if before else set()))
    (assigned,) = await tx.all(_mine(pipeline_id, replica))
    return assigned


async def withdraw(tx: Transaction, pipeline_id: str, *, from_replica: int = 0) -> None:
    """Takes the assignments of these replicas back from their agents."""
    gone = [row for row in await of_pipeline(tx, pipeline_id) if row.replica >= from_replica]
    for row in gone:
        await tx.write(_gone(pipeline_id, row.replica))
    await _raise_versions(tx, {row.agent_id for row in gone})


async def of_agent(tx: Transaction, agent_id: str) -> Desired:
    """What this agent shall do."""
    version = await tx.first(select(DesiredVersion.version).where(DesiredVersion.agent_id == agent_id))
    mine = select(Assignment).where(Assignment.agent_id == agent_id)
    return Desired(version or 0, await tx.all(mine.order_by(Assignment.pipeline_id, Assignment.replica)))


async def of_pipeline(tx: Transaction, pipeline_id: str) -> Sequence[Assignment]:
    """Its replicas, in order."""
    return await tx.all(select(Assignment).where(Assignment.pipeline_id == pipeline_id).order_by(Assignment.replica))


async def learn_version(tx: Transaction, agent_id: str, seen: int) -> None:
    """The agent has applied version `seen`: after a restore of the database none is handed out twice."""
    behind = (DesiredVersion.agent_id == agent_id) & (DesiredVersion.version < seen)
    if not await tx.write(update(DesiredVersion).where(behind).values(version=seen, updated_at=tx.now)):
        await tx.add_if_absent(DesiredVersion, agent_id=agent_id, version=seen, updated_at=tx.now)


async def _raise_versions(tx: Transaction, agents: set[str]) -> None:
    # always in the same order: two transactions that need both agents wait for each other at the first
    for agent_id in sorted(agents):
        here = update(DesiredVersion).where(DesiredVersion.agent_id == agent_id)
        while not await tx.write(here.values(version=DesiredVersion.version + 1, updated_at=tx.now)):
            await tx.add_if_absent(DesiredVersion, agent_id=agent_id, version=0, updated_at=tx.now)
        tx.changed("desired", agent_id, "UPDATED")


def _mine(pipeline_id: str, replica: int) -> Select[Assignment]:
    return select(Assignment).where(Assignment.pipeline_id == pipeline_id, Assignment.replica == replica)


def _gone(pipeline_id: str, replica: int) -> Delete:
    return delete(Assignment).where(Assignment.pipeline_id == pipeline_id, Assignment.replica == replica)
