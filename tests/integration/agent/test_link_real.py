"""Agent and server, both as the programs that they are: signed in by token on loopback, and by certificate with TLS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import msgspec
import pytest

from conduix.v1 import agent_service_pb2 as pb_agent
from conduix_agent import snapshot
from conduix_agent.link.state import StateDirectory
from tests.client import Client, signed_in
from tests.eventually import eventually
from tests.programs import Agent, Server
from tests.unit.rpc.certificates import Authority

ONLINE = pb_agent.AGENT_STATE_ONLINE


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    server = Server(tmp_path / "server")
    await asyncio.to_thread(server.prepare)
    await server.started()
    yield server
    server.remove()


@pytest.fixture
async def user(server: Server) -> AsyncIterator[Client]:
    async with signed_in(server.address) as client:
        yield client


async def the_agent(user: Client, name: str = "agent") -> pb_agent.Agent:
    return (await user.agents.GetAgent(pb_agent.GetAgentRequest(id=name))).agent


async def online(user: Client) -> pb_agent.Agent:
    async def check() -> pb_agent.Agent | None:
        try:
            found = await the_agent(user)
        except grpc.aio.AioRpcError as error:
            raise AssertionError(error.details()) from error
        return found if found.state == ONLINE and found.mode == pb_agent.CONNECTION_MODE_STREAM else None

    found = await eventually(check)
    assert found is not None
    return found


async def test_an_agent_joins_a_server_outlives_it_and_leaves(server: Server, user: Client, tmp_path: Path) -> None:
    agent = Agent(
        tmp_path / "agent", server.address, await user.join_token(), environment={"CONDUIX_LABELS": "zone=eu"}
    )
    try:
        await agent.started()
        found = await online(user)
        assert dict(found.labels) == {"zone": "eu"}
        assert "sink:file" in found.capabilities
        first = found.session
        server.kill()
        await server.started()
        await eventually(lambda: snapshot.ask(agent.state).session > first)
        assert await asyncio.to_thread(agent.stop) == 0, agent.log
        assert (await the_agent(user)).state != ONLINE, "it said goodbye"
    finally:
        agent.remove()


async def test_a_join_token_for_one_agent_enrols_one(server: Server, user: Client, tmp_path: Path) -> None:
    token = await user.join_token()
    agents = [Agent(tmp_path / name, server.address, token, name=name) for name in ("agent", "second")]
    try:
        await agents[0].started()
        await online(user)
        agents[1].spawn()
        assert await asyncio.to_thread(agents[1].wait) == 1
        assert "JOIN_TOKEN_USED" in agents[1].log
    finally:
        for agent in agents:
            agent.remove()


async def test_an_agent_that_is_removed_is_cut_off_and_comes_back_by_a_new_token(
    server: Server, user: Client, tmp_path: Path
) -> None:
    agent = Agent(tmp_path / "agent", server.address, await user.join_token(uses=5))
    try:
        await agent.started()
        removed = await online(user)
        await user.agents.RemoveAgent(pb_agent.RemoveAgentRequest(id=removed.id, request_id="r"))
        await eventually(lambda: "TOKEN_REVOKED" in snapshot.ask(agent.state).cause, 5 + 1)
        assert agent.running, "its pipelines are not the server's any more, but nobody killed them"
        (agent.folder / "join-token").write_text(await user.join_token())
        agent.kill()
        await agent.started()
        assert (await online(user)).id != removed.id
    finally:
        agent.remove()


async def test_an_agent_that_was_off_for_too_long_comes_back_as_itself_by_a_new_token(
    server: Server, user: Client, tmp_path: Path
) -> None:
    agent = Agent(tmp_path / "agent", server.address, await user.join_token())
    try:
        await agent.started()
        before = await online(user)
        agent.kill()
        with StateDirectory(agent.state, spool_bytes=1 << 20) as state:
            identity = state.identity()
            assert identity is not None
            state.save_identity(msgspec.structs.replace(identity, expires_at=1.0))  # a day is too long for a test
        (agent.folder / "join-token").write_text("")
        await agent.started()
        await eventually(lambda: "ended at 1970-01-01" in snapshot.ask(agent.state).cause)
        (agent.folder / "join-token").write_text(await user.join_token())
        await eventually(lambda: snapshot.ask(agent.state).mode == "STREAM", 30)
        assert (await online(user)).id == before.id
    finally:
        agent.remove()


@pytest.fixture
def authority() -> Authority:
    return Authority("test authority")


@pytest.fixture
def trusted(authority: Authority, tmp_path: Path) -> Path:
    return authority.write(tmp_path / "authority.pem")


@pytest.fixture
async def tls_server(tmp_path: Path, authority: Authority) -> AsyncIterator[Server]:
    chain, key = authority.issue(tmp_path, "server", hosts=["127.0.0.1"])
    tls = {"CONDUIX_TLS_CERTIFICATE": str(chain), "CONDUIX_TLS_KEY": str(key)}
    server = Server(tmp_path / "server", environment=tls)
    await asyncio.to_thread(server.prepare)
    await server.started()
    yield server
    server.remove()


async def test_with_tls_an_agent_has_a_certificate_whose_key_it_made_itself(
    tls_server: Server, trusted: Path, tmp_path: Path
) -> None:
    token = await join_token_over_tls(tls_server, trusted)
    agent = Agent(tmp_path / "agent", tls_server.address, token, environment=trusting(trusted))
    try:
        await agent.started()
        await eventually(lambda: snapshot.ask(agent.state).mode == "STREAM")
        assert snapshot.ask(agent.state).server == f"127.0.0.1:{tls_server.ready['mesh'].rpartition(':')[2]}"
        assert "NOT encrypted" not in agent.log
        identity = (agent.state / "identity").read_text()
        assert "BEGIN PRIVATE KEY" in identity
        assert '"token":""' in identity
        tls_server.kill()
        await tls_server.started()
        await eventually(lambda: snapshot.ask(agent.state).session > 1)
    finally:
        agent.remove()


async def test_a_server_of_another_authority_is_not_talked_to(
    tls_server: Server, trusted: Path, tmp_path: Path
) -> None:
    token = await join_token_over_tls(tls_server, trusted)
    other = Authority("another").write(tmp_path / "other.pem")
    agent = Agent(tmp_path / "agent", tls_server.address, token, environment=trusting(other))
    try:
        await agent.started()
        await eventually(lambda: "UNAVAILABLE" in snapshot.ask(agent.state).cause)
        assert not (agent.state / "identity").exists()
    finally:
        agent.remove()


def trusting(authority: Path) -> dict[str, str]:
    return {"CONDUIX_TLS_AUTHORITY": str(authority)}


async def join_token_over_tls(server: Server, authority: Path) -> str:
    async with signed_in(server.address, authority=authority) as client:
        return await client.join_token()
