"""All simulated agents: enrolled, connected one after the other, kept ticking."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from conduix.errors import ConduixError, Unavailable
from conduix.rpc.errors import remote_errors
from conduix.v1 import mesh_service_pb2 as pb
from conduix.v1.mesh_service_pb2_grpc import MeshServiceStub
from conduix_agent.link.channel import enrolment_channel, mesh_address, mesh_channel, speaks_tls
from conduix_agent.link.enrol import identity_of, new_request
from conduix_agent.link.state import Identity
from conduix_agent.loadtest.simulated import LABELS, SimulatedAgent, Tally

if TYPE_CHECKING:  # only the types of the generated code know it
    from conduix.v1.mesh_service_pb2_grpc import MeshServiceAsyncStub

ENROL_AT_ONCE = 8
ENROL_WITHIN = 30.0
"""Seconds of one call."""
CONNECTS_A_SECOND = 200.0
"""Five thousand channels opened at once make some fail."""
TICKS_A_SECOND = 4

Progress = Callable[[int], None]
"""Told how many are done."""


@dataclass(frozen=True, slots=True)
class Target:
    """A server, and how to be let in."""

    server: str
    """Of its users' listener, host:port: there agents enrol."""
    join_token: str
    authority: Path | None = None


async def enrol(target: Target, count: int, progress: Progress) -> list[Identity]:
    """That many new agents. Raises ConduixError: what the server says of the join token."""
    name, gate, done = f"load-{uuid.uuid4().hex[:8]}", asyncio.Semaphore(ENROL_AT_ONCE), 0

    async with enrolment_channel(target.server, target.authority) as channel:
        stub: MeshServiceAsyncStub = MeshServiceStub(channel)

        async def one(number: int) -> Identity:
            nonlocal done
            async with gate:
                identity = await _enrol(stub, target, f"{name}-{number:05d}")
            done += 1
            progress(done)
            return identity

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(number)) for number in range(count)]
        except* ConduixError as refused:
            raise refused.exceptions[0]  # noqa: B904 - the same refusal, many times
    return [task.result() for task in tasks]


async def _enrol(stub: MeshServiceAsyncStub, target: Target, name: str) -> Identity:
    tls = speaks_tls(target.server, target.authority)
    key, csr = new_request(name) if tls else ("", "")
    request = pb.EnrollRequest(
        join_token=target.join_token, name=name, csr=csr.encode(), labels=LABELS, request_id=str(uuid.uuid4())
    )
    with remote_errors():
        answer = await stub.Enroll(request, timeout=ENROL_WITHIN)
    return identity_of(answer.identity, key, at=time.time(), mesh_port=answer.mesh_port)


class Fleet:
    """Agents that are enrolled."""

    def __init__(self, target: Target, identities: list[Identity]) -> None:
        self.tally = Tally()
        self.agents = [
            SimulatedAgent(
                identity.agent_id,
                partial(mesh_channel, mesh_address(target.server, identity), identity, target.authority),
                self.tally,
            )
            for identity in identities
        ]

    @property
    def online(self) -> int:
        """How many agents a server has welcomed, on streams that still stand."""
        return sum(agent.online for agent in self.agents)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While inside, every agent connects at its time and keeps connected; then all say goodbye."""
        ticking = asyncio.create_task(self._tick())
        agents = [asyncio.create_task(self._run(number, agent)) for number, agent in enumerate(self.agents)]
        try:
            yield
        finally:
            for agent in self.agents:
                agent.leave()
            await asyncio.wait(agents, timeout=10.0)
            for task in (*agents, ticking):
                task.cancel()
            await asyncio.gather(*agents, ticking, return_exceptions=True)

    async def connected(self, within: float, progress: Progress) -> float:
        """Seconds until all agents were connected. Raises Unavailable where they are not `within` so many."""
        began = time.monotonic()
        while (online := self.online) < len(self.agents):
            progress(online)
            if time.monotonic() - began > within:
                raise Unavailable(
                    f"{online} of {len(self.agents)} agents were connected after {within:.0f} s; {self._why()}",
                    remedy="look into the server's log; allow more time with --connect-within",
                )
            await asyncio.sleep(0.05)
        progress(online)
        return time.monotonic() - began

    def _why(self) -> str:
        refused = ", ".join(f"{code} {count} times" for code, count in self.tally.refused.items())
        return f"refused: {refused}" if refused else "none was refused"

    async def _run(self, number: int, agent: SimulatedAgent) -> None:
        await asyncio.sleep((number + random.random()) / CONNECTS_A_SECOND)  # noqa: S311 - spreads load, hides nothing
        await agent.run()

    async def _tick(self) -> None:
        """Each agent so many times a second, a slice of them at a time."""
        while True:
            for slice_ in range(TICKS_A_SECOND):
                for agent in self.agents[slice_::TICKS_A_SECOND]:
                    if agent.online:
                        agent.tick()
                await asyncio.sleep(1 / TICKS_A_SECOND / TICKS_A_SECOND)
