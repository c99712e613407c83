"""Agents: enrolled once, held by sessions, alive by heartbeats.

Whatever a server writes for an agent has `WHERE session = :session`; the session number is raised in the one UPDATE
that accepts a connection.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, and_, case, func, or_, select, tuple_, update

from conduix.errors import AlreadyExists, NotFound, RequestIdReused, Resource, SessionSuperseded, TokenRevoked
from conduix.mesh.effects import Claim
from conduix_server.store import events
from conduix_server.store.paging import Page, PageRequest, fetch_page
from conduix_server.store.tables import Agent, Assignment, DesiredVersion
from conduix_server.store.transaction import Transaction
from conduix_server.store.versions import change

NAME = Resource.AGENT
ONLINE, OFFLINE = "online", "offline"
STREAM, ISOLATED = "STREAM", "ISOLATED"
CHUNK = 1000
"""Agents in one statement."""


# who is there


async def get(tx: Transaction, agent_id: str) -> Agent:
    """Raises NotFound."""
    return await tx.get(Agent, agent_id, name=NAME)


async def find(tx: Transaction, id_or_name: str) -> Agent:
    """Raises NotFound."""
    found = await tx.first(select(Agent).where(or_(Agent.id == id_or_name, Agent.name == id_or_name)))
    if found is None:
        raise NotFound(NAME, id_or_name, remedy="list them: conduix get agents")
    return found


async def page(tx: Transaction, ask: PageRequest, conditions: Collection[ColumnElement[bool]] = ()) -> Page[Agent]:
    """Those that fulfil all `conditions`, ordered by `name`, `seen_at` or `registered_at`."""
    orders = {"name": Agent.name, "seen_at": Agent.last_heartbeat, "registered_at": Agent.registered_at}
    return await fetch_page(tx, select(Agent).where(*conditions), ask, orders=orders, key=Agent.id)


async def some(tx: Transaction, conditions: Collection[ColumnElement[bool]]) -> Sequence[Agent]:
    """All that fulfil all `conditions`, by name."""
    return await tx.all(select(Agent).where(*conditions).order_by(Agent.name))


def has_label(key: str, value: str) -> ColumnElement[bool]:
    """A condition. Labels stand in the table as `to_json` writes them, and no key begins with a sign."""
    return func.instr(Agent.labels, to_json({key: value})[1:-1]) > 0


async def replica_counts(tx: Transaction, agent_ids: Collection[str]) -> dict[str, int]:
    """How many replicas each of them shall run."""
    mine = select(Assignment.agent_id, func.count()).where(Assignment.agent_id.in_(sorted(agent_ids)))
    return dict(await tx.rows(mine.group_by(Assignment.agent_id)))


def to_json(value: Any) -> str:
    """The one way in which labels, capabilities and facts are written."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


J = TypeVar("J", dict[str, Any], list[Any])


def from_json(text: str, kind: type[J]) -> J:
    """What `to_json` wrote; empty where something else stands there."""
    value = json.loads(text)
    return value if isinstance(value, kind) else kind()


# coming and going


async def enrolled(tx: Transaction, enrolment: str, name: str) -> Agent | None:
    """Who enrolled with this very request before. Raises RequestIdReused for another name, TokenRevoked."""
    found = await tx.first(select(Agent).where(Agent.enrolment == enrolment))
    if found is None:
        return None
    if found.revoked_at is not None:
        raise TokenRevoked(f"agent {name} was removed", remedy="enrol it with a new request and a new join token")
    if found.name != name:
        text = f"request_id: it enrolled agent {found.name}, not {name}"
        raise RequestIdReused(text, remedy="take a new id for every new agent")
    return found


async def add(tx: Transaction, agent: Agent) -> Agent:
    """Raises AlreadyExists where an agent has that name; one that was removed gives it away."""
    held = await tx.first(select(Agent).where(Agent.name == agent.name).with_for_update())
    if held is not None:
        if held.revoked_at is None:
            raise AlreadyExists(NAME, agent.name, remedy="give it another name, or remove the one that has it")
        await tx.write(update(Agent).where(Agent.id == held.id).values(name=f"{held.name[:200]}~{held.id[-12:]}"))
    key = agent.id
    await tx.add(agent)
    tx.changed(NAME, key, "CREATED")
    return await get(tx, key)


