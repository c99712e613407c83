"""What agents observe of replicas, the newest only, and copies of their checkpoints."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select

from conduix.errors import FenceLost
from conduix_server.store.tables import CheckpointCopy, Report
from conduix_server.store.transaction import Transaction


async def save(tx: Transaction, report: Report) -> bool:
    """Keeps it unless (epoch, number) is not beyond what is stored: False then.

    Raises FailedPrecondition without pipeline.
    """
    mine = (Report.pipeline_id == report.pipeline_id) & (Report.replica == report.replica)
    stored = await tx.first(select(Report).where(mine).with_for_update())
    if stored is not None:
        if (stored.epoch, stored.number) >= (report.epoch, report.number):
            return False
        await tx.write(delete(Report).where(mine))
    pipeline_id = report.pipeline_id
    await tx.add(report)
    tx.changed("report", pipeline_id, "UPDATED")
    return True


async def of_pipeline(tx: Transaction, pipeline_id: str) -> Sequence[Report]:
    """Of all its replicas, in order."""
    return await tx.all(select(Report).where(Report.pipeline_id == pipeline_id).order_by(Report.replica))


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
