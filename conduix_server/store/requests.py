"""Mutating calls that come twice with one request_id are done once and answered twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import delete, select, update

from conduix.errors import InvalidArgument, RequestIdReused
from conduix_server.store.tables import Request
from conduix_server.store.transaction import Transaction

KEPT: Final = timedelta(hours=24)
LONGEST = 128


async def earlier_answer(tx: Transaction, caller: str, request_id: str, method: str, body_hash: str) -> bytes | None:
    """The answer that this very call got within 24 hours; None the first time: do it, then `remember` in `tx`.

    The same call at the same time waits for this transaction. Raises RequestIdReused where the id stands for another.
    """
    if not 0 < len(request_id) <= LONGEST:
        text = f"{len(request_id)} characters: use 1 to {LONGEST}, best a UUID"
        raise InvalidArgument.of_field("request_id", text)
    mine = (Request.caller == caller) & (Request.request_id == request_id)
    await tx.write(delete(Request).where(mine, Request.expires_at <= tx.now))
    values = {"caller": caller, "request_id": request_id, "method": method, "body_hash": body_hash}
    if await tx.add_if_absent(Request, expires_at=tx.now + KEPT, **values):
        return None
    (stored,) = await tx.all(select(Request).where(mine))
    if (stored.method, stored.body_hash) != (method, body_hash):
        raise RequestIdReused(
            f"request_id: {request_id} was used for another call of {stored.method}",
            remedy="take a new id for every new call, the old one only to repeat a call as it was",
        )
    return stored.answer or b""


async def remember(tx: Transaction, caller: str, request_id: str, answer: bytes) -> None:
    """What whoever repeats the call will get."""
    mine = (Request.caller == caller) & (Request.request_id == request_id)
    await tx.write(update(Request).where(mine).values(answer=answer))


async def drop_expired(tx: Transaction) -> int:
    """How many were dropped."""
    return await tx.write(delete(Request).where(Request.expires_at <= tx.now))
