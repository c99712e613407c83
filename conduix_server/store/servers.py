"""The server processes that share a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, delete, distinct, func, select, update

from conduix_server.store.tables import Agent, Assignment, Pipeline, Report, Server
from conduix_server.store.transaction import Transaction

NAME = "server"


@dataclass(frozen=True, slots=True)
class Census:
    """How much there is."""

    agents_connected: int
    agents_known: int
    pipelines: int
    pipelines_running: int
    """Of which some replica reported so, under the epoch that it has now."""


async def register(tx: Transaction, server: Server) -> None:
    """Raises KeyTaken."""
    await tx.add(server)
    tx.changed(NAME, server.id, "CREATED")


async def seen(tx: Transaction, server_id: str, *, draining: bool = False, streams: int = 0) -> bool:
    """It lives, and holds so many agents' streams; False where others have given it up: register anew."""
    here = update(Server).where(Server.id == server_id)
    return await tx.write(here.values(seen_at=tx.now, draining=draining, streams=streams)) == 1


async def all_servers(tx: Transaction) -> Sequence[Server]:
    """In the order of their start."""
    return await tx.all(select(Server).order_by(Server.started_at, Server.id))


async def forget(tx: Transaction, server_id: str) -> None:
    """It has left."""
    await tx.write(delete(Server).where(Server.id == server_id))
    tx.changed(NAME, server_id, "DELETED")


async def silent_since(tx: Transaction, moment: datetime) -> Sequence[Server]:
    """Those not seen since then, for somebody to give up."""
    return await tx.all(select(Server).where(Server.seen_at < moment).order_by(Server.id).with_for_update())


async def census(tx: Transaction) -> Census:
    """Counts of this moment."""
    let_in = Agent.revoked_at.is_(None)
    same = and_(
        Assignment.pipeline_id == Report.pipeline_id,
        Assignment.replica == Report.replica,
        Assignment.epoch == Report.epoch,
    )
    running = select(func.count(distinct(Report.pipeline_id))).join(Assignment, same).where(Report.state == "RUNNING")
    return Census(
        agents_connected=await tx.first(select(func.count(Agent.id)).where(let_in, Agent.status == "online")) or 0,
        agents_known=await tx.first(select(func.count(Agent.id)).where(let_in)) or 0,
        pipelines=await tx.first(select(func.count(Pipeline.id))) or 0,
        pipelines_running=await tx.first(running) or 0,
    )
