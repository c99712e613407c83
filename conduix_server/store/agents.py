"""Agents: enrolled by join tokens, held by sessions, alive by heartbeats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import case, select, tuple_, update

from conduix.errors import (
    Aborted,
    AlreadyExists,
    JoinTokenUsed,
    Resource,
    SessionSuperseded,
    TokenExpired,
    TokenInvalid,
    TokenRevoked,
    Unauthenticated,
)
from conduix_server.store.paging import Page, PageRequest, fetch_page
from conduix_server.store.tables import Agent, JoinToken
from conduix_server.store.transaction import Transaction
from conduix_server.store.versions import change

NAME = Resource.AGENT
BEATS = 1000


async def enroll(tx: Transaction, agent: Agent, token_hash: str) -> JoinToken:
    """Adds the agent and uses the token up by one.

    Raises TokenInvalid, TokenRevoked, TokenExpired, JoinTokenUsed, and AlreadyExists where the agent's name is taken.
    """
    same = JoinToken.token_hash == token_hash
    usable = same & (JoinToken.uses_left > 0) & (JoinToken.expires_at > tx.now) & JoinToken.revoked_at.is_(None)
    taken = await tx.write(update(JoinToken).where(usable).values(uses_left=JoinToken.uses_left - 1))
    token = await tx.first(select(JoinToken).where(same))
    if token is None or not taken:
        raise _refused(token, tx)
    if await tx.first(select(Agent.id).where(Agent.name == agent.name)) is not None:
        raise AlreadyExists(NAME, agent.name, remedy="give the agent another name")
    key = agent.id
    await tx.add(agent)
    tx.changed(NAME, key, "CREATED")
    return token


async def get(tx: Transaction, agent_id: str) -> Agent:
    """Raises NotFound."""
    return await tx.get(Agent, agent_id, name=NAME)


async def page(tx: Transaction, ask: PageRequest, *, status: str = "") -> Page[Agent]:
    """Ordered by `name` or `registered_at`."""
    query = select(Agent).where(Agent.status == status) if status else select(Agent)
    orders = {"name": Agent.name, "registered_at": Agent.registered_at}
    return await fetch_page(tx, query, ask, orders=orders, key=Agent.id)


async def accept(
    tx: Transaction, agent_id: str, *, decided_on: int, incarnation: str, server_id: str, seen: int = 0, **facts: Any
) -> int:
    """The number of the session that is accepted now; `facts` are columns that Hello has told.

    `decided_on` is the session that the decision was made on: raises Aborted where another server accepted one
    meanwhile. `seen` is the highest number that the agent knows. Raises NotFound, TokenRevoked.
    """
    higher = case((Agent.session < seen, seen), else_=Agent.session) + 1
    same = (Agent.id == agent_id) & (Agent.session == decided_on) & Agent.revoked_at.is_(None)
    held = {"incarnation": incarnation, "server_id": server_id, "status": "online", "last_heartbeat": tx.now}
    if not await tx.write(update(Agent).where(same).values(session=higher, **held, **facts)):
        agent = await get(tx, agent_id)
        if agent.revoked_at is not None:
            raise TokenRevoked(f"agent {agent_id} is revoked", remedy="enrol it anew")
        raise Aborted(f"agent {agent_id} was accepted elsewhere meanwhile", remedy="say Hello again")
    tx.changed(NAME, agent_id, "UPDATED")
    return (await get(tx, agent_id)).session


async def write(tx: Transaction, agent_id: str, session: int, **values: Any) -> None:
    """Columns of the agent, as long as `session` is its session. Raises SessionSuperseded."""
    if not await tx.write(update(Agent).where(Agent.id == agent_id, Agent.session == session).values(**values)):
        raise SessionSuperseded(f"session {session} of agent {agent_id} is over")
    tx.changed(NAME, agent_id, "UPDATED")


async def holds(tx: Transaction, agent_id: str, session: int) -> None:
    """Keeps the session until the transaction ends. Raises SessionSuperseded where it is over already."""
    mine = select(Agent.id).where(Agent.id == agent_id, Agent.session == session).with_for_update()
    if await tx.first(mine) is None:
        raise SessionSuperseded(f"session {session} of agent {agent_id} is over")


async def beat(tx: Transaction, alive: Sequence[tuple[str, int]]) -> None:
    """Heartbeats of many (agent id, session), a thousand a statement; who is superseded is left out."""
    for first in range(0, len(alive), BEATS):
        here = tuple_(Agent.id, Agent.session).in_(sorted(alive[first : first + BEATS]))
        await tx.write(update(Agent).where(here).values(last_heartbeat=tx.now, status="online"))


async def revoke(tx: Transaction, agent_id: str) -> Agent:
    """No session of it is accepted any more. Raises NotFound."""
    return await change(tx, Agent, agent_id, resource=NAME, version=None, revoked_at=tx.now)


async def configure(
    tx: Transaction, agent_id: str, *, version: int | None, labels: str | None = None, cordoned: bool | None = None
) -> Agent:
    """What an operator may set: labels (JSON) and whether anything new is placed here. Raises NotFound, EtagStale."""
    values = {key: value for key, value in {"labels": labels, "cordoned": cordoned}.items() if value is not None}
    return await change(tx, Agent, agent_id, resource=NAME, version=version, **values)


async def add_token(tx: Transaction, token: JoinToken) -> None:
    """Raises KeyTaken."""
    await tx.add(token)


async def revoke_token(tx: Transaction, token_id: str) -> None:
    """Raises NotFound."""
    await tx.get(JoinToken, token_id, name=Resource.JOIN_TOKEN, lock=True)
    await tx.write(update(JoinToken).where(JoinToken.id == token_id).values(revoked_at=tx.now))


async def tokens(tx: Transaction, ask: PageRequest) -> Page[JoinToken]:
    """Ordered by `created_at`."""
    return await fetch_page(tx, select(JoinToken), ask, orders={"created_at": JoinToken.created_at}, key=JoinToken.id)


def _refused(token: JoinToken | None, tx: Transaction) -> Unauthenticated:
    remedy = "have an operator make a new join token"
    if token is None:
        return TokenInvalid("the join token is not one of this server", remedy=remedy)
    if token.revoked_at is not None:
        return TokenRevoked("the join token is revoked", remedy=remedy)
    if token.expires_at <= tx.now:
        return TokenExpired(f"the join token expired at {token.expires_at:%Y-%m-%d %H:%M:%S} UTC", remedy=remedy)
    return JoinTokenUsed(f"the join token has enrolled {token.uses} of {token.uses} agents", remedy=remedy)
