"""AgentService: lists, filters, watches, join tokens, and requests that are wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable

import pytest
from google.protobuf.duration_pb2 import Duration

from conduix.errors import ConduixError
from conduix.rpc.errors import remote_errors
from conduix.v1 import agent_service_pb2 as pb
from conduix.v1 import common_pb2
from conduix.v1.pipeline_service_pb2 import PIPELINE_STATE_RUNNING
from conduix_server.store.store import new_id
from tests.eventually import eventually
from tests.integration.mesh.serving import Served
from tests.integration.mesh.test_sessions import assign, connected, running


async def code_of(call: Awaitable[object]) -> str:
    with pytest.raises(ConduixError) as caught, remote_errors():
        await call
    return caught.value.code


async def names(served: Served, filter_text: str = "", **paging: object) -> list[str]:
    asked = common_pb2.Paging(filter=filter_text, **paging)  # type: ignore[arg-type]
    with remote_errors():
        answer = await served.agents.ListAgents(pb.ListAgentsRequest(paging=asked))
    return [agent.name for agent in answer.agents]


async def test_agents_are_listed_by_what_they_are(served: Served) -> None:
    eu = await served.join_token(zone="eu")
    identity = await served.enrolled("a2", eu)
    agent = await connected(served, "a1")
    await served.enrolled("a3", eu)
    assert await names(served) == ["a1", "a2", "a3"]
    assert await names(served, order_by="name desc", page_size=2) == ["a3", "a2"]
    assert await names(served, "label.zone=eu") == ["a2", "a3"]
    assert await names(served, "label.zone=eu name=a3") == ["a3"]
    assert await names(served, "state=ONLINE") == ["a1"]
    assert await names(served, "state=offline") == ["a2", "a3"]
    assert await names(served, "mode=STREAM") == ["a1"]
    assert await names(served, order_by="seen_at") == ["a2", "a3", "a1"] or agent.open
    await served.agents.RemoveAgent(pb.RemoveAgentRequest(id=identity.agent_id))
    assert await names(served) == ["a1", "a3"]
    assert await names(served, "state=REVOKED") == ["a2"]
    assert (await served.shown("a2")).state == pb.AGENT_STATE_REVOKED
    await agent.hang_up()


@pytest.mark.parametrize("wrong", ["nonsense", "color=red", "state=AWAKE", "mode=", "label.=x", 'name="a'])
async def test_conditions_that_are_none_are_told(served: Served, wrong: str) -> None:
    assert await code_of(names(served, wrong)) == "INVALID_ARGUMENT"


async def test_calls_about_nobody(served: Served) -> None:
    agents, nobody = served.agents, new_id()
    assert await code_of(agents.GetAgent(pb.GetAgentRequest(id="nobody"))) == "AGENT_NOT_FOUND"
    assert await code_of(agents.GetAgent(pb.GetAgentRequest())) == "INVALID_ARGUMENT"
    assert await code_of(agents.GetAgentStatus(pb.GetAgentStatusRequest(id="x"))) == "AGENT_NOT_FOUND"
    assert await code_of(agents.AdoptAgent(pb.AdoptAgentRequest(id=nobody))) == "AGENT_NOT_FOUND"
    assert await code_of(agents.RemoveAgent(pb.RemoveAgentRequest(id=nobody))) == "AGENT_NOT_FOUND"
    assert await code_of(agents.RemoveAgent(pb.RemoveAgentRequest(id="a1"))) == "INVALID_ARGUMENT"
    assert await code_of(agents.RevokeJoinToken(pb.RevokeJoinTokenRequest(id=nobody))) == "JOIN_TOKEN_NOT_FOUND"


async def test_the_status_of_an_agent_has_its_replicas(served: Served) -> None:
    agent = await served.agent()
    pipeline_id = await assign(served.store, agent)
    await agent.connect()
    agent.observe(running(pipeline_id, detail="busy"))
    await eventually(lambda: agent.open and agent.reports.settled)
    status = await served.agents.GetAgentStatus(pb.GetAgentStatusRequest(id="a1"))
    (replica,) = status.replicas
    assert (replica.pipeline_id, replica.state, replica.detail) == (pipeline_id, PIPELINE_STATE_RUNNING, "busy")
    assert status.agent.replicas == 1
    await agent.hang_up()


async def test_a_removed_agent_keeps_what_is_assigned_to_it(served: Served) -> None:
    agent = await connected(served)
    await assign(served.store, agent)
    await eventually(lambda: agent.applied)
    request = pb.RemoveAgentRequest(id=agent.disk.identity.agent_id, request_id="once")
    await served.agents.RemoveAgent(request)
    await served.agents.RemoveAgent(request)
    assert (await served.shown(request.id)).replicas == 1
    await eventually(lambda: agent.ended, timeout=5)
    await agent.hang_up()


async def test_a_join_token_is_shown_once(served: Served) -> None:
    request = pb.CreateJoinTokenRequest(name="rack", request_id="once", lifetime=Duration(seconds=60), max_uses=3)
    made = await served.agents.CreateJoinToken(request)
    assert made.token.startswith("cdxj_")
    token = made.join_token
    assert (token.name, token.uses, token.max_uses) == ("rack", 0, 3)
    assert token.expires_at.seconds - token.created_at.seconds == 60
    assert await code_of(served.agents.CreateJoinToken(request)) == "FAILED_PRECONDITION"
    listed = await served.agents.ListJoinTokens(pb.ListJoinTokensRequest())
    assert list(listed.join_tokens) == [token]
    assert made.token not in str(listed)
    plain = await served.agents.CreateJoinToken(pb.CreateJoinTokenRequest(name="plain"))
    assert plain.join_token.max_uses == 1
    assert plain.join_token.expires_at.seconds - plain.join_token.created_at.seconds == 3600
    for wrong in (
        pb.CreateJoinTokenRequest(),
        pb.CreateJoinTokenRequest(name="n", max_uses=-1),
        pb.CreateJoinTokenRequest(name="n", lifetime=Duration(seconds=-1)),
        pb.CreateJoinTokenRequest(name="n", labels={"-": "x"}),
    ):
        assert await code_of(served.agents.CreateJoinToken(wrong)) == "INVALID_ARGUMENT"


def kind(answer: pb.WatchAgentsResponse) -> tuple[str, str]:
    return common_pb2.ChangeKind.Name(answer.kind).removeprefix("CHANGE_KIND_"), answer.agent.name or answer.agent.id


async def told(watch: AsyncIterator[pb.WatchAgentsResponse], wanted: tuple[str, str]) -> pb.WatchAgentsResponse:
    while kind(answer := await anext(watch)) != wanted:
        pass
    return answer


async def test_a_watch_has_the_list_and_then_what_changes(served: Served) -> None:
    first = await served.enrolled("a1", await served.join_token(zone="eu"))
    call = served.agents.WatchAgents(pb.WatchAgentsRequest(filter="label.zone=eu"))
    watch: AsyncIterator[pb.WatchAgentsResponse] = aiter(call)
    assert [kind(await anext(watch)) for _ in range(2)] == [("SNAPSHOT", "a1"), ("SYNCED", "")]
    await served.enrolled("a2")
    second = await served.enrolled("a3", await served.join_token(zone="eu"))
    # what the snapshot shows already may come once more
    added = await told(watch, ("ADDED", "a3"))
    await served.agents.AdoptAgent(pb.AdoptAgentRequest(id=first.agent_id))
    await told(watch, ("UPDATED", "a1"))
    await served.agents.RemoveAgent(pb.RemoveAgentRequest(id=second.agent_id))
    assert kind(await anext(watch)) == ("REMOVED", second.agent_id)
    call.cancel()
    resumed = pb.WatchAgentsRequest(filter="label.zone=eu", resume_token=added.resume_token)
    call = served.agents.WatchAgents(resumed)
    watch = aiter(call)
    seen = [kind(await anext(watch)) for _ in range(2)]
    assert seen == [("UPDATED", "a1"), ("REMOVED", second.agent_id)]
    call.cancel()


@pytest.mark.parametrize(("token", "code"), [("nonsense", "INVALID_ARGUMENT"), ("cffffff", "RESUME_TOKEN_EXPIRED")])
async def test_a_watch_goes_on_only_from_what_is_kept(served: Served, token: str, code: str) -> None:
    async def first() -> object:
        return await anext(aiter(served.agents.WatchAgents(pb.WatchAgentsRequest(resume_token=token))))

    assert await code_of(first()) == code
