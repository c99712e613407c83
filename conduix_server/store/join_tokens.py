"""Join tokens: what lets new agents in. What is given and kept of a token is its hash."""

from __future__ import annotations

from sqlalchemy import select, update

from conduix.errors import JoinTokenUsed, Resource, TokenExpired, TokenInvalid, TokenRevoked
from conduix_server.store.paging import Page, PageRequest, fetch_page
from conduix_server.store.tables import JoinToken
from conduix_server.store.transaction import Transaction

NAME = Resource.JOIN_TOKEN
REMEDY = "have an administrator make a new join token: conduix agents join-token NAME"


async def add(tx: Transaction, token: JoinToken) -> None:
    """Raises KeyTaken."""
    await tx.add(token)
    tx.changed(NAME, token.id, "CREATED")


async def get(tx: Transaction, token_id: str) -> JoinToken:
    """Raises NotFound."""
    return await tx.get(JoinToken, token_id, name=NAME)


async def of_hash(tx: Transaction, token_hash: str) -> JoinToken:
    """One that may be used, or has been: raises TokenInvalid, TokenRevoked, TokenExpired."""
    token = await tx.first(select(JoinToken).where(JoinToken.token_hash == token_hash))
    if token is None:
        raise TokenInvalid("the join token is not one of this server", remedy=REMEDY)
    if token.revoked_at is not None:
        raise TokenRevoked(f"join token {token.name} is revoked", remedy=REMEDY)
    if token.expires_at <= tx.now:
        raise TokenExpired(
            f"join token {token.name} expired at {token.expires_at:%Y-%m-%d %H:%M:%S} UTC", remedy=REMEDY
        )
    return token


async def use(tx: Transaction, token: JoinToken) -> None:
    """Takes one of its uses, however many ask at the same moment. Raises JoinTokenUsed where none is left."""
    left = (JoinToken.id == token.id) & (JoinToken.uses < JoinToken.max_uses) & JoinToken.revoked_at.is_(None)
    if not await tx.write(update(JoinToken).where(left).values(uses=JoinToken.uses + 1)):
        text = f"join token {token.name} has enrolled {token.max_uses} of {token.max_uses} agents"
        raise JoinTokenUsed(text, remedy=REMEDY)
    tx.changed(NAME, token.id, "UPDATED")


async def revoke(tx: Transaction, token_id: str) -> JoinToken:
    """Lets nobody in any more; the first moment of it stands. Raises NotFound."""
    await tx.get(JoinToken, token_id, name=NAME, lock=True)
    open_still = (JoinToken.id == token_id) & JoinToken.revoked_at.is_(None)
    if await tx.write(update(JoinToken).where(open_still).values(revoked_at=tx.now)):
        tx.changed(NAME, token_id, "UPDATED")
    return await get(tx, token_id)


async def page(tx: Transaction, ask: PageRequest) -> Page[JoinToken]:
    """Ordered by `created_at`."""
    return await fetch_page(tx, select(JoinToken), ask, orders={"created_at": JoinToken.created_at}, key=JoinToken.id)
