"""What `make_secrets.sh` makes carries a server and an agent: TLS for people, certificates on both ends for agents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from conduix.v1 import agent_service_pb2 as pb_agent
from conduix.v1 import system_service_pb2 as pb_system
from tests.client import Client, signed_in
from tests.eventually import eventually
from tests.programs import Agent, Server


@pytest.fixture
def authority(secrets: Path) -> Path:
    return secrets / "tls" / "authority.pem"


@pytest.fixture
def server(secrets: Path, tmp_path: Path) -> Iterator[Server]:
    tls = secrets / "tls"
    environment = {
        "CONDUIX_TLS_CERTIFICATE": str(tls / "server.pem"),
        "CONDUIX_TLS_KEY": str(tls / "server.key"),
        "CONDUIX_JWT_SECRET_FILE": str(tls / "jwt-secret"),
        "JWT_SECRET": "",
    }
    made = Server(tmp_path / "server", environment=environment)
    made.prepare()
    made.start()
    yield made
    made.remove()


async def test_an_agent_enrols_and_connects_by_a_certificate_of_its_own(
    server: Server, authority: Path, tmp_path: Path
) -> None:
    async with signed_in(server.address, authority=authority) as client:
        environment = {"CONDUIX_TLS_AUTHORITY": str(authority)}
        agent = Agent(tmp_path / "agent", server.address, await client.join_token(), environment=environment)
        try:
            await agent.started()

            async def online() -> bool:
                listed = (await client.agents.ListAgents(pb_agent.ListAgentsRequest())).agents
                return [found.mode for found in listed] == [pb_agent.CONNECTION_MODE_STREAM]

            await eventually(online)
            assert agent.stop() == 0, agent.log
        finally:
            agent.remove()


async def test_nobody_gets_in_without_tls(server: Server) -> None:
    client = Client(server.address)
    async with client.channel:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await client.system.GetInfo(pb_system.GetInfoRequest(), timeout=10)
    assert refused.value.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}
