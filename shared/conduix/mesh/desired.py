"""The agent's end of desired state: only the highest version counts, and the last good one stays in force."""

from __future__ import annotations

from conduix.mesh.effects import AgentEffect, Apply, SaveDesired, ToServer
from conduix.v1 import mesh_service_pb2 as pb


class Desired:
    """What one agent is to do. `saved`: what was on disk at the start; version 0: nothing was."""

    def __init__(self, saved: pb.DesiredStateUpdate) -> None:
        self.in_force = saved
        """The newest that was applied."""
        self._pending: pb.DesiredStateUpdate | None = None
        self._rejected = pb.DesiredAck()

    @property
    def highest(self) -> int:
        """The highest version that is applied, being applied, or was refused."""
        pending = self._pending.version if self._pending else 0
        return max(self.in_force.version, pending, self._rejected.version)

    def welcomed(self, update: pb.DesiredStateUpdate) -> list[AgentEffect]:
        """The complete set of a Welcome. One that is in force changes nothing: the Hello has told so."""
        return [] if update.version == self.in_force.version else self.receive(update)

    def receive(self, update: pb.DesiredStateUpdate) -> list[AgentEffect]:
        """A set came: newer, the same again (its answer was lost, or somebody asks whether we live), or older."""
        if update.version > self.highest:
            self._pending = update
            return [Apply(update)]
        if update.version < self.highest:
            return []
        if self._pending is not None:
            return [ToServer(pb.AgentMessage(heartbeat=pb.Heartbeat()))]  # alive, and not done yet
        return [self._answer(update)]

    def applied(self, version: int) -> list[AgentEffect]:
        """A version was made so. Overtaken by a higher one it counts for nothing."""
        update = self._pending
        if update is None or update.version != version:
            return []
        self._pending = None
        self.in_force = update
        return [SaveDesired(update), self._answer(update)]

    def rejected(self, version: int, code: str, message: str) -> list[AgentEffect]:
        """A version cannot be made so; `code` and `message` say why. The last good one is in force."""
        update = self._pending
        if update is None or update.version != version:
            return []
        self._pending = None
        self._rejected = pb.DesiredAck(version=version, code=code, message=message)
        return [self._answer(update)]

    def _answer(self, update: pb.DesiredStateUpdate) -> AgentEffect:
        ack = pb.DesiredAck(version=update.version)
        if update.version == self._rejected.version:
            ack.CopyFrom(self._rejected)
        ack.nonce = update.nonce
        return ToServer(pb.AgentMessage(desired_ack=ack))
