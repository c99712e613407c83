"""One simulated agent: the session of `conduix.mesh` over a stream of its own, opened again whenever that ends."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import conduix
from conduix.errors import ConduixError
from conduix.mesh.agent_session import AgentSession, Identity, Phase
from conduix.mesh.commands import Commands
from conduix.mesh.desired import Desired
from conduix.mesh.effects import AgentEffect, Apply, Close, Execute, Now, ToServer
from conduix.mesh.reports import Reports
from conduix.mesh.spool import Spool
from conduix.v1 import mesh_service_pb2 as pb
from conduix_agent.link.channel import MeshChannel
from conduix_agent.link.dial import Backoff
from conduix_agent.link.line import Line
from conduix_agent.link.stream import StreamTransport
from conduix_agent.loadtest.memory import MemoryStorage

LABELS = {"load": "test"}
"""By which simulated agents are told from real ones."""


@dataclass(slots=True)
class Tally:
    """What the agents of a fleet saw. Seconds."""

    connects: list[float] = field(default_factory=list)
    """From the call to the welcome."""
    round_trips: list[float] = field(default_factory=list)
    """Of heartbeats."""
    refused: dict[str, int] = field(default_factory=dict)
    """Code → how often an agent was not let in, or its stream was ended with it."""


class SimulatedAgent:
    """Run it as a task; call `tick` about four times a second. `open_channel`: a channel of its own, signed in."""

    def __init__(self, agent_id: str, open_channel: Callable[[], MeshChannel], tally: Tally) -> None:
        reports = Reports(Spool(MemoryStorage()))
        who = Identity(agent_id, str(uuid.uuid4()))
        self._session = AgentSession(who, Desired(pb.DesiredStateUpdate()), Commands(), reports)
        self._open_channel = open_channel
        self._tally = tally
        self._line: Line | None = None
        self._began = 0.0
        self._retry_after: float | None = None

    @property
    def online(self) -> bool:
        """Has a server welcomed it, on a stream that still stands?"""
        return self._session.phase is Phase.OPEN

    async def run(self) -> None:
        """Be connected, until it is asked to leave."""
        backoff = Backoff(random.Random())  # noqa: S311 - spreads load, hides nothing
        while True:
            self._began, self._retry_after = time.monotonic(), None
            try:
                await self._connection()
            except ConduixError as error:
                self._count(error.code)
            finally:
                self._line = None
                self._session.lost()
            if self._retry_after == 0.0:
                return
            backoff.lasted(time.monotonic() - self._began)
            await asyncio.sleep(backoff.next() if self._retry_after is None else self._retry_after)

    def tick(self) -> None:
        """Time went by."""
        self._carry_out(self._session.tick(_now()))

    def leave(self) -> None:
        """Say goodbye; `run` returns."""
        self._carry_out(self._session.leave("the load test ended"))
        self._retry_after = 0.0

    async def _connection(self) -> None:
        """One stream from its start to its end."""
        channel = self._open_channel()
        transport = await StreamTransport.open(channel)
        self._line = Line(str(uuid.uuid4()), channel, transport)
        facts = pb.Hello(agent_version=conduix.__version__, labels=LABELS)
        self._carry_out(self._session.connected(facts, self._line.name, _now()))
        await self._line.run(self._receive)

    async def _receive(self, message: pb.ServerMessage) -> None:
        self._carry_out(self._session.receive(message, _now()))
        kind = message.WhichOneof("kind")
        if kind == "welcome":
            self._tally.connects.append(time.monotonic() - self._began)
        elif kind == "heartbeat_ack" and self._session.rtt is not None:
            self._tally.round_trips.append(self._session.rtt)

    def _carry_out(self, effects: Sequence[AgentEffect]) -> None:
        """Those that a stream sees; what a real agent keeps on disk is forgotten."""
        for effect in effects:
            if isinstance(effect, ToServer) and self._line is not None:
                self._line.push(effect.message, effect.lane)
            elif isinstance(effect, Close) and self._line is not None:
                self._retry_after = effect.retry_after
                self._line.finish()
                if effect.code != "LEFT":
                    self._count(effect.code)
            elif isinstance(effect, Apply):
                self._carry_out(self._session.applied(effect.update.version, _now()))
            elif isinstance(effect, Execute):
                command = effect.command.command_id
                done = pb.CommandResult(command_id=command, outcome=pb.COMMAND_OUTCOME_SUCCEEDED)
                self._carry_out(self._session.finished(done, _now()))

    def _count(self, code: str) -> None:
        self._tally.refused[code] = self._tally.refused.get(code, 0) + 1


def _now() -> Now:
    return Now(time.monotonic(), time.time())
