"""The ways between an agent and a server, best first, and what each must be able to do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from enum import IntEnum
from typing import Protocol

from conduix.v1 import mesh_service_pb2 as pb


class Mode(IntEnum):
    """By which way an agent is reached; the numbers are those of `ConnectionMode` in the contract."""

    STREAM = 1
    REDIS = 2
    POLLING = 3
    HYBRID = 4
    """A better way is up, for less than 10 s: both are in use."""
    ISOLATED = 5
    """None: pipelines go on."""


class Transport(Protocol):
    """One connection of an agent. It may lose, repeat and reorder; the session makes up for it."""

    @property
    def mode(self) -> Mode:
        """STREAM, REDIS or POLLING."""

    async def send(self, message: pb.AgentMessage) -> None:
        """Hand a message over; returns when the next may come. Raises ConduixError once the connection ended."""

    def messages(self) -> AsyncIterator[pb.ServerMessage]:
        """What comes, until the connection ends."""

    async def close(self) -> None:
        """Send what was handed over, then end it."""
