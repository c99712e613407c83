"""Streams that the server ends, methods that a servicer lacks, and what is told of each call that is over."""

from __future__ import annotations

import asyncio

import grpc
import pytest

from conduix.errors import TokenRevoked
from conduix.rpc.channel import Listener, open_channel
from conduix.rpc.errors import RemoteError, remote_errors
from conduix.rpc.interceptors import Call
from conduix.rpc.serving import RpcServer
from conduix.v1.mesh_service_pb2 import AgentMessage, FetchRevisionRequest
from conduix.v1.pipeline_service_pb2 import GetPipelineRequest, PipelineRef, WatchPipelinesRequest
from conduix.v1.system_service_pb2 import GetInfoRequest
from tests.eventually import eventually
from tests.unit.rpc.serving import Script, anybody, send_bytes, services, serving


async def test_a_stream_that_is_cut_ends_with_the_reason_and_its_servicer_with_it() -> None:
    async with serving() as served:
        stream = served.pipelines.WatchPipelines(WatchPipelinesRequest())
        await stream.read()
        (live,) = served.server.streams
        assert live.call.name == "PipelineService/WatchPipelines"
        assert live.call.address == "127.0.0.1"
        served.server.streams.cut(live, TokenRevoked("over", remedy="sign in"))
        served.server.streams.cut(live, TokenRevoked("twice"))
        with pytest.raises(RemoteError) as caught, remote_errors():
            await stream.read()
        await asyncio.wait_for(served.script.left.wait(), 5)
        assert (caught.value.code, caught.value.message, caught.value.remedy) == ("TOKEN_REVOKED", "over", "sign in")
        await eventually(lambda: len(served.server.streams) == 0)
        served.server.streams.cut(live, TokenRevoked("late"))
        assert (await served.system.GetInfo(GetInfoRequest())).version


async def test_both_ends_of_a_conversation_are_cut() -> None:
    async with serving() as served:
        talk = served.mesh.Connect()
        await talk.write(AgentMessage(id="1"))
        await talk.read()
        for live in served.server.streams:
            served.server.streams.cut(live, TokenRevoked("over"))
        with pytest.raises(RemoteError, match="over"), remote_errors():
            await talk.read()


async def test_plain_calls_are_no_streams() -> None:
    async with serving() as served:
        await served.system.GetInfo(GetInfoRequest())
        assert len(served.server.streams) == 0


async def test_a_method_that_the_servicer_lacks_is_unimplemented(caplog: pytest.LogCaptureFixture) -> None:
    async with serving() as served:
        with pytest.raises(RemoteError) as single, remote_errors():
            await served.pipelines.GetPipeline(GetPipelineRequest(pipeline=PipelineRef(name="x")))
        with pytest.raises(RemoteError) as other, remote_errors():
            await send_bytes(served.channel, "/conduix.v1.MeshService/FetchRevision", full())
    for caught in (single, other):
        assert (caught.value.status, caught.value.code) == ("UNIMPLEMENTED", "METHOD_UNKNOWN")
    assert "failed" not in caplog.text


def full() -> bytes:
    return FetchRevisionRequest(pipeline_id="01a1ff8d-eae9-74e2-af3f-c13ef2c6fbe6", number=1).SerializeToString()


async def test_a_servicer_that_raises_it_by_itself_is_a_fault() -> None:
    async def broken() -> None:
        raise NotImplementedError

    async with serving() as served:
        served.script.before = broken
        with pytest.raises(RemoteError) as caught, remote_errors():
            await served.system.GetInfo(GetInfoRequest())
    assert caught.value.status == "INTERNAL"


async def test_every_call_that_is_over_is_told_with_its_status() -> None:
    told: list[tuple[str, str, bool]] = []

    def observe(call: Call, status: str, seconds: float) -> None:
        told.append((call.name, status, seconds >= 0))

    server = RpcServer(services(Script()), [Listener("127.0.0.1:0")], authorise=anybody, observe=observe)
    await server.start()
    async with open_channel(f"127.0.0.1:{server.ports[0]}", tls=None) as channel:
        await send_bytes(channel, "/conduix.v1.SystemService/GetInfo", b"")
        with pytest.raises(grpc.aio.AioRpcError):
            await send_bytes(channel, "/conduix.v1.SystemService/Nothing", b"")
    await server.stop(grace=0)
    assert told == [("SystemService/GetInfo", "OK", True), ("SystemService/Nothing", "UNIMPLEMENTED", True)]


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("ipv4:10.0.0.7:51000", "10.0.0.7"),
        ("ipv6:%5B::1%5D:51000", "::1"),
        ("ipv6:[fe80::1]:9", "fe80::1"),
        ("unix:/run/x", ""),
        ("", ""),
    ],
)
def test_the_address_of_a_peer(peer: str, address: str) -> None:
    assert Call("/m", "id", {}, peer).address == address
