"""Events: what happened to pipelines and agents. Rows are only added, and dropped when their time is over."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, delete, select

from conduix_server.store.paging import Page, PageRequest, fetch_page
from conduix_server.store.store import new_id
from conduix_server.store.tables import Event
from conduix_server.store.transaction import Transaction

NAME = "event"
INFO, WARNING, ERROR = "INFO", "WARNING", "ERROR"
LONGEST: Final = 4000
"""Characters of a message; what is longer is cut."""


async def add(
    tx: Transaction,
    kind: str,
    level: str,
    message: str,
    *,
    at: datetime | None = None,
    pipeline_id: str = "",
    agent_id: str = "",
    replica: int = 0,
) -> None:
    """In the transaction of what happened."""
    key = new_id()
    await tx.add(
        Event(
            id=key,
            at=at or tx.now,
            kind=kind[:50],
            level=level,
            message=message[:LONGEST],
            pipeline_id=pipeline_id,
            agent_id=agent_id,
            replica=replica,
        )
    )
    tx.changed(NAME, key, "CREATED")


async def page(tx: Transaction, ask: PageRequest, conditions: Collection[ColumnElement[bool]] = ()) -> Page[Event]:
    """Ordered by `at`."""
    return await fetch_page(tx, select(Event).where(*conditions), ask, orders={"at": Event.at}, key=Event.id)


async def newest(tx: Transaction, conditions: Collection[ColumnElement[bool]] = (), *, limit: int) -> Sequence[Event]:
    """The last of them, the newest first."""
    return await tx.all(select(Event).where(*conditions).order_by(Event.at.desc(), Event.id.desc()).limit(limit))


async def drop_before(tx: Transaction, moment: datetime) -> int:
    """How many were dropped."""
    return await tx.write(delete(Event).where(Event.at < moment))
