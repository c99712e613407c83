"""Asking an agent something: a command into the outbox, and its answer, whichever server the agent is connected to."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta

from conduix.errors import AgentElsewhere, AgentOffline, CommandUnanswered, NotFound, Resource
from conduix.mesh.dispatch import CONFIRM_GRACE
from conduix.v1 import mesh_service_pb2 as pb
from conduix_server.control.feed import Feed, Overrun
from conduix_server.store import agents, outbox, servers
from conduix_server.store.store import Store, new_id
from conduix_server.store.transaction import Transaction

SWEEP_GRACE = 5.0
"""Seconds in which the sweep of some server has certainly answered what no agent answers."""


async def ask(
    store: Store, feed: Feed, agent_id: str, command: pb.Command, *, within: float, by: str = ""
) -> pb.CommandResult:
    """The agent's answer, whatever it says; after `within` seconds the command is not run any more.

    A command without id gets one. Raises NotFound without agent, AgentOffline where nobody would take it, and
    CommandUnanswered where the agent has taken it and is not done in time.
    """
    asked = pb.Command()
    asked.CopyFrom(command)
    asked.command_id = command.command_id or new_id()

    async def put(tx: Transaction) -> None:
        await require_online(tx, agent_id)
        asked.deadline.FromDatetime(tx.now + timedelta(seconds=within))
        await outbox.put(tx, agent_id, asked, by=by)

    await store.run(put)
    try:
        async with asyncio.timeout(within + CONFIRM_GRACE + SWEEP_GRACE):
            return await answer(store, feed, asked.command_id)
    except TimeoutError:
        text = f"agent {agent_id} has taken command {asked.command_id} and is not done after {within:g} s"
        raise CommandUnanswered(
            text, remedy="it may still run: look at what it was to do before asking again"
        ) from None


async def answer(store: Store, feed: Feed, command_id: str) -> pb.CommandResult:
    """The answer to a command that is in the outbox; waits for it. Raises DatabaseUnavailable, Unavailable."""
    while True:
        async with feed.subscribe([outbox.NAME], ids=[command_id]) as changes:
            with suppress(Overrun):
                while (result := await _stored(store, command_id)) is None:
                    await changes.batch()
                return result


async def require_online(tx: Transaction, agent_id: str) -> None:
    """Raises AgentOffline for an agent that is not heard of, NotFound for none."""
    agent = await agents.get(tx, agent_id)
    if agent.revoked_at is not None:
        raise NotFound(Resource.AGENT, agent_id)
    if agent.status != agents.ONLINE:
        raise AgentOffline(
            f"agent {agent.name} is offline since {agent.last_heartbeat:%Y-%m-%d %H:%M:%S} UTC",
            remedy=f"start it again on {agent.hostname}, or see why it cannot reach a server",
        )


async def require_here(tx: Transaction, agent_id: str, server_id: str) -> None:
    """Before a tap or the following of logs. Raises AgentOffline, and AgentElsewhere: telemetry goes to one server."""
    await require_online(tx, agent_id)
    agent = await agents.get(tx, agent_id)
    if agent.server_id == server_id:
        return
    addresses = {server.id: server.address for server in await servers.all_servers(tx)}
    holder = addresses.get(agent.server_id or "", "another server")
    raise AgentElsewhere(
        f"agent {agent.name} is connected to {holder}, and its records and logs go there",
        remedy=f"ask there: --server {holder}",
    )


async def _stored(store: Store, command_id: str) -> pb.CommandResult | None:
    async with store.reading() as tx:
        row = await outbox.find(tx, command_id)
    if row is None:
        raise NotFound(Resource.COMMAND, command_id)
    return None if row.result is None else pb.CommandResult.FromString(row.result)
