"""The durable outbox: commands wait here until their agent answers or nothing is to be expected of it any more.

A row's `body` is a `conduix.v1.Command`, its `result` a `conduix.v1.CommandResult`, `outcome` the last word of that
result's outcome (SUCCEEDED, FAILED, INTERRUPTED, EXPIRED).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import select, update

from conduix.errors import InvalidArgument
from conduix.mesh.dispatch import Outstanding, overdue
from conduix.v1 import mesh_service_pb2 as pb
from conduix_server.store.tables import Command
from conduix_server.store.transaction import Transaction

NAME = "command"
LONGEST: Final = timedelta(hours=24)
QUEUED, RECEIVED, DONE = "QUEUED", "RECEIVED", "DONE"
OPEN = (QUEUED, RECEIVED)
SWEPT = 500
"""Rows that one sweep looks at."""


async def put(tx: Transaction, agent_id: str, command: pb.Command, *, by: str = "") -> None:
    """Queues it; id and deadline are set. Raises InvalidArgument for a deadline that is not within 24 hours.

    Raises FailedPrecondition without agent.
    """
    deadline = command.deadline.ToDatetime(tx.now.tzinfo)
    if not tx.now < deadline <= tx.now + LONGEST:
        raise InvalidArgument.of_field("deadline", f"{deadline} is not within the next 24 hours")
    await tx.add(
        Command(
            id=command.command_id,
            agent_id=agent_id,
            kind=(command.WhichOneof("kind") or "").upper(),
            body=command.SerializeToString(),
            state=QUEUED,
            created_by=by or None,
            created_at=tx.now,
            deadline=deadline,
        )
    )
    tx.changed(NAME, command.command_id, "CREATED")


async def of_agent(tx: Transaction, agent_id: str) -> Sequence[Outstanding]:
    """Its commands without an answer, the oldest first."""
    query = select(Command).where(Command.agent_id == agent_id, Command.state.in_(OPEN))
    return [_outstanding(row) for row in await tx.all(query.order_by(Command.id))]


async def queued(tx: Transaction, ids: Collection[str]) -> Sequence[tuple[str, pb.Command]]:
    """Those of these commands that nobody has received, with their agents, the oldest first."""
    query = select(Command).where(Command.id.in_(sorted(ids)), Command.state == QUEUED)
    return [(row.agent_id, pb.Command.FromString(row.body)) for row in await tx.all(query.order_by(Command.id))]


async def queued_for(tx: Transaction, agents: Collection[str]) -> Sequence[tuple[str, pb.Command]]:
    """What nobody has received of all that these agents shall do, the oldest first."""
    query = select(Command).where(Command.agent_id.in_(sorted(agents)), Command.state == QUEUED)
    return [(row.agent_id, pb.Command.FromString(row.body)) for row in await tx.all(query.order_by(Command.id))]


async def received(tx: Transaction, command_id: str, agent_id: str) -> bool:
    """The agent has it on disk; False where it was received or answered before."""
    mine = (Command.id == command_id) & (Command.agent_id == agent_id) & (Command.state == QUEUED)
    return await tx.write(update(Command).where(mine).values(state=RECEIVED)) == 1


async def progress(tx: Transaction, said: pb.CommandProgress, agent_id: str) -> None:
    """A word on the way."""
    mine = (Command.id == said.command_id) & (Command.agent_id == agent_id) & Command.state.in_(OPEN)
    if await tx.write(update(Command).where(mine).values(progress=said.message)):
        tx.changed(NAME, said.command_id, "UPDATED")


async def finish(tx: Transaction, result: pb.CommandResult, agent_id: str) -> bool:
    """The first answer stands; False for any further one."""
    mine = (Command.id == result.command_id) & (Command.agent_id == agent_id) & Command.state.in_(OPEN)
    answer = {"state": DONE, "outcome": outcome(result), "finished_at": tx.now}
    if not await tx.write(update(Command).where(mine).values(result=result.SerializeToString(), **answer)):
        return False
    tx.changed(NAME, result.command_id, "UPDATED")
    return True


async def abandon(tx: Transaction, agent_id: str, code: str, message: str) -> None:
    """Answers all that waits for an agent that will not answer."""
    for waiting in await of_agent(tx, agent_id):
        failed = pb.COMMAND_OUTCOME_FAILED
        key = waiting.command.command_id
        await finish(tx, pb.CommandResult(command_id=key, outcome=failed, code=code, message=message), agent_id)


async def expire(tx: Transaction) -> Sequence[pb.CommandResult]:
    """Answers what no agent will answer any more, whichever server has sent it; these answers."""
    late = select(Command).where(Command.state.in_(OPEN), Command.deadline <= tx.now).order_by(Command.deadline)
    answers = []
    for row in await tx.all(late.limit(SWEPT)):
        answer = overdue(_outstanding(row), tx.now.timestamp())
        if answer is not None and await finish(tx, answer, row.agent_id):
            answers.append(answer)
    return answers


async def find(tx: Transaction, command_id: str) -> Command | None:
    """The command with its answer, if there is one."""
    return await tx.first(select(Command).where(Command.id == command_id))


def outcome(result: pb.CommandResult) -> str:
    """The word that stands in the table."""
    return pb.CommandOutcome.Name(result.outcome).removeprefix("COMMAND_OUTCOME_")


def _outstanding(row: Command) -> Outstanding:
    return Outstanding(pb.Command.FromString(row.body), received=row.state == RECEIVED)
