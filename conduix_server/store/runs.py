"""Runs and their history."""

from __future__ import annotations

from sqlalchemy import select

from conduix.errors import FailedPrecondition, Resource
from conduix_server.store.paging import Page, PageRequest, fetch_page
from conduix_server.store.tables import Pipeline, Run
from conduix_server.store.transaction import Transaction
from conduix_server.store.versions import change

NAME = Resource.RUN


async def start(tx: Transaction, run_id: str, pipeline_id: str, *, agent_id: str | None = None, seen: int = 0) -> Run:
    """A run of the newest revision, with the next `run_seq`; `seen` is the highest that an agent has spoken of.

    Raises NotFound.
    """
    pipeline = await tx.get(Pipeline, pipeline_id, name=Resource.PIPELINE)
    run = Run(
        id=run_id,
        pipeline_id=pipeline_id,
        agent_id=agent_id,
        status="PENDING",
        created_at=tx.now,
        run_seq=await tx.next_number("run_seq", pipeline_id, seen=seen),
        revision=pipeline.revision,
    )
    await tx.add(run)
    tx.changed(NAME, run_id, "CREATED")
    return await get(tx, run_id)


async def get(tx: Transaction, run_id: str) -> Run:
    """Raises NotFound."""
    return await tx.get(Run, run_id, name=NAME)


async def advance(
    tx: Transaction, run_id: str, status: str, *, processed: int, errors: int, ended: bool = False, message: str = ""
) -> Run:
    """What was reported of the run. An ended run stays as it ended: raises FailedPrecondition; NotFound."""
    run = await tx.get(Run, run_id, name=NAME, lock=True)
    if run.ended_at is not None:
        raise FailedPrecondition(f"run {run_id} has ended {run.status}", remedy="start a new one")
    return await change(
        tx,
        Run,
        run_id,
        resource=NAME,
        version=None,
        status=status,
        processed_count=processed,
        error_count=errors,
        error_message=message or None,
        started_at=run.started_at or tx.now,
        ended_at=tx.now if ended else None,
    )


async def page(tx: Transaction, ask: PageRequest, *, pipeline_id: str = "", status: str = "") -> Page[Run]:
    """Ordered by `created_at`."""
    query = select(Run)
    if pipeline_id:
        query = query.where(Run.pipeline_id == pipeline_id)
    if status:
        query = query.where(Run.status == status)
    return await fetch_page(tx, query, ask, orders={"created_at": Run.created_at}, key=Run.id)
