"""Enrolment and renewal: join tokens that let in and that do not, tokens on loopback, certificates with TLS."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import grpc
import pytest
import uuid_utils
from google.protobuf.duration_pb2 import Duration

from conduix.errors import ConduixError
from conduix.rpc.channel import ClientTls, open_channel
from conduix.rpc.errors import remote_errors
from conduix.v1 import agent_service_pb2 as pb_agents
from conduix.v1 import mesh_service_pb2 as pb
from conduix.v1.mesh_service_pb2_grpc import MeshServiceStub
from conduix_server.control.authority import Authority
from conduix_server.store.store import Store
from tests.eventually import eventually
from tests.integration.mesh.agent import Agent, Disk
from tests.integration.mesh.certificates import made, request
from tests.integration.mesh.serving import Certificates, Served, clock, serving


async def enrol(served: Served, token: str, name: str = "a1", **more: object) -> pb.EnrollResponse:
    asked = {"request_id": str(uuid_utils.uuid7()), **more}
    with remote_errors():
        return await served.service.Enroll(pb.EnrollRequest(join_token=token, name=name, **asked))  # type: ignore[arg-type]


async def refused(served: Served, token: str, name: str = "a1", **more: object) -> str:
    with pytest.raises(ConduixError) as caught:
        await enrol(served, token, name, **more)
    return caught.value.code


async def test_a_join_token_lets_in_as_often_as_it_says(served: Served) -> None:
    token = await served.join_token(uses=2, rack="r1")
    first = await enrol(served, token, "a1", labels={"zone": "eu", "rack": "mine"})
    assert first.identity.token
    assert first.mesh_port == 0
    assert dict((await served.shown("a1")).labels) == {"zone": "eu", "rack": "r1"}
    assert await refused(served, token, "a1") == "AGENT_EXISTS"
    await enrol(served, token, "a2")
    assert await refused(served, token, "a3") == "JOIN_TOKEN_USED"
    (listed,) = (await served.agents.ListJoinTokens(pb_agents.ListJoinTokensRequest())).join_tokens
    assert (listed.uses, listed.max_uses, listed.name) == (2, 2, "rack")


async def test_the_same_request_gives_the_same_agent(served: Served) -> None:
    token, same = await served.join_token(uses=1), {"request_id": "once"}
    first, again = await enrol(served, token, **same), await enrol(served, token, **same)
    assert first.identity.agent_id == again.identity.agent_id
    assert await refused(served, token, "other", **same) == "REQUEST_ID_REUSED"
    await served.agents.RemoveAgent(pb_agents.RemoveAgentRequest(id=first.identity.agent_id))
    assert await refused(served, token, **same) == "TOKEN_REVOKED"


async def test_join_tokens_that_let_nobody_in(served: Served) -> None:
    assert await refused(served, "cdxj_nobody") == "TOKEN_INVALID"
    made_token = await served.agents.CreateJoinToken(pb_agents.CreateJoinTokenRequest(name="gone"))
    await served.agents.RevokeJoinToken(pb_agents.RevokeJoinTokenRequest(id=made_token.join_token.id))
    assert await refused(served, made_token.token) == "TOKEN_REVOKED"
    short = pb_agents.CreateJoinTokenRequest(name="short", lifetime=Duration(nanos=1000))
    assert await refused(served, (await served.agents.CreateJoinToken(short)).token) == "TOKEN_EXPIRED"
    assert (await served.agents.ListAgents(pb_agents.ListAgentsRequest())).page_info.total_size == 0


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("", {}),
        ("a b", {}),
        ("-a", {}),
        ("0192d2d4-0000-7000-8000-000000000000", {}),
        ("a1", {"labels": {"": "x"}}),
        ("a1", {"labels": {":k": "x"}}),
        ("a1", {"csr": b"-----BEGIN"}),
        ("a1", {"request_id": ""}),
    ],
)
async def test_requests_that_are_wrong_use_nothing_up(served: Served, name: str, more: dict[str, object]) -> None:
    token = await served.join_token(uses=1)
    assert await refused(served, token, name, **more) == "INVALID_ARGUMENT"
    await enrol(served, token)


async def test_nobody_but_an_agent_connects(served: Served) -> None:
    agent = await served.agent()
    agent.disk.identity.token += "x"
    await agent.connect()
    await eventually(lambda: agent.error)
    assert agent.error is not None
    assert agent.error.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_a_token_is_renewed(served: Served) -> None:
    agent = await served.agent()
    answer = await served.service.RenewIdentity(pb.RenewIdentityRequest(), metadata=agent.metadata)
    assert answer.identity.agent_id == agent.disk.identity.agent_id
    agent.disk.identity = answer.identity
    await agent.connect()
    await eventually(lambda: agent.open)
    await agent.hang_up()


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    server, trust = made(tmp_path)
    return Certificates(server, trust, Authority.in_directory(tmp_path, clock))


def as_client(folder: Path, certificates: Certificates, identity: pb.Identity, key: bytes) -> ClientTls:
    certificate, secret = folder / "agent.crt", folder / "agent.key"
    certificate.write_bytes(identity.certificate)
    secret.write_bytes(key)
    return ClientTls(certificates.trust, certificate, secret)


async def test_with_tls_agents_have_certificates(store: Store, certificates: Certificates, tmp_path: Path) -> None:
    key, csr = request("whatever the request says")
    async with serving(store, certificates=certificates) as served:
        token = await served.join_token()
        assert await refused(served, token) == "INVALID_ARGUMENT"
        assert await refused(served, token, csr=b"no request") == "INVALID_ARGUMENT"
        assert await refused(served, token, csr=request("weak", bits=1024)[1]) == "INVALID_ARGUMENT"
        answer = await enrol(served, token, csr=csr)
        assert answer.identity.token == ""
        assert answer.mesh_port == served.rpc.ports[1]
        life = answer.identity.expires_at.ToDatetime(clock().tzinfo) - clock()
        assert timedelta(hours=23) < life <= timedelta(hours=24)
        tls = as_client(tmp_path, certificates, answer.identity, key)
        async with open_channel(f"localhost:{answer.mesh_port}", tls=tls) as channel:
            agent = Agent(Disk(answer.identity), channel)
            await agent.connect()
            await eventually(lambda: agent.open)
            renewed = await MeshServiceStub(channel).RenewIdentity(pb.RenewIdentityRequest(csr=csr))
            assert renewed.identity.agent_id == answer.identity.agent_id
            assert renewed.identity.certificate != answer.identity.certificate
            await served.agents.RemoveAgent(pb_agents.RemoveAgentRequest(id=answer.identity.agent_id))
            await eventually(lambda: agent.codes == ["AGENT_REVOKED"] or agent.error, timeout=5)
            with pytest.raises(grpc.aio.AioRpcError, match="not let in any more"):
                await MeshServiceStub(channel).RenewIdentity(pb.RenewIdentityRequest(csr=csr))
            await agent.hang_up()


async def test_certificates_of_others_and_of_yesterday_are_refused(
    store: Store, certificates: Certificates, tmp_path: Path
) -> None:
    key, csr = request("a1")

    def yesterday() -> datetime:
        return clock() - timedelta(days=2)

    stranger_home = tmp_path / "stranger"
    stranger_home.mkdir()
    stranger = Authority.in_directory(stranger_home, clock)
    expired = Authority.opened(tmp_path / "agent-authority.crt", tmp_path / "agent-authority.key", yesterday)
    async with serving(store, certificates=certificates) as served:
        agent_id = (await served.enrolled(csr=csr)).agent_id
        for authority in (stranger, expired):
            signed = authority.sign(csr, agent_id)
            shown = pb.Identity(agent_id=agent_id, certificate=signed.certificate)
            tls = as_client(tmp_path, certificates, shown, key)
            async with open_channel(f"localhost:{served.rpc.ports[1]}", tls=tls) as channel:
                with pytest.raises(grpc.aio.AioRpcError) as caught:
                    await MeshServiceStub(channel).RenewIdentity(pb.RenewIdentityRequest(csr=csr), timeout=10)
                assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        # the users' listener asks for no certificate, and tokens count for nothing with TLS
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await served.service.RenewIdentity(pb.RenewIdentityRequest(csr=csr))
        assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
