"""A server, its agents and an admin, all real, for as long as a chaos run takes; and what they left on their disks."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import text

from conduix.engine.files import Files
from conduix_agent.host.spool_file import SpoolFile
from conduix_server.store.engine import create_engine, parse_url
from tests.client import Client, signed_in
from tests.eventually import eventually
from tests.programs import READY_SECONDS, Agent, Server


@dataclass
class World:
    """One server and its agents, by their order."""

    folder: Path
    server: Server
    client: Client
    agents: list[Agent] = field(default_factory=list)

    async def grow(self, count: int, environment: Mapping[str, str] | None = None) -> None:
        """So many more agents, connected."""
        token = await self.client.join_token(uses=count)
        more = [
            Agent(
                self.folder / f"agent-{number}",
                self.server.address,
                token,
                name=f"agent-{number:02d}",
                environment=environment,
            )
            for number in range(len(self.agents), len(self.agents) + count)
        ]
        self.agents += more
        for agent in more:
            agent.spawn()
        for agent in more:
            await eventually(agent.said_ready, READY_SECONDS)
        await self.all_online()

    async def all_online(self) -> None:
        """Wait until every agent has a session with the server that runs now."""

        async def check() -> bool:
            # what the database says of them may be of the server before
            found = await self.sessions()
            assert found == len(self.agents), f"{found} of {len(self.agents)} agents have a session"
            return True

        await eventually(check, READY_SECONDS)

    async def sessions(self) -> int:
        """How many sessions are open, by the server's own count."""
        async with aiohttp.ClientSession() as http, http.get(f"{self.server.http}/metrics") as got:
            found = re.search(r"^conduix_server_mesh_sessions (\S+)$", await got.text(), re.MULTILINE)
        assert found is not None, "there is no such metric"
        return int(float(found[1]))


@asynccontextmanager
async def world(folder: Path, database_url: str = "") -> AsyncIterator[World]:
    """A server with an admin; whatever runs of it in the end is killed."""
    shutil.rmtree(folder, ignore_errors=True)
    server = Server(folder / "server", database_url=database_url)
    server.prepare()
    made: World | None = None
    try:
        await server.started()
        async with signed_in(server.address) as client:
            made = World(folder, server, client)
            yield made
    finally:
        for program in (server, *(made.agents if made else ())):
            program.remove()


@dataclass(frozen=True, slots=True)
class Command:
    """One command, by both ends."""

    outcome: str
    """Of the answer that the server stored; empty: there is none."""
    executions: int
    """How often the agent began to run it, by its journal."""


async def commands(made: World) -> dict[str, Command]:
    """Every command that the server ever gave out, by its id."""
    begun: Counter[str] = Counter()
    for agent in made.agents:
        begun += _begun(agent, made.folder / "journal")
    stored = await rows(made.server, "SELECT id, outcome FROM commands")
    return {str(id_): Command(str(outcome or ""), begun[str(id_)]) for id_, outcome in stored}


def _begun(agent: Agent, scratch: Path) -> Counter[str]:
    # a copy: whoever opens the file cuts off what was half written when its owner was killed
    frames = SpoolFile(Path(shutil.copy(agent.state / "journal", scratch)), Files()).frames()
    heads = [(frame[:1], int.from_bytes(frame[9:11], "big"), frame[11:]) for _, frame in frames]
    return Counter(rest[:length].decode() for kind, length, rest in heads if kind == b"S")


async def rows(server: Server, query: str) -> list[tuple[Any, ...]]:
    """What the server's database answers."""
    engine = create_engine(parse_url(server.database_url or f"sqlite:///{next(server.state.glob('*.db'))}"))
    try:
        async with engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(query))]
    finally:
        await engine.dispose()
