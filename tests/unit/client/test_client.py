"""Calls: tokens, request ids, what is tried again and what is not."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from conduix.errors import DatabaseUnavailable, FailedPrecondition, Unavailable, UsageError
from conduix.rpc.channel import ClientTls, ServerTls
from conduix.rpc.errors import RemoteError
from conduix.v1 import auth_service_pb2 as auth_pb
from conduix.v1 import common_pb2
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.client.client import Client
from conduix_tui.client.contexts import Context, ContextFile, Session
from conduix_tui.client.credentials import FixedToken, StoredSession
from conduix_tui.client.listing import pages
from conduix_tui.client.refs import is_id, pipeline_ref
from tests.unit.client.served import Script, served
from tests.unit.rpc.certificates import Authority

GET = pb.GetPipelineRequest(pipeline=pb.PipelineRef(name="orders"))
STOP = pb.StopPipelineRequest(pipeline=pb.PipelineRef(name="orders"))


def test_another_machine_is_not_spoken_to_in_the_clear() -> None:
    with pytest.raises(UsageError, match="another machine") as refused:
        Client("conduix.example.com:50051", None)
    assert "--tls" in refused.value.remedy


async def test_the_token_goes_with_each_call() -> None:
    script = Script()
    async with served(script) as address, Client(address, None, FixedToken("good")) as client:
        me = await client.call(client.auth.GetMe, auth_pb.GetMeRequest())
    assert me.username == "ada"
    assert script.tokens == ["good"]


async def test_a_refusal_has_code_and_remedy() -> None:
    async with served(Script()) as address, Client(address, None, FixedToken("bad")) as client:
        with pytest.raises(RemoteError) as refused:
            await client.call(client.auth.GetMe, auth_pb.GetMeRequest())
    assert refused.value.code == "UNAUTHENTICATED"
    assert refused.value.remedy == "sign in"


async def test_an_expired_access_token_is_refreshed_and_the_call_made_again(tmp_path: Path) -> None:
    script = Script(good_tokens={"access-2"}, expired_tokens={"access-1"})
    far = int(time.time()) + 3600
    answer = auth_pb.RefreshResponse(
        credentials=auth_pb.Credentials(access_token="access-2", refresh_token="refresh-2")
    )
    answer.credentials.access_expires_at.FromSeconds(far)
    answer.credentials.session_expires_at.FromSeconds(far)
    script.on("Refresh", answer)
    file = ContextFile(tmp_path / "contexts.yaml")
    session = Session("access-1", far, "refresh-1", far)
    async with served(script) as address:
        file.put("here", Context(address, session=session))
        async with Client(address, None, StoredSession(file, "here", session)) as client:
            assert (await client.call(client.auth.GetMe, auth_pb.GetMeRequest())).username == "ada"
    assert script.tokens == ["access-1", "", "access-2"]
    stored = file.get("here").session
    assert stored is not None
    assert (stored.access_token, stored.refresh_token) == ("access-2", "refresh-2")


async def test_what_passes_is_tried_again_with_the_same_request_id() -> None:
    script = Script()
    script.on(
        "StopPipeline", DatabaseUnavailable("away", retry_after=0.01), DatabaseUnavailable("away", retry_after=0.01),
        pb.StopPipelineResponse(),
    )  # fmt: skip
    async with served(script) as address, Client(address, None, FixedToken("good")) as client:
        await client.call(client.pipelines.StopPipeline, STOP)
    ids = {request.request_id for request in script.asked}
    assert len(script.asked) == 3
    assert len(ids) == 1
    assert is_id(ids.pop())


async def test_two_calls_have_two_request_ids() -> None:
    script = Script()
    script.on("StopPipeline", pb.StopPipelineResponse(), pb.StopPipelineResponse())
    async with served(script) as address, Client(address, None, FixedToken("good")) as client:
        for _ in range(2):
            await client.call(client.pipelines.StopPipeline, pb.StopPipelineRequest(pipeline=STOP.pipeline))
    assert len({request.request_id for request in script.asked}) == 2


@pytest.mark.parametrize(
    "error",
    [Unavailable("without a word about later"), FailedPrecondition("no"), Unavailable("late", retry_after=60.0)],
)
async def test_what_does_not_pass_is_told_at_once(error: Unavailable | FailedPrecondition) -> None:
    script = Script()
    script.on("GetPipeline", error)
    async with served(script) as address, Client(address, None, FixedToken("good")) as client:
        with pytest.raises(RemoteError, match=error.message):
            await client.call(client.pipelines.GetPipeline, GET)
    assert len(script.asked) == 1


async def test_no_server_is_said_at_once() -> None:
    async with Client("127.0.0.1:1", None) as client:
        with pytest.raises(RemoteError) as refused:
            await client.call(client.auth.GetMe, auth_pb.GetMeRequest())
    assert refused.value.status == "UNAVAILABLE"


def page(names: list[str], following: str) -> pb.ListPipelinesResponse:
    return pb.ListPipelinesResponse(
        pipelines=[pb.Pipeline(name=name) for name in names],
        page_info=common_pb2.PageInfo(next_page_token=following),
    )


async def test_a_list_is_read_to_its_end() -> None:
    script = Script()
    script.on("ListPipelines", page(["a", "b"], "more"), page(["c"], ""))
    request = pb.ListPipelinesRequest(paging=common_pb2.Paging(filter="mode=BATCH"))
    async with served(script) as address, Client(address, None, FixedToken("good")) as client:
        found = [
            p.name async for answer in pages(client, client.pipelines.ListPipelines, request) for p in answer.pipelines
        ]
    assert found == ["a", "b", "c"]
    assert [asked.paging.page_token for asked in script.asked] == ["", "more"]
    assert {asked.paging.filter for asked in script.asked} == {"mode=BATCH"}


async def test_a_list_with_a_limit_asks_for_no_more() -> None:
    script = Script()
    script.on(
        "ListPipelines", page([str(i) for i in range(100)], "more"), page([str(i) for i in range(20)], "even more")
    )
    async with served(script) as address, Client(address, None, FixedToken("good")) as client:
        method = client.pipelines.ListPipelines
        answers = [answer async for answer in pages(client, method, pb.ListPipelinesRequest(), limit=120)]
    assert sum(len(answer.pipelines) for answer in answers) == 120
    assert [asked.paging.page_size for asked in script.asked] == [100, 20]


def test_pipelines_are_named_by_name_or_id() -> None:
    identity = "01a1ff88-67f0-7476-8b41-8f5100af62ac"
    assert pipeline_ref("orders").name == "orders"
    assert pipeline_ref(identity).id == identity
    assert pipeline_ref(identity.upper()).name == identity.upper()


async def test_tls_trusts_the_authority_that_was_named_and_no_other(tmp_path: Path) -> None:
    ours, other = Authority("ours"), Authority("other")
    chain, key = ours.issue(tmp_path, "server", hosts=["localhost"])
    async with served(Script(), ServerTls(chain, key)) as listening:
        address = listening.replace("127.0.0.1", "localhost")
        trusting = ClientTls(authority=ours.write(tmp_path / "ours-ca.pem"))
        async with Client(address, trusting, FixedToken("good")) as client:
            assert (await client.call(client.auth.GetMe, auth_pb.GetMeRequest())).username == "ada"
        mistrusting = ClientTls(authority=other.write(tmp_path / "other-ca.pem"))
        async with Client(address, mistrusting, FixedToken("good")) as client:
            with pytest.raises(RemoteError) as refused:
                await client.call(client.auth.GetMe, auth_pb.GetMeRequest())
    assert refused.value.status == "UNAVAILABLE"
    assert "CERTIFICATE_VERIFY_FAILED" in refused.value.message
