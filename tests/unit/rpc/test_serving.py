"""What every server of the house has: health, reflection of both versions, TLS, an end without losses."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import grpc
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from conduix.errors import UsageError
from conduix.rpc.channel import ClientTls, Listener, ServerTls, open_channel
from conduix.rpc.errors import RemoteError, remote_errors
from conduix.rpc.interceptors import Call, Principal
from conduix.rpc.serving import REFLECTION_V1, RpcServer
from conduix.v1.system_service_pb2 import GetInfoRequest
from conduix.v1.system_service_pb2_grpc import SystemServiceStub
from tests.unit.rpc.certificates import Authority
from tests.unit.rpc.serving import SERVICES, Script, anybody, send_bytes, services, serving

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


async def healthy(channel: grpc.aio.Channel, service: str) -> int:
    request = health_pb2.HealthCheckRequest(service=service).SerializeToString()
    answer = await send_bytes(channel, "/grpc.health.v1.Health/Check", request)
    return health_pb2.HealthCheckResponse.FromString(answer).status


async def test_health_is_told_by_service() -> None:
    async with serving() as served:
        for name in ("", *(f"conduix.v1.{service}" for service in SERVICES)):
            assert await healthy(served.channel, name) == SERVING
        await served.server.set_serving("conduix.v1.MeshService", serving=False)
        assert await healthy(served.channel, "conduix.v1.MeshService") == NOT_SERVING
        assert await healthy(served.channel, "conduix.v1.SystemService") == SERVING
        with pytest.raises(RemoteError) as caught, remote_errors():
            await healthy(served.channel, "conduix.v1.Nothing")
        assert caught.value.code == "NOT_FOUND"


async def test_a_draining_server_says_so_and_answers_until_its_calls_are_done() -> None:
    async with serving() as served:
        gate = asyncio.Event()

        async def wait() -> None:
            await gate.wait()

        served.script.before = wait
        running = asyncio.ensure_future(served.system.GetInfo(GetInfoRequest()))
        await served.script.entered.wait()
        await served.server.enter_drain()
        assert await healthy(served.channel, "conduix.v1.SystemService") == NOT_SERVING
        stopping = asyncio.create_task(served.server.stop(grace=30))
        gate.set()
        assert (await running).version == "1"
        await asyncio.wait_for(stopping, 10)
        await asyncio.wait_for(served.server.wait_stopped(), 10)


async def test_a_port_that_is_taken_is_an_error_and_not_shared() -> None:
    async with serving() as served:
        with pytest.raises(UsageError, match=served.address):
            RpcServer(services(Script()), [Listener(served.address)], authorise=anybody)


@pytest.mark.parametrize("version", ["grpc-v1", "grpc-v1alpha"])
async def test_buf_curl_calls_by_reflection_alone(version: str) -> None:
    async with serving() as served:
        url = f"http://{served.address}"
        listed = await buf("--reflect-protocol", version, "--list-methods", url)
        assert "conduix.v1.SystemService/GetInfo" in listed
        assert "conduix.v1.PipelineService/WatchPipelines" in listed
        answer = await buf("--reflect-protocol", version, "-d", "{}", f"{url}/conduix.v1.SystemService/GetInfo")
        assert json.loads(answer) == {"version": "1"}


async def buf(*arguments: str) -> str:
    program = str(Path(sys.executable).with_name("buf"))
    command = (program, "curl", "--protocol", "grpc", "--http2-prior-knowledge", *arguments)
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0, err.decode()
    return out.decode()


async def test_reflection_describes_everything_that_it_lists() -> None:
    async with serving() as served:
        described = await asyncio.to_thread(describe_all, served.address)
    assert described == {
        *(f"conduix.v1.{name}" for name in SERVICES),
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
        REFLECTION_V1,
    }


def describe_all(address: str) -> set[str]:
    """As gRPC's own client sees it: from the server's descriptors, not from those of this process."""
    with grpc.insecure_channel(address) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        pool = DescriptorPool(database)
        return {pool.FindServiceByName(name).full_name for name in database.get_services()}


async def test_tls_is_verified_and_names_the_caller(tmp_path: Path) -> None:
    ours, others = Authority("ours"), Authority("others")
    certificate, key = ours.issue(tmp_path, "localhost", hosts=["localhost"])
    root = ours.write(tmp_path / "root.pem")
    calls: list[Call] = []

    async def authorise(call: Call) -> Principal | None:
        calls.append(call)
        return None

    listeners = [
        Listener("localhost:0", ServerTls(certificate, key)),
        Listener("localhost:0", ServerTls(certificate, key, client_authority=root)),
    ]
    server = RpcServer(services(Script()), listeners, authorise=authorise)
    await server.start()
    plain, mutual = (f"localhost:{port}" for port in server.ports)
    agent, agent_key = ours.issue(tmp_path, "agent-7", hosts=["agent-7"])
    forged, forged_key = others.issue(tmp_path, "forged", hosts=["agent-7"])

    assert await call_by(plain, ClientTls(root)) == "OK"
    assert calls[-1].identities == ()
    assert await call_by(mutual, ClientTls(root, agent, agent_key)) == "OK"
    assert "agent-7" in calls[-1].identities
    refused = len(calls)
    assert await call_by(mutual, ClientTls(root)) == "UNAVAILABLE"
    assert await call_by(mutual, ClientTls(root, forged, forged_key)) == "UNAVAILABLE"
    assert await call_by(plain, ClientTls(others.write(tmp_path / "others.pem"))) == "UNAVAILABLE"
    assert await call_by(plain, None) == "UNAVAILABLE"
    assert await call_by(plain.replace("localhost", "127.0.0.1"), ClientTls(root)) == "UNAVAILABLE"
    assert len(calls) == refused
    await server.stop(grace=0)


async def call_by(address: str, tls: ClientTls | None) -> str:
    async with open_channel(address, tls=tls) as channel:
        try:
            with remote_errors():
                await SystemServiceStub(channel).GetInfo(GetInfoRequest(), timeout=10)
        except RemoteError as error:
            return error.status
        return "OK"


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing.pem"
    with pytest.raises(UsageError, match=r"missing\.pem"):
        ClientTls(missing).credentials()
    with pytest.raises(UsageError, match=r"missing\.pem"):
        ServerTls(missing, missing).credentials()
    with pytest.raises(UsageError, match="key"):
        ClientTls(certificate=missing).credentials()


@pytest.mark.parametrize("package", ["conduix.v1", "conduix.rpc", "conduix_server", "conduix_agent"])
def test_whatever_comes_first_grpc_finds_fork_support_switched_off(package: str) -> None:
    code = f"import {package}, os, sys; assert 'grpc' not in sys.modules; print(os.environ['GRPC_ENABLE_FORK_SUPPORT'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "false"


def test_files_that_are_no_certificate_and_its_key_are_named_before_anything_listens(tmp_path: Path) -> None:
    root = Authority("root")
    certificate, key = root.issue(tmp_path, "one", hosts=["localhost"])
    _, other = root.issue(tmp_path, "two", hosts=["localhost"])
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("garbage")
    for wrong in (ServerTls(garbage, key), ServerTls(certificate, garbage), ServerTls(certificate, other)):
        with pytest.raises(UsageError, match="are no certificate and its key"):
            wrong.credentials()
    with pytest.raises(UsageError, match=r"garbage\.pem holds no certificate"):
        ServerTls(certificate, key, garbage).credentials()
    ServerTls(certificate, key).credentials()