async def revoke(tx: Transaction, agent_id: str) -> Agent:
    """No session of it is accepted any more, and what it has is over. Raises NotFound, also where it was removed."""
    if (await get(tx, agent_id)).revoked_at is not None:
        raise NotFound(NAME, agent_id)
    gone = {"status": OFFLINE, "mode": ISOLATED, "mode_since": tx.now, "adopting": False, "adoption_pending": False}
    revoked = await change(tx, Agent, agent_id, resource=NAME, version=None, revoked_at=tx.now, **gone)
    tx.changed(NAME, agent_id, "DELETED")
    return revoked


async def adopt(tx: Transaction, agent_id: str) -> Agent:
    """The next process that comes is the one. Raises NotFound."""
    if (await get(tx, agent_id)).revoked_at is not None:
        raise NotFound(NAME, agent_id)
    return await change(tx, Agent, agent_id, resource=NAME, version=None, adopting=True)


async def refused(tx: Transaction, agent_id: str) -> None:
    """A newcomer waits for a person to adopt it."""
    first = (Agent.id == agent_id) & Agent.adoption_pending.is_(False)
    if await tx.write(update(Agent).where(first).values(adoption_pending=True)):
        tx.changed(NAME, agent_id, "UPDATED")


# sessions


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the processes of an agent, and of what it said."""

    session: int
    incarnation: str
    accepted: tuple[str, ...]
    acknowledged_report: int


def known(row: Agent) -> Known:
    """As it is stored."""
    accepted = tuple(from_json(row.accepted, list))
    return Known(row.session, row.incarnation, accepted, row.acknowledged_report)


async def accept(
    tx: Transaction, claim: Claim, *, server_id: str, labels: Mapping[str, str] | None = None, **facts: Any
) -> Known | None:
    """Gives the session away, and tells how it is then; None: another connection was quicker, or the agent is gone.

    `labels` are the agent's own, beside which those of its join token stand; `facts`: columns that it told.
    """
    mine = (Agent.id == claim.agent_id) & (Agent.session == claim.expected) & Agent.revoked_at.is_(None)
    row = await tx.first(select(Agent).where(mine).with_for_update())
    if row is None:
        return None
    before = known(row)
    accepted = before.accepted
    if (before.incarnation, *accepted)[-1] != claim.incarnation:
        accepted = (*accepted, claim.incarnation)
    since = row.mode_since if row.mode == STREAM and row.mode_since else tx.now
    held = {"session": claim.session, "server_id": server_id, "accepted": to_json(accepted)}
    alive = {"status": ONLINE, "last_heartbeat": tx.now, "mode": STREAM, "mode_since": since}
    over = {"adopting": False, "adoption_pending": False}
    if labels is not None:
        facts["labels"] = to_json({**labels, **from_json(row.granted_labels, dict)})
    if not await tx.write(update(Agent).where(mine).values(**held, **alive, **over, **facts)):
        return None
    tx.changed(NAME, claim.agent_id, "UPDATED")
    if row.status != ONLINE:
        await events.add(tx, "agent_online", events.INFO, f"session {claim.session}", agent_id=claim.agent_id)
    return replace(before, session=claim.session, accepted=accepted)


async def write(tx: Transaction, agent_id: str, session: int, **values: Any) -> None:
    """Columns of the agent, as long as `session` is its session. Raises SessionSuperseded; nothing is written then."""
    if not await tx.write(update(Agent).where(Agent.id == agent_id, Agent.session == session).values(**values)):
        raise SessionSuperseded(f"session {session} of agent {agent_id} is over")


async def acknowledge(tx: Transaction, agent_id: str, session: int, number: int) -> bool:
    """Its reports up to `number` are stored; False where they were before. Raises SessionSuperseded."""
    mine = (Agent.id == agent_id) & (Agent.session == session) & (Agent.acknowledged_report < number)
    if await tx.write(update(Agent).where(mine).values(acknowledged_report=number)):
        return True
    await holds(tx, agent_id, session)
    return False


async def holds(tx: Transaction, agent_id: str, session: int) -> Agent:
    """The agent, its session kept until the transaction ends. Raises SessionSuperseded where it is over already."""
    mine = select(Agent).where(Agent.id == agent_id, Agent.session == session).with_for_update()
    held = await tx.first(mine)
    if held is None:
        raise SessionSuperseded(f"session {session} of agent {agent_id} is over")
    return held


async def left(tx: Transaction, agent_id: str, session: int, reason: str) -> None:
    """It said goodbye. Raises SessionSuperseded."""
    await write(tx, agent_id, session, status=OFFLINE, mode=ISOLATED, mode_since=tx.now)
    tx.changed(NAME, agent_id, "UPDATED")
    await events.add(tx, "agent_offline", events.INFO, f"it has left: {reason}", agent_id=agent_id)


async def with_version(tx: Transaction, agent_id: str) -> tuple[Agent, int] | None:
    """The agent, and the version of what it is to do; None: there is no such agent."""
    version = func.coalesce(DesiredVersion.version, 0)
    joined = select(Agent, version).outerjoin(DesiredVersion, DesiredVersion.agent_id == Agent.id)
    found = await tx.rows(joined.where(Agent.id == agent_id))
    return found[0] if found else None


async def sessions(tx: Transaction, agent_ids: Collection[str]) -> dict[str, tuple[int, bool]]:
    """The session of each of these agents, and whether it is revoked; who is missing does not exist."""
    mine = select(Agent.id, Agent.session, Agent.revoked_at).where(Agent.id.in_(sorted(agent_ids)))
    return {agent_id: (session, revoked is not None) for agent_id, session, revoked in await tx.rows(mine)}


# alive or not


async def beat(tx: Transaction, alive: Collection[tuple[str, int]]) -> set[tuple[str, int]]:
    """They were heard: (agent id, session), a thousand in two statements. The answer: those whose session is over."""
    given, over = sorted(alive), set[tuple[str, int]]()
    for first in range(0, len(given), CHUNK):
        over |= await _beat(tx, given[first : first + CHUNK])
    return over


async def _beat(tx: Transaction, chunk: Sequence[tuple[str, int]]) -> set[tuple[str, int]]:
    here = and_(tuple_(Agent.id, Agent.session).in_(chunk), Agent.revoked_at.is_(None))
    back = await tx.all(select(Agent.id).where(here, Agent.status != ONLINE).order_by(Agent.id))
    met = await tx.write(update(Agent).where(here).values(last_heartbeat=tx.now, status=ONLINE))
    if back:
        await tx.write(update(Agent).where(here, Agent.id.in_(back)).values(mode=STREAM, mode_since=tx.now))
    for agent_id in back:
        tx.changed(NAME, agent_id, "UPDATED")
        await events.add(tx, "agent_online", events.INFO, "it is heard again", agent_id=agent_id)
    if met == len(chunk):
        return set()
    return set(chunk) - set(await tx.rows(select(Agent.id, Agent.session).where(here)))


async def describe_hosts(tx: Transaction, facts: Mapping[str, str]) -> None:
    """What these agents said of their machines, as JSON, in one statement."""
    if facts:
        host = case(dict(sorted(facts.items())), value=Agent.id, else_=Agent.host)
        await tx.write(update(Agent).where(Agent.id.in_(sorted(facts))).values(host=host))


async def heard(tx: Transaction) -> Sequence[tuple[str, datetime | None]]:
    """When each agent that counts as online was heard last."""
    return await tx.rows(select(Agent.id, Agent.last_heartbeat).where(Agent.status == ONLINE))


async def silent(tx: Transaction, agents: Mapping[str, datetime | None]) -> Sequence[str]:
    """Those of them that were not heard again since are offline from now on; who that is."""
    gone = []
    for agent_id, at in sorted(agents.items()):
        same = Agent.last_heartbeat.is_(None) if at is None else Agent.last_heartbeat == at
        quiet = update(Agent).where(Agent.id == agent_id, Agent.status == ONLINE, same)
        if await tx.write(quiet.values(status=OFFLINE, mode=ISOLATED, mode_since=tx.now)):
            tx.changed(NAME, agent_id, "UPDATED")
            gone.append(agent_id)
            await events.add(tx, "agent_offline", events.WARNING, "nothing was heard of it", agent_id=agent_id)
    return gone
