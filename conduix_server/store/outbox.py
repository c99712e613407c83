"""The durable outbox: commands wait here until their agent answers or their deadline is over."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import select, update

from conduix.errors import FieldViolation, InvalidArgument
from conduix_server.store.tables import Command
from conduix_server.store.transaction import Transaction

NAME = "command"
LONGEST: Final = timedelta(hours=24)
QUEUED, RECEIVED, DONE, EXPIRED = "QUEUED", "RECEIVED", "DONE", "EXPIRED"
OPEN = (QUEUED, RECEIVED)


async def put(tx: Transaction, command: Command) -> None:
    """Queues it. Raises InvalidArgument for a deadline not within 24 hours, FailedPrecondition without agent."""
    if not tx.now < command.deadline <= tx.now + LONGEST:
        wrong = FieldViolation("deadline", f"{command.deadline} is not within the next 24 hours")
        raise InvalidArgument(f"deadline: {wrong.description}", violations=[wrong])
    await tx.add(command)
    tx.changed(NAME, command.id, "CREATED")


async def pending(tx: Transaction, agents: Collection[str], *, limit: int = 100) -> Sequence[Command]:
    """Commands of these agents that nobody has received and that are not too late, the oldest first."""
    query = select(Command).where(
        Command.agent_id.in_(sorted(agents)), Command.state == QUEUED, Command.deadline > tx.now
    )
    return await tx.all(query.order_by(Command.id).limit(limit))


async def received(tx: Transaction, command_id: str, agent_id: str) -> bool:
    """The agent has it on disk; False where it was received, answered or given up before."""
    mine = (Command.id == command_id) & (Command.agent_id == agent_id) & (Command.state == QUEUED)
    return await tx.write(update(Command).where(mine).values(state=RECEIVED)) == 1


async def finish(tx: Transaction, command_id: str, agent_id: str, outcome: str, result: bytes) -> bool:
    """The first answer stands; False for any further one."""
    mine = (Command.id == command_id) & (Command.agent_id == agent_id) & Command.state.in_(OPEN)
    answer = {"state": DONE, "outcome": outcome, "result": result, "finished_at": tx.now}
    if not await tx.write(update(Command).where(mine).values(**answer)):
        return False
    tx.changed(NAME, command_id, "UPDATED")
    return True


async def expire(tx: Transaction) -> Sequence[str]:
    """Gives up what was not received in time; what was received will be answered, late or not. Their ids."""
    late = select(Command.id).where(Command.state == QUEUED, Command.deadline <= tx.now).order_by(Command.id)
    ids = await tx.all(late.with_for_update())
    await tx.write(
        update(Command).where(Command.id.in_(ids)).values(state=EXPIRED, outcome="EXPIRED", finished_at=tx.now)
    )
    for command_id in ids:
        tx.changed(NAME, command_id, "UPDATED")
    return ids


async def find(tx: Transaction, command_id: str) -> Command | None:
    """The command with its answer, if there is one."""
    return await tx.first(select(Command).where(Command.id == command_id))
