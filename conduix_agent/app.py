"""The program: a state directory, a host that runs replicas, a link to servers, and their end in good order."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import uuid
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import conduix
from conduix.engine.catalog import default_catalog
from conduix.engine.files import Files
from conduix.mesh.agent_session import AgentSession
from conduix.mesh.agent_session import Identity as SessionIdentity
from conduix.mesh.commands import Commands
from conduix.mesh.desired import Desired
from conduix.mesh.reports import Reports
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_agent.http import serving
from conduix_agent.link.dial import Dialler
from conduix_agent.link.driver import Driver
from conduix_agent.link.enrol import Identities
from conduix_agent.link.facts import greeting, host_facts
from conduix_agent.link.modes import Modes
from conduix_agent.link.revisions import Revisions
from conduix_agent.link.state import StateDirectory
from conduix_agent.link.status import LinkStatus
from conduix_agent.link.telemetry import Telemetry
from conduix_agent.link.uplink import LinkUplink
from conduix_agent.link.work import Work
from conduix_agent.metrics import AgentCollector
from conduix_agent.seam import Host, Uplink
from conduix_agent.settings import AgentSettings
from conduix_agent.snapshot import Snapshot, replica_of, telling

log = logging.getLogger(__name__)

DRAIN_WITHIN = 15.5
"""Seconds for the workers' last checkpoints; with the goodbye the whole end takes less than 20."""

HostOf = Callable[[Path, Uplink, Callable[[str], None]], Host]
"""Makes the host: the state directory, its way to the servers, and what asks this program to end, with a reason."""


class Agent:
    """One agent while it runs. Build it inside the event loop, in the main thread: workers are forked from there."""

    def __init__(self, settings: AgentSettings, state: StateDirectory, host_of: HostOf) -> None:
        self._settings = settings
        self._state = state
        self.status = LinkStatus()
        self.identities = Identities(settings, state)
        self.identities.check()
        incarnation = str(uuid.uuid4())
        self._reports = Reports(state.spool)
        self._saved = state.desired()
        self._desired = Desired(self._saved)
        self.status.desired_version = self._saved.version
        commands = Commands(state.journal.entries())

        def session_of(agent_id: str) -> AgentSession:
            process = state.process()
            identity = SessionIdentity(agent_id, incarnation, process.incarnation, process.session_seen)
            return AgentSession(identity, self._desired, commands, self._reports)

        agent_id = self.identities.current.agent_id if self.identities.current else ""
        self._dialler = Dialler(settings, self.identities, incarnation)
        self._telemetry = Telemetry()
        revisions = Revisions(state.path / "revisions", Files())
        self._uplink = LinkUplink(self._reports, revisions, self._telemetry)
        self._uplink.agent_id = agent_id
        self._driver = Driver(
            session_of,
            agent_id,
            state=state,
            dialler=self._dialler,
            modes=Modes(self.status, self._uplink, self._dialler),
            facts=greeting(settings, default_catalog()),
            host_facts=lambda: host_facts(state.path),
        )
        self._uplink.bind(poke=self._driver.poke, failed=self._driver.failed)
        self._host = host_of(state.path, self._uplink, self.stop)
        self._stop = asyncio.Event()
        self._reason = ""
        self._work = Work(self._host, post=self._driver.post, spawn=self._driver.spawn)

    async def run(self, ready: Callable[[], None]) -> None:
        """Until somebody stops it. `ready` is called when the replicas of the last desired state are under way.

        Raises:
            ConduixError: it cannot enrol, or the disk of its state refuses a write.
        """
        self._work.begin(self._saved)
        link = asyncio.create_task(self._driver.run(self._work))
        self._driver.spawn(self._telemetry.run())
        self._driver.spawn(self.identities.keep(lambda: self._uplink.channel, self._driver.reconnect))
        try:
            await _first(link, self._work.under_way)
            if not link.done():
                ready()
                await _first(link, self._stop)
            if not link.done():
                await self._drain()
                self._driver.leave(self._reason)
            await link
        finally:
            link.cancel()

    def stop(self, reason: str) -> None:
        """Bring everything to a good end."""
        self._reason = self._reason or reason
        self._stop.set()

    async def readiness(self) -> Mapping[str, str]:
        """What keeps it from its work; no server is none of that: pipelines go on."""
        causes = (
            {} if self._work.under_way.is_set() else {"starting": "replicas of the last desired state are starting"}
        )
        return {**causes, "draining": self._reason} if self._stop.is_set() else causes

    @property
    def replicas(self) -> list[pb.ReplicaStatus]:
        """What is reported of each."""
        return self._reports.replicas

    def pipeline_names(self) -> dict[str, str]:
        """By id, of the pipelines that are wanted here."""
        return {each.pipeline_id: each.pipeline_name for each in self._desired.in_force.assignments}

    def snapshot(self) -> Snapshot:
        """How it stands."""
        names = self.pipeline_names()
        identity, status = self.identities.current, self.status
        replicas = sorted(self.replicas, key=lambda each: (each.pipeline_id, each.replica))
        return Snapshot(
            id=identity.agent_id if identity else "",
            name=self._settings.name,
            version=conduix.__version__,
            pid=os.getpid(),
            state_dir=str(self._state.path),
            mode=status.mode.name,
            since=status.since,
            server=status.server,
            session=status.session,
            rtt_ms=None if status.rtt is None else status.rtt * 1000,
            cause="" if status.server else self._dialler.trouble or status.cause,
            desired_version=status.desired_version,
            sessions=status.sessions,
            spool_bytes=self._state.spool_size,
            dropped=self._telemetry.dropped,
            identity_expires_at=identity.expires_at if identity else 0.0,
            replicas=[replica_of(each, names.get(each.pipeline_id, "")) for each in replicas],
        )

    async def _drain(self) -> None:
        log.info("draining: %s", self._reason)
        self._work.drain()
        try:
            async with asyncio.timeout(DRAIN_WITHIN):
                await self._host.drain()
        except TimeoutError:
            log.warning("not every worker came to a last checkpoint within %.0f s; the one before stands", DRAIN_WITHIN)
        self._uplink.flush()


async def run_agent(settings: AgentSettings, host_of: HostOf) -> None:
    """The whole program, between the settings and the exit status. Raises ConduixError."""
    with StateDirectory(settings.state_dir, spool_bytes=settings.spool.max_bytes) as state:
        agent = Agent(settings, state, host_of)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(telling(state.path, agent.snapshot))
            metrics = AgentCollector(agent.status, agent.snapshot, lambda: agent.replicas, agent.pipeline_names)
            http = await stack.enter_async_context(serving(settings, metrics, agent.readiness))
            _on_signals(agent)

            def ready() -> None:
                sys.stdout.write(f"conduix-agent ready name={settings.name} state={state.path} http={http}\n")
                sys.stdout.flush()

            await agent.run(ready)


def _on_signals(agent: Agent) -> None:
    loop = asyncio.get_running_loop()

    asked: list[signal.Signals] = []

    def received(number: signal.Signals) -> None:
        if asked:
            os._exit(128 + number)  # asked twice: workers end with this process, their checkpoints stand
        asked.append(number)
        agent.stop(f"the agent was ended by {number.name}")

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, received, number)


async def _first(task: asyncio.Task[None], event: asyncio.Event) -> None:
    """Wait until one of the two is there."""
    waiting = asyncio.create_task(event.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
