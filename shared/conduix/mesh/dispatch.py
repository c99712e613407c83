"""The server's end of commands: delivered again until received, answered once.

What the caller is told stands in the database; this is only what one session does about it. A command that no session
delivers in time is answered by `overdue`, which any server may ask.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from conduix.mesh.effects import Now, ServerEffect, StoreProgress, StoreReceived, StoreResult, ToAgent
from conduix.v1 import mesh_service_pb2 as pb

REDELIVER_AFTER = 2.0
AT_ONCE = 256
"""Commands that may be on their way and not yet received: a lane takes four times as many, and the outbox of an agent
that was away for long must not fill it.
"""
CONFIRM_GRACE = 10.0
"""Seconds after the deadline in which a confirmation may still be on its way."""
RESULT_WAIT = 24 * 3600.0
"""Seconds after the deadline until a received command without a result is given up."""


@dataclass(frozen=True, slots=True)
class Outstanding:
    """A command without a result, as the outbox has it."""

    command: pb.Command
    received: bool = False


def overdue(outstanding: Outstanding, unix: float) -> pb.CommandResult | None:
    """The answer for a command that nothing is heard of any more; None: wait. `unix`: seconds since 1970."""
    deadline = outstanding.command.deadline.seconds + outstanding.command.deadline.nanos / 1e9
    command_id = outstanding.command.command_id
    if outstanding.received:
        if unix <= deadline + RESULT_WAIT:
            return None
        text = "the agent received the command and has not been heard of for a day; it may have run"
        outcome, code = pb.COMMAND_OUTCOME_INTERRUPTED, "COMMAND_RESULT_LOST"
        return pb.CommandResult(command_id=command_id, outcome=outcome, code=code, message=text)
    if unix <= deadline + CONFIRM_GRACE:
        return None
    text = "the agent did not confirm the command before its deadline; it runs only if it had arrived by then"
    outcome, code = pb.COMMAND_OUTCOME_EXPIRED, "COMMAND_UNCONFIRMED"
    return pb.CommandResult(command_id=command_id, outcome=outcome, code=code, message=text)


@dataclass(frozen=True, slots=True)
class _Delivery:
    outstanding: Outstanding
    sent_at: float

    def is_under_way(self, now: Now) -> bool:
        """Was it sent just now, and not received yet?"""
        return not self.outstanding.received and now.mono - self.sent_at < REDELIVER_AFTER


class Dispatch:
    """The commands of one session."""

    def __init__(self, session: int, outstanding: tuple[Outstanding, ...]) -> None:
        self._session = session
        self._deliveries = {o.command.command_id: _Delivery(o, float("-inf")) for o in outstanding}

    def submit(self, command: pb.Command, now: Now) -> list[ServerEffect]:
        """A command that stands in the outbox. Submitting it twice is as good as once."""
        self._deliveries.setdefault(command.command_id, _Delivery(Outstanding(command), float("-inf")))
        return self.tick(now)

    def tick(self, now: Now) -> list[ServerEffect]:
        """Deliver what was not received, some at a time; after its deadline no more."""
        effects: list[ServerEffect] = []
        sent = sum(delivery.is_under_way(now) for delivery in self._deliveries.values())
        for command_id, delivery in list(self._deliveries.items()):
            command = delivery.outstanding.command
            if delivery.outstanding.received or now.mono - delivery.sent_at < REDELIVER_AFTER:
                continue
            if now.unix > command.deadline.seconds + command.deadline.nanos / 1e9:
                del self._deliveries[command_id]  # the outbox answers it, by `overdue`
                continue
            if sent >= AT_ONCE:
                continue
            sent += 1
            self._deliveries[command_id] = replace(delivery, sent_at=now.mono)
            effects.append(ToAgent(pb.ServerMessage(command=command)))
        return effects

    def received(self, command_id: str) -> list[ServerEffect]:
        """The agent has it: it is never sent again, not even by another session."""
        delivery = self._deliveries.get(command_id)
        if delivery is None or delivery.outstanding.received:
            return []
        received = replace(delivery.outstanding, received=True)
        self._deliveries[command_id] = replace(delivery, outstanding=received)
        return [StoreReceived(self._session, command_id)]

    def progress(self, progress: pb.CommandProgress) -> list[ServerEffect]:
        """A word on the way."""
        return [StoreProgress(self._session, progress)]

    def result(self, result: pb.CommandResult) -> list[ServerEffect]:
        """The answer, or the same one again: acknowledged each time, or the agent would never stop to tell it."""
        self._deliveries.pop(result.command_id, None)
        ack = pb.ServerMessage(result_ack=pb.ResultAck(command_id=result.command_id))
        return [StoreResult(self._session, result), ToAgent(ack)]
