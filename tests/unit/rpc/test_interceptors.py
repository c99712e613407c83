"""The frame around every call, on a real server: id, sign-in, rules, log, ends of streams."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import grpc
import pytest

from conduix.errors import PermissionDenied, Unauthenticated
from conduix.rpc.channel import MAX_MESSAGE_BYTES
from conduix.rpc.errors import REQUEST_ID_KEY, RemoteError, remote_errors
from conduix.rpc.interceptors import Call, Principal, current_call
from conduix.v1.common_pb2 import Paging
from conduix.v1.mesh_service_pb2 import AgentMessage, ServerMessage, StreamTelemetryRequest
from conduix.v1.pipeline_service_pb2 import (
    ListPipelinesRequest,
    PipelineRef,
    UpdatePipelineRequest,
    WatchPipelinesRequest,
)
from conduix.v1.system_service_pb2 import GetInfoRequest
from tests.unit.rpc.serving import Somebody, send_bytes, serving


async def test_every_answer_has_an_id_and_a_callers_own_is_kept() -> None:
    async with serving() as served:
        first = served.system.GetInfo(GetInfoRequest())
        second = served.system.GetInfo(GetInfoRequest(), metadata=((REQUEST_ID_KEY, "mine-1"),))
        await asyncio.gather(first, second)
        assert len(str((await first.initial_metadata())[REQUEST_ID_KEY])) == 36
        assert (await second.initial_metadata())[REQUEST_ID_KEY] == "mine-1"


@pytest.mark.parametrize("given", ["x" * 129, "a b", "a%0Ab", "<script>"])
async def test_an_id_that_could_forge_log_lines_is_replaced(given: str) -> None:
    async with serving() as served:
        call = served.system.GetInfo(GetInfoRequest(), metadata=((REQUEST_ID_KEY, given),))
        await call
        assert (await call.initial_metadata())[REQUEST_ID_KEY] != given


async def test_a_broken_rule_names_the_fields() -> None:
    request = UpdatePipelineRequest(pipeline=PipelineRef(id="7"), labels={"": "x"}, etag="1")
    async with serving() as served:
        with pytest.raises(RemoteError) as caught, remote_errors():
            await served.pipelines.UpdatePipeline(request)
    assert caught.value.code == "INVALID_ARGUMENT"
    assert {violation.field for violation in caught.value.violations} == {"pipeline.id", 'labels[""]', "update_mask"}
    assert all(violation.description and violation.rule for violation in caught.value.violations)


async def test_a_rule_about_a_whole_message_names_that() -> None:
    async with serving() as served:
        with pytest.raises(RemoteError, match="exclude each other") as caught, remote_errors():
            await served.pipelines.ListPipelines(ListPipelinesRequest(paging=Paging(page=1, page_token="x")))  # noqa: S106 - not a password
    assert caught.value.violations[0].field == "paging"


async def test_rules_hold_for_each_message_of_a_stream() -> None:
    async with serving() as served:
        stream = served.mesh.Connect()
        await stream.write(AgentMessage(id="1"))
        answer = await stream.read()
        assert isinstance(answer, ServerMessage)
        assert answer.in_reply_to == "1"
        await stream.write(AgentMessage(id=""))
        with pytest.raises(RemoteError) as caught, remote_errors():
            await stream.read()
    assert [violation.field for violation in caught.value.violations] == ["id"]


async def test_streams_of_requests_are_answered_once() -> None:
    async def requests() -> AsyncIterator[StreamTelemetryRequest]:
        yield StreamTelemetryRequest()

    async with serving() as served:
        call = served.mesh.StreamTelemetry(requests())
        await call
        assert (await call.initial_metadata())[REQUEST_ID_KEY]


async def test_the_hook_sees_the_call_and_the_servicer_sees_who_it_is() -> None:
    seen: list[Call] = []

    async def authorise(call: Call) -> Principal | None:
        seen.append(call)
        return Somebody("user:ada")

    async with serving(authorise) as served:
        principals: list[Principal | None] = []

        async def look() -> None:
            principals.append(current_call().principal)

        served.script.before = look
        await served.system.GetInfo(GetInfoRequest(), metadata=(("authorization", "Bearer t"),))
    assert seen[0].method == "/conduix.v1.SystemService/GetInfo"
    assert seen[0].metadata["authorization"] == "Bearer t"
    assert seen[0].peer.startswith("ipv4:127.0.0.1:")
    assert seen[0].identities == ()
    assert principals == [Somebody("user:ada")]


@pytest.mark.parametrize("refusal", [Unauthenticated("sign in"), PermissionDenied("not yours")])
async def test_who_may_not_call_learns_nothing_of_the_rules(refusal: Unauthenticated | PermissionDenied) -> None:
    async def authorise(_call: Call) -> Principal | None:
        raise refusal

    async with serving(authorise) as served:
        with pytest.raises(RemoteError) as caught, remote_errors():
            await served.pipelines.ListPipelines(ListPipelinesRequest(paging=Paging(page_size=1000)))
        with pytest.raises(RemoteError) as streamed, remote_errors():
            await served.pipelines.WatchPipelines(WatchPipelinesRequest()).read()
        assert not served.script.entered.is_set()
    assert caught.value.code == streamed.value.code == refusal.code
    assert caught.value.violations == ()


async def test_each_call_is_one_line_with_id_caller_method_status_and_time(caplog: pytest.LogCaptureFixture) -> None:
    async def authorise(_call: Call) -> Principal | None:
        return Somebody("user:ada")

    caplog.set_level(logging.INFO, "conduix.access")
    async with serving(authorise) as served:
        await served.system.GetInfo(GetInfoRequest(), metadata=((REQUEST_ID_KEY, "one"),))
        with pytest.raises(RemoteError), remote_errors():
            await send_bytes(served.channel, "/conduix.v1.SystemService/Nothing", b"")
    lines = [record.getMessage() for record in caplog.records if record.name == "conduix.access"]
    assert len(lines) == 2
    assert lines[0].startswith("/conduix.v1.SystemService/GetInfo OK ")
    assert lines[0].endswith("id=one")
    assert "caller=user:ada" in lines[0]
    assert " UNIMPLEMENTED " in lines[1]


async def test_a_method_that_is_not_there_has_a_code_and_an_id() -> None:
    async with serving() as served:
        with pytest.raises(RemoteError) as caught, remote_errors():
            await send_bytes(served.channel, "/conduix.v1.SystemService/Nothing", b"")
    assert (caught.value.code, caught.value.status) == ("METHOD_UNKNOWN", "UNIMPLEMENTED")
    assert caught.value.request_id


async def test_a_cancelled_stream_ends_its_servicer_and_leaves_no_task() -> None:
    async with serving() as served:
        await served.system.GetInfo(GetInfoRequest())
        idle = len(asyncio.all_tasks())  # gRPC waits for the next call in a task, another one each time
        for _ in range(20):
            served.script.left.clear()
            stream = served.pipelines.WatchPipelines(WatchPipelinesRequest())
            await stream.read()
            assert len(asyncio.all_tasks()) > idle
            stream.cancel()
            await asyncio.wait_for(served.script.left.wait(), 5)
        async with asyncio.timeout(5):
            while len(asyncio.all_tasks()) > idle:  # noqa: ASYNC110 - nothing says when gRPC's own tasks end
                await asyncio.sleep(0)


async def test_a_message_over_the_limit_is_refused_and_the_connection_lives_on() -> None:
    async with serving() as served:
        served.script.version = "x" * (MAX_MESSAGE_BYTES + 1)
        with pytest.raises(RemoteError) as caught, remote_errors():
            await served.system.GetInfo(GetInfoRequest())
        assert caught.value.code == "RESOURCE_EXHAUSTED"
        with pytest.raises(RemoteError) as refused, remote_errors():
            await send_bytes(served.channel, "/conduix.v1.SystemService/GetInfo", bytes(MAX_MESSAGE_BYTES + 1))
        assert refused.value.code == "RESOURCE_EXHAUSTED"
        served.script.version = "2"
        assert (await served.system.GetInfo(GetInfoRequest())).version == "2"


async def test_a_server_refuses_what_a_client_does_not_limit() -> None:
    async with serving() as served, grpc.aio.insecure_channel(served.address) as bare:
        with pytest.raises(RemoteError) as caught, remote_errors():
            await send_bytes(bare, "/conduix.v1.SystemService/GetInfo", bytes(MAX_MESSAGE_BYTES + 1))
    assert caught.value.code == "RESOURCE_EXHAUSTED"


async def test_bytes_that_are_no_message_are_refused_and_the_connection_lives_on() -> None:
    async with serving() as served:
        with pytest.raises(RemoteError) as caught, remote_errors():
            await send_bytes(served.channel, "/conduix.v1.PipelineService/ListPipelines", b"\xff\xff\xff\xff")
        assert (caught.value.code, caught.value.status) == ("INVALID_ARGUMENT", "INVALID_ARGUMENT")
        assert caught.value.request_id
        await served.system.GetInfo(GetInfoRequest())
