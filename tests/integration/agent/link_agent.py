"""An agent in this process: everything real but the replicas."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conduix.errors import ConduixError
from conduix.v1 import mesh_service_pb2 as pb
from conduix_agent.app import Agent
from conduix_agent.link.state import StateDirectory
from conduix_agent.seam import Uplink
from conduix_agent.settings import AgentSettings
from tests.integration.agent.mesh_server import GOOD


@dataclass
class RecordedHost:
    """A host that notes what it is told. There are no replicas: what they do is told by the test."""

    uplink: Uplink
    applied: list[pb.DesiredStateUpdate] = field(default_factory=list)
    refuse: ConduixError | None = None
    executed: list[str] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """Commands end when it is set."""
    drained: bool = False

    async def apply(self, update: pb.DesiredStateUpdate) -> None:
        if self.refuse is not None:
            raise self.refuse
        self.applied.append(update)

    async def execute(self, command: pb.Command) -> pb.CommandResult:
        self.executed.append(command.command_id)
        await self.gate.wait()
        return pb.CommandResult(command_id=command.command_id, outcome=pb.COMMAND_OUTCOME_SUCCEEDED, result='{"n": 7}')

    async def drain(self) -> None:
        self.drained = True

    @property
    def versions(self) -> list[int]:
        return [update.version for update in self.applied]


@dataclass
class Running:
    agent: Agent
    host: RecordedHost
    state: StateDirectory
    ready: asyncio.Event
    task: asyncio.Task[None]

    @property
    def mode(self) -> str:
        return self.agent.status.mode.name

    @property
    def server(self) -> str:
        return self.agent.status.server

    async def stopped(self, reason: str = "stopped by the test") -> None:
        self.agent.stop(reason)
        await self.task


def settings_for(folder: Path, *servers: str, **more: Any) -> AgentSettings:
    given = {"servers": servers, "join_token": GOOD, "name": "a1", "state_dir": folder, "http_port": 0}
    return AgentSettings.model_validate({**given, **more})


@asynccontextmanager
async def running(
    settings: AgentSettings, prepare: Callable[[RecordedHost], None] = lambda _host: None
) -> AsyncIterator[Running]:
    """An agent from its start to wherever the test leaves it: then it is gone as by kill -9."""
    hosts: list[RecordedHost] = []

    def host_of(_directory: Path, uplink: Uplink, _shutdown: Callable[[str], None]) -> RecordedHost:
        hosts.append(RecordedHost(uplink))
        prepare(hosts[0])
        return hosts[0]

    with StateDirectory(settings.state_dir, spool_bytes=settings.spool.max_bytes) as state:
        agent = Agent(settings, state, host_of)
        ready = asyncio.Event()
        task = asyncio.create_task(agent.run(ready.set))
        try:
            yield Running(agent, hosts[0], state, ready, task)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
