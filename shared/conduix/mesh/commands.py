"""The agent's end of commands: executed at most once, always answered.

The journal on disk is what makes it so: `started` is durable before the command runs, `result` before it is told. A
command that was started and has no result when the agent starts was interrupted: it is answered so, never run again. An
entry stays until its result is stored by the server and its deadline is an hour past: a copy of the command that comes
later than that is refused as expired.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from conduix.mesh.effects import (
    AgentEffect,
    Execute,
    JournalForget,
    JournalResult,
    JournalStarted,
    JournalStored,
    Now,
    ToServer,
)
from conduix.v1 import mesh_service_pb2 as pb

TELL_AGAIN_AFTER = 5.0
"""Seconds between two tellings of a result that is not acknowledged."""
AT_ONCE = 256
"""Results that may be told and not yet acknowledged: a lane takes four times as many, and a restarted agent, who tells
all that it remembers, must not fill it.
"""
REMEMBER = 3600.0
"""Seconds beyond its deadline for which a command is remembered."""


@dataclass(slots=True)
class JournalEntry:
    """A command, as the journal on disk has it."""

    command_id: str
    deadline: float
    """Unix seconds."""
    result: pb.CommandResult | None = None
    stored: bool = False
    """The server has the result. The journal may lose that; it is told once more then."""
    told_at: float = float("-inf")

    def is_due(self, now: Now) -> bool:
        """Is there a result to be told, for the first time or again?"""
        return self.result is not None and not self.stored and now.mono - self.told_at >= TELL_AGAIN_AFTER

    def awaits_ack(self, now: Now) -> bool:
        """Has the result been told just now?"""
        return self.result is not None and not self.stored and now.mono - self.told_at < TELL_AGAIN_AFTER


class Commands:
    """All commands of one agent, over all its sessions. `journal`: what was on disk at the start."""

    def __init__(self, journal: Iterable[JournalEntry] = ()) -> None:
        self._entries = {entry.command_id: entry for entry in journal}

    @property
    def settled(self) -> bool:
        """Every result that there is is stored by the server."""
        return all(entry.stored for entry in self._entries.values() if entry.result is not None)

    def recover(self) -> list[AgentEffect]:
        """At the start of the process, once: what was under way when the last one ended was interrupted."""
        effects: list[AgentEffect] = []
        for entry in self._entries.values():
            if entry.result is None:
                text = "the agent ended while the command ran; it was not run again"
                entry.result = _answer(entry.command_id, pb.COMMAND_OUTCOME_INTERRUPTED, "COMMAND_INTERRUPTED", text)
                effects.append(JournalResult(entry.result, entry.deadline))
        return effects

    def receive(self, command: pb.Command, now: Now) -> list[AgentEffect]:
        """A command came, perhaps not for the first time."""
        entry = self._entries.get(command.command_id)
        if entry is not None:
            return [self._tell(entry, now)]
        deadline = command.deadline.seconds + command.deadline.nanos / 1e9
        entry = self._entries[command.command_id] = JournalEntry(command.command_id, deadline)
        if now.unix > deadline:
            text = f"the command came {now.unix - deadline:.1f} s after its deadline and was not run"
            entry.result = _answer(command.command_id, pb.COMMAND_OUTCOME_EXPIRED, "COMMAND_EXPIRED", text)
            return [JournalResult(entry.result, deadline), self._tell(entry, now)]
        if command.WhichOneof("kind") is None:
            text = "this agent does not know that command: update it"
            entry.result = _answer(command.command_id, pb.COMMAND_OUTCOME_FAILED, "COMMAND_UNKNOWN", text)
            return [JournalResult(entry.result, deadline), self._tell(entry, now)]
        return [JournalStarted(command.command_id, deadline), self._tell(entry, now), Execute(command)]

    def finished(self, result: pb.CommandResult, now: Now) -> list[AgentEffect]:
        """A command ended. A second end of the same one counts for nothing."""
        entry = self._entries[result.command_id]
        if entry.result is not None:
            return []
        entry.result = result
        return [JournalResult(result, entry.deadline), self._tell(entry, now)]

    def stored(self, ack: pb.ResultAck) -> list[AgentEffect]:
        """The server has the result."""
        entry = self._entries.get(ack.command_id)
        if entry is None or entry.result is None or entry.stored:
            return []
        entry.stored = True
        return [JournalStored(ack.command_id)]

    def opened(self) -> None:
        """A session began: whatever is not stored is told at the next tick."""
        for entry in self._entries.values():
            entry.told_at = float("-inf")

    def tick(self, now: Now, open_session: bool) -> list[AgentEffect]:
        """Tell results again, some at a time; forget what is long over."""
        effects: list[AgentEffect] = []
        told = sum(entry.awaits_ack(now) for entry in self._entries.values())
        for entry in list(self._entries.values()):
            if entry.stored and now.unix > entry.deadline + REMEMBER:
                del self._entries[entry.command_id]
                effects.append(JournalForget(entry.command_id))
            elif open_session and told < AT_ONCE and entry.is_due(now):
                effects.append(self._tell(entry, now))
                told += 1
        return effects

    def _tell(self, entry: JournalEntry, now: Now) -> AgentEffect:
        entry.told_at = now.mono
        if entry.result is None:
            return ToServer(pb.AgentMessage(command_received=pb.CommandReceived(command_id=entry.command_id)))
        return ToServer(pb.AgentMessage(command_result=entry.result))


def _answer(command_id: str, outcome: pb.CommandOutcome, code: str, message: str) -> pb.CommandResult:
    return pb.CommandResult(command_id=command_id, outcome=outcome, code=code, message=message)
