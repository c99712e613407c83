"""Checkpoints on demand: a command to every replica, and one operation that ends with all their answers."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import timedelta
from typing import Final

import orjson
from sqlalchemy import select

from conduix.errors import AgentOffline, ConduixError
from conduix.v1 import mesh_service_pb2 as pb
from conduix_server.control import operations
from conduix_server.control.feed import Feed, Overrun
from conduix_server.control.runs import under_way
from conduix_server.control.settling import CHECKPOINT
from conduix_server.store import agents, outbox
from conduix_server.store import operations as stored
from conduix_server.store.store import Store, new_id
from conduix_server.store.tables import Command, Operation, Pipeline
from conduix_server.store.transaction import Transaction

WITHIN: Final = timedelta(seconds=60)
"""So long the commands may wait for their agent."""
LIFETIME: Final = timedelta(hours=1)

_log = logging.getLogger(__name__)


async def trigger(tx: Transaction, pipeline: Pipeline, *, by: str) -> Operation:
    """Raises PipelineInactive, AgentOffline."""
    held = await under_way(tx, pipeline, "told to make a checkpoint")
    agent = await agents.get(tx, held.agent_id)
    if agent.status != agents.ONLINE:
        raise AgentOffline(f"agent {agent.name} is not connected", remedy="start it again, then ask again")
    commands = {str(row.replica): new_id() for row in held.assignments}
    for replica, command_id in commands.items():
        asked = pb.CheckpointCommand(pipeline_id=pipeline.id, replica=int(replica))
        command = pb.Command(command_id=command_id, checkpoint=asked, deadline=tx.now + WITHIN)
        await outbox.put(tx, agent.id, command, by=by)
    goal = {"commands": commands}
    begun = await operations.begin(tx, CHECKPOINT, pipeline.id, by=by, goal=goal, lifetime=LIFETIME)
    return await stored.advance(tx, begun.id, stored.RUNNING)


async def settle(tx: Transaction) -> int:
    """Ends the operations all of whose commands are answered; how many."""
    mine = (Operation.kind == CHECKPOINT) & Operation.state.in_(stored.OPEN)
    ended = 0
    for operation in await tx.all(select(Operation).where(mine).order_by(Operation.id)):
        commands: dict[str, str] = operations.goal_of(operation)["commands"]
        rows = await tx.all(select(Command).where(Command.id.in_(sorted(commands.values()))))
        results = {row.id: pb.CommandResult.FromString(row.result) for row in rows if row.result is not None}
        answers = {replica: results[key] for replica, key in commands.items() if key in results}
        if len(answers) == len(commands):
            await _end(tx, operation, answers)
            ended += 1
    return ended


async def _end(tx: Transaction, operation: Operation, answers: dict[str, pb.CommandResult]) -> None:
    failed = [(replica, each) for replica, each in answers.items() if each.outcome != pb.COMMAND_OUTCOME_SUCCEEDED]
    if failed:
        replica, answer = failed[0]
        message = f"replica {replica}: {answer.message or outbox.outcome(answer)}"
        code = (answer.code or "CHECKPOINT_FAILED")[:50]
        await stored.advance(tx, operation.id, stored.FAILED, message=message, error_code=code)
        return
    numbers = {replica: orjson.loads(answer.result or "null") for replica, answer in answers.items()}
    result = orjson.dumps({"checkpoints": {key: _number(value) for key, value in numbers.items()}}).decode()
    await stored.advance(tx, operation.id, stored.SUCCEEDED, result=result)


def _number(value: object) -> object:
    return value.get("n") if isinstance(value, dict) else value


async def follow(store: Store, feed: Feed) -> None:
    """Ends operations as answers come, on whichever server; for ever."""
    while True:
        with suppress(Overrun):
            async with feed.subscribe([outbox.NAME]) as changes:
                await _settle(store)
                while await changes.batch():
                    await _settle(store)


async def _settle(store: Store) -> None:
    try:
        await store.run(settle)
    except ConduixError as error:  # the next answer, or the housekeeping, does it
        _log.warning("operations on checkpoints wait for the database: %s", error.message)
