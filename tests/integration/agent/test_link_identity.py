"""Who an agent is, over its life: enrolled, renewed, expired, removed, enrolled again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from conduix.errors import (
    ConduixError,
    JoinTokenUsed,
    TokenExpired,
    TokenInvalid,
    TokenRevoked,
    Unauthenticated,
    UsageError,
)
from conduix.v1 import mesh_service_pb2 as pb
from conduix_agent.link.enrol import Identities
from conduix_agent.link.state import StateDirectory
from tests.eventually import eventually
from tests.integration.agent.link_agent import running, settings_for
from tests.integration.agent.mesh_server import GOOD, Fleet, MeshServer


@pytest.fixture
async def server() -> AsyncIterator[MeshServer]:
    server = MeshServer(Fleet())
    await server.start()
    yield server
    await server.kill()


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("wrong", TokenInvalid("this join token is not known here")),
        ("used", JoinTokenUsed("this join token has enrolled as many agents as it may")),
        ("old", TokenExpired("this join token has expired")),
        ("ended", TokenRevoked("this join token was revoked")),
    ],
)
async def test_a_join_token_that_is_refused_ends_an_agent_that_is_nobody(
    server: MeshServer, tmp_path: Path, token: str, said: ConduixError
) -> None:
    server.fleet.join_tokens |= {"used": 0, "old": said, "ended": said}
    async with running(settings_for(tmp_path, server.address, join_token=token)) as agent:
        with pytest.raises(ConduixError) as refused:
            await agent.task
    assert (refused.value.code, refused.value.message) == (said.code, said.message)
    assert not (tmp_path / "identity").exists()


async def test_nobody_starts_without_identity_and_token(server: MeshServer, tmp_path: Path) -> None:
    with pytest.raises(Unauthenticated, match="no join token"):
        async with running(settings_for(tmp_path, server.address, join_token=None)):
            pass


async def test_a_token_file_that_cannot_be_read_is_named(server: MeshServer, tmp_path: Path) -> None:
    missing = tmp_path / "token"
    with pytest.raises(UsageError, match=str(missing)):
        async with running(settings_for(tmp_path / "s", server.address, join_token=None, join_token_file=missing)):
            pass


async def test_an_answer_that_was_lost_makes_no_second_agent(server: MeshServer, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, server.address)
    with StateDirectory(tmp_path, spool_bytes=1 << 20) as state:
        first = await Identities(settings, state).ensure(server.address)
        (tmp_path / "identity").unlink()  # the process died before it could write the answer down
        again = await Identities(settings, state).ensure(server.address)
    assert again.agent_id == first.agent_id
    assert server.fleet.join_tokens[GOOD] == 99


async def test_the_server_may_come_later_than_the_agent(server: MeshServer, tmp_path: Path) -> None:
    await server.kill()
    async with running(settings_for(tmp_path, server.address)) as agent:
        await eventually(agent.ready.is_set)
        await eventually(lambda: "failed to connect" in agent.agent.snapshot().cause.lower())
        await server.start()
        await eventually(lambda: agent.mode == "STREAM")


async def test_an_identity_is_renewed_at_half_of_its_life_and_used_from_then_on(
    server: MeshServer, tmp_path: Path
) -> None:
    fleet = server.fleet
    fleet.life = 4.0
    async with running(settings_for(tmp_path, server.address)) as agent:
        await eventually(lambda: agent.mode == "STREAM")
        old = agent.agent.identities.current
        assert old is not None
        agent.host.uplink.telemetry(pb.LogLine(message="by the old connection"))
        await eventually(lambda: fleet.telemetry)
        await eventually(lambda: fleet.renewed)
        await eventually(lambda: agent.agent.status.sessions == 2 and not server.sessions[1:])
        agent.host.uplink.telemetry(pb.LogLine(message="by the new one"))
        await eventually(lambda: fleet.telemetry[-1].log.message == "by the new one")
        fresh = agent.agent.identities.current
        assert fresh is not None
        assert fresh.token != old.token
        assert fresh.agent_id == old.agent_id
        assert agent.agent.status.lost == 0, "the new connection stood before the old one ended"
        assert agent.state.identity() == fresh


async def test_an_identity_that_ended_is_told_and_enrolled_again_when_a_token_comes(
    server: MeshServer, tmp_path: Path
) -> None:
    fleet = server.fleet
    fleet.life = -1.0
    token = tmp_path / "token"
    token.write_text(GOOD)
    settings = settings_for(tmp_path / "s", server.address, join_token=None, join_token_file=token)
    with StateDirectory(tmp_path / "s", spool_bytes=1 << 20) as state:
        ended = await Identities(settings, state).ensure(server.address)
    fleet.life = 3600.0
    token.write_text("")
    async with running(settings) as agent:
        await eventually(lambda: "ended at" in agent.agent.snapshot().cause)
        await eventually(agent.ready.is_set)  # pipelines do not need a server
    token.write_text(GOOD)
    async with running(settings) as agent:
        await eventually(lambda: agent.mode == "STREAM")
        identity = agent.agent.identities.current
        assert identity is not None
        assert identity.agent_id == ended.agent_id, "the same request: the same agent"


async def test_an_agent_that_was_removed_comes_back_by_another_token_only(server: MeshServer, tmp_path: Path) -> None:
    fleet = server.fleet
    fleet.join_tokens["another"] = 1
    token = tmp_path / "token"
    token.write_text(GOOD)
    settings = settings_for(tmp_path / "s", server.address, join_token=None, join_token_file=token)
    async with running(settings) as agent:
        await eventually(lambda: agent.mode == "STREAM")
        fleet.revoked.add(fleet.db.row.agent_id)
        await server.kill()
        await server.start()
        await eventually(lambda: "TOKEN_REVOKED" in agent.agent.snapshot().cause)
        assert fleet.join_tokens[GOOD] == 99, "the token that enrolled it does not undo its removal"
    removed = fleet.db.row.agent_id
    token.write_text("another")
    async with running(settings) as agent:
        await eventually(lambda: agent.mode == "STREAM")
        assert fleet.db.row.agent_id != removed
        assert fleet.hellos[-1].agent_id == fleet.db.row.agent_id
