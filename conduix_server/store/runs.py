"""Runs and their history."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, select

from conduix.errors import FailedPrecondition, Resource
from conduix_server.store.paging import Page, PageRequest, fetch_page
from conduix_server.store.tables import Pipeline, Run
from conduix_server.store.transaction import Transaction
from conduix_server.store.versions import change

NAME = Resource.RUN
PENDING, COMPLETED, FAILED, STOPPED = "PENDING", "COMPLETED", "FAILED", "STOPPED"
UNFINISHED: Final = frozenset({FAILED, STOPPED})
"""How a run may have ended that can be gone on with."""


async def start(
    tx: Transaction, run_id: str, pipeline_id: str, *, agent_id: str | None = None, by: str = "", seen: int = 0
) -> Run:
    """A run of the newest revision, with the next `run_seq`; `seen` is the highest that an agent has spoken of.

    Raises NotFound.
    """
    pipeline = await tx.get(Pipeline, pipeline_id, name=Resource.PIPELINE)
    run = Run(
        id=run_id,
        pipeline_id=pipeline_id,
        agent_id=agent_id,
        status=PENDING,
        created_at=tx.now,
        run_seq=await tx.next_number("run_seq", pipeline_id, seen=seen),
        revision=pipeline.revision,
        started_by=by or None,
    )
    await tx.add(run)
    tx.changed(NAME, run_id, "CREATED")
    return await get(tx, run_id)


async def get(tx: Transaction, run_id: str) -> Run:
    """Raises NotFound."""
    return await tx.get(Run, run_id, name=NAME)


async def some(tx: Transaction, run_ids: Collection[str]) -> Sequence[Run]:
    """Those of these runs that there are."""
    return await tx.all(select(Run).where(Run.id.in_(sorted(run_ids))))


async def newest(tx: Transaction, conditions: Collection[ColumnElement[bool]], *, limit: int) -> Sequence[Run]:
    """At most so many that fulfil all `conditions`, the newest first."""
    return await tx.all(select(Run).where(*conditions).order_by(Run.created_at.desc(), Run.id.desc()).limit(limit))


async def advance(tx: Transaction, run_id: str, status: str, *, ended: bool = False, **values: Any) -> Run:
    """What was reported of the run. An ended run stays as it ended: raises FailedPrecondition; NotFound."""
    run = await tx.get(Run, run_id, name=NAME, lock=True)
    if run.ended_at is not None:
        raise FailedPrecondition(f"run {run_id} has ended {run.status}", remedy="start a new one")
    started_at = run.started_at or (None if status == PENDING else tx.now)
    moments = {"started_at": started_at, "ended_at": tx.now if ended else None}
    return await change(tx, Run, run_id, resource=NAME, version=None, status=status, **moments, **values)


async def take_up(tx: Transaction, run_id: str, *, agent_id: str) -> Run:
    """A run that was stopped or has failed goes on. Raises FailedPrecondition for one that is complete; NotFound."""
    run = await tx.get(Run, run_id, name=NAME, lock=True)
    if run.status == COMPLETED:
        raise FailedPrecondition(f"run {run_id} is complete", remedy="start a new one")
    values: dict[str, Any] = {"status": PENDING, "ended_at": None, "error_message": None, "error_code": None}
    return await change(tx, Run, run_id, resource=NAME, version=None, agent_id=agent_id, **values)


async def page(tx: Transaction, ask: PageRequest, conditions: Collection[ColumnElement[bool]] = ()) -> Page[Run]:
    """Those that fulfil all `conditions`, ordered by `started_at` (when they were asked for) or `created_at`."""
    orders = {"started_at": Run.created_at, "created_at": Run.created_at}
    return await fetch_page(tx, select(Run).where(*conditions), ask, orders=orders, key=Run.id)
