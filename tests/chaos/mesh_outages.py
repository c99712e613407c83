"""A server on MariaDB goes and comes back, while its agents and their pipelines go on as if nothing had happened."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from conduix.engine.files import Files
from conduix.mesh.spool import Spool
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_agent.host.spool_file import SpoolFile
from tests.chaos.mesh_world import World, rows, world
from tests.client import answered
from tests.eventually import eventually
from tests.programs import Agent
from tests.services import mariadb

SETTLE_SECONDS = 120.0
"""Within which every agent is back, and has told how its pipeline is."""

DOCUMENT = """\
name: {name}
mode: realtime
source: {{type: generate, interval: 50ms, mapping: 'root.n = this.index'}}
sink: {{type: drop}}
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """How many of what."""

    agents: int
    restarts: int
    seed: int


@dataclass(frozen=True, slots=True)
class Life:
    """Of a pipeline, as its agent reports it: what an outage of the server must not change."""

    run: str
    epoch: int
    agent: str
    starts: int
    restarts: int


@dataclass(slots=True)
class Verdict:
    """What came of it."""

    plan: Plan
    kills: int = 0
    stops: int = 0
    seconds: float = 0.0
    back_seconds: float = 0.0
    """From the end of an outage until every agent was connected and had told how its pipeline is: the longest."""
    reports: int = 0
    """That the server has, of all agents."""
    unsent: int = 0
    """Reports in the spools of the agents that the server does not have."""
    dropped: int = 0
    """Events that tell of reports that were dropped."""
    changed: int = 0
    """Pipelines that live another life than before."""

    def check(self) -> None:
        """AssertionError where a promise was broken."""
        assert self.changed == 0, f"{self.changed} pipelines were started again"
        assert (self.unsent, self.dropped) == (0, 0), f"{self.unsent} reports are not stored, {self.dropped} dropped"
        assert self.kills + self.stops == self.plan.restarts
        assert self.reports > self.plan.agents * self.plan.restarts, f"only {self.reports} reports"


async def run(plan: Plan, folder: Path) -> Verdict:
    """As many pipelines as agents; outages; then everything is stopped, and what both ends know is compared."""
    began, verdict = time.monotonic(), Verdict(plan)
    async with _database() as url, world(folder, url) as made:
        await made.grow(plan.agents)
        names = [f"pipeline-{number:02d}" for number in range(plan.agents)]
        await made.client.apply(*(DOCUMENT.format(name=name) for name in names))
        for name in names:
            await made.client.start(name)
        before = {name: await _life(made, name) for name in names}
        random = Random(plan.seed)
        for number in range(plan.restarts):
            back = await _outage(made, names, random, verdict, kill=number % 2 == 0)
            verdict.back_seconds = max(verdict.back_seconds, back)
        verdict.changed = sum([await _life(made, name) != before[name] for name in names])
        for name in names:
            await made.client.stop(name)
        await _compare(made, verdict)
    verdict.seconds = time.monotonic() - began
    return verdict


@asynccontextmanager
async def _database() -> AsyncIterator[str]:
    given = mariadb.override()
    own = None if given is not None else mariadb.MariaDB.launched()
    try:
        async with aclosing(mariadb.database(given or own.url)) as databases:  # type: ignore[union-attr]  # one of them
            yield (await anext(databases)).render_as_string(hide_password=False)
    finally:
        if own is not None:
            own.remove()


async def _life(made: World, name: str) -> Life:
    (replica,) = (await answered(lambda: made.client.status(name))).replicas
    return Life(replica.run_id, replica.epoch, replica.agent_id, replica.starts, replica.restarts)


async def _outage(made: World, names: list[str], random: Random, verdict: Verdict, *, kill: bool) -> float:
    """The server is away for a moment; seconds until all agents were back."""
    if kill:
        made.server.kill()
        verdict.kills += 1
    else:
        assert made.server.stop() == 0, made.server.log[-2000:]
        verdict.stops += 1
    await asyncio.sleep(random.uniform(0.5, 3.0))  # how long an outage is belongs to what is drawn
    ended = datetime.now(UTC)
    began = time.monotonic()
    await made.server.started()
    await made.all_online()

    async def all_told() -> bool:
        for name in names:
            (replica,) = (await answered(lambda asked=name: made.client.status(asked))).replicas  # type: ignore[misc]
            assert replica.state == pb.PIPELINE_STATE_RUNNING, f"{name} is {replica.state}: {replica.detail}"
            assert replica.at.ToDatetime(UTC) > ended, f"{name} was heard of at {replica.at.ToDatetime(UTC)} last"
        return True

    await eventually(all_told, SETTLE_SECONDS)
    return time.monotonic() - began


async def _compare(made: World, verdict: Verdict) -> None:
    """Nothing runs any more: whatever the agents had to report is with the server."""

    async def all_stored() -> bool:
        stored = dict(await rows(made.server, "SELECT name, acknowledged_report FROM agents"))
        spools = {agent.name: _spool(agent, made.folder / "spool") for agent in made.agents}
        verdict.unsent = sum(len(list(spool.after(stored[name]))) for name, spool in spools.items())
        verdict.reports = sum(stored.values())
        behind = [name for name, spool in spools.items() if spool.acked != stored[name]]
        assert not behind, f"{behind} were told less than the server has, or more"
        return verdict.unsent == 0

    await eventually(all_stored, SETTLE_SECONDS)
    told = await rows(made.server, "SELECT count(*) FROM audit WHERE method LIKE '%REPORTS_DROPPED%'")
    verdict.dropped = told[0][0] + made.server.log.count("REPORTS_DROPPED")


def _spool(agent: Agent, scratch: Path) -> Spool:
    # a copy: the agent has the file open
    return Spool(SpoolFile(Path(shutil.copy(agent.state / "spool", scratch)), Files()))
