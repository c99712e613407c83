"""The audit: who did what, when, with which outcome. Rows are only added, and dropped when their time is over."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select

from conduix_server.store.paging import Page, PageRequest, fetch_page
from conduix_server.store.tables import AuditRecord
from conduix_server.store.transaction import Transaction


async def record(tx: Transaction, entry: AuditRecord) -> None:
    """In the transaction of the deed itself: neither is stored without the other."""
    await tx.add(entry)


async def page(
    tx: Transaction,
    ask: PageRequest,
    *,
    actor: str = "",
    target_id: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> Page[AuditRecord]:
    """Ordered by `at`; `since` is in, `until` is out."""
    query = select(AuditRecord)
    if actor:
        query = query.where(AuditRecord.actor == actor)
    if target_id:
        query = query.where(AuditRecord.target_id == target_id)
    if since is not None:
        query = query.where(AuditRecord.at >= since)
    if until is not None:
        query = query.where(AuditRecord.at < until)
    return await fetch_page(tx, query, ask, orders={"at": AuditRecord.at}, key=AuditRecord.id)


async def drop_before(tx: Transaction, moment: datetime) -> int:
    """How many were dropped."""
    return await tx.write(delete(AuditRecord).where(AuditRecord.at < moment))
