"""What agents observe of replicas, the newest only, and copies of their checkpoints."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import delete, select, tuple_, update

from conduix.errors import FenceLost
from conduix_server.store.tables import CheckpointCopy, Report
from conduix_server.store.transaction import Transaction

NAME = "report"


async def save(
    tx: Transaction, pipeline_id: str, replica: int, *, epoch: int, is_news: bool = True, **values: Any
) -> bool:
    """Keeps it unless one of a later epoch is stored: False then. Within an epoch the caller sees to the order.

    Watchers learn of it if it `is_news`: says something else than the one before.
    Raises FailedPrecondition without pipeline.
    """
    mine = (Report.pipeline_id == pipeline_id) & (Report.replica == replica)
    key: dict[str, Any] = {"pipeline_id": pipeline_id, "replica": replica}
    while not await tx.write(update(Report).where(mine, Report.epoch <= epoch).values(epoch=epoch, **values)):
        if await tx.add_if_absent(Report, **key, epoch=epoch, **values):
            break
        if await tx.first(select(Report.epoch).where(mine)) is not None:
            return False
        # MariaDB's INSERT IGNORE passes over a missing parent, too
        await tx.add(Report(**key, epoch=epoch, **values))
    if is_news:
        tx.changed(NAME, pipeline_id, "UPDATED")
    return True


async def of_pipelines(tx: Transaction, pipeline_ids: Collection[str]) -> Sequence[Report]:
    """Of all their replicas, by pipeline and in order."""
    query = select(Report).where(Report.pipeline_id.in_(pipeline_ids))
    return await tx.all(query.order_by(Report.pipeline_id, Report.replica))


async def of_agent(tx: Transaction, agent_id: str) -> Sequence[Report]:
    """What this agent has said, by pipeline and replica."""
    query = select(Report).where(Report.agent_id == agent_id)
    return await tx.all(query.order_by(Report.pipeline_id, Report.replica))


async def forget(tx: Transaction, gone: Collection[tuple[str, int]]) -> None:
    """Reports of these (pipeline, replica): nobody runs them."""
    if gone:
        await tx.write(delete(Report).where(tuple_(Report.pipeline_id, Report.replica).in_(sorted(gone))))
    for pipeline_id in sorted({pipeline_id for pipeline_id, _ in gone}):
        tx.changed(NAME, pipeline_id, "UPDATED")


async def save_checkpoint(tx: Transaction, copy: CheckpointCopy) -> bool:
    """Keeps it unless the same or a later one of the same owner is stored: False then.

    Raises FenceLost where a later owner (run_seq, generation) has written, FailedPrecondition without pipeline.
    """
    mine = (CheckpointCopy.pipeline_id == copy.pipeline_id) & (CheckpointCopy.replica == copy.replica)
    stored = await tx.first(select(CheckpointCopy).where(mine).with_for_update())
    if stored is not None:
        there, here = (stored.run_seq, stored.generation), (copy.run_seq, copy.generation)
        if there > here:
            raise FenceLost(f"checkpoint of {copy.pipeline_id}/{copy.replica}: {there} has written, {here} came later")
        if there == here and stored.number >= copy.number:
            return False
        await tx.write(delete(CheckpointCopy).where(mine))
    await tx.add(copy)
    return True


async def checkpoints(tx: Transaction, pipeline_id: str) -> Sequence[CheckpointCopy]:
    """The newest of each replica, in order."""
    query = select(CheckpointCopy).where(CheckpointCopy.pipeline_id == pipeline_id)
    return await tx.all(query.order_by(CheckpointCopy.replica))
