"""The server processes that share a database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, update

from conduix_server.store.tables import Server
from conduix_server.store.transaction import Transaction

NAME = "server"


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
