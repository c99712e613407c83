"""S1: every method of every service, called by everybody who could try, against a table that a person has read."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

import conduix.v1
from conduix.rpc.errors import from_rpc_error
from conduix_server.policy import TABLE, Role
from tests.integration.server.matrix import CALLERS, MATRIX
from tests.integration.server.world import Bearer, Served, bearer, tokens_of_yesterday

UNSEEN = {"UNAUTHENTICATED", "PERMISSION_DENIED"}


def methods() -> Iterator[MethodDescriptor]:
    """Of all services of the contract, and of those that every server has."""
    files = [
        importlib.import_module(f"conduix.v1.{module.name}").DESCRIPTOR
        for module in pkgutil.iter_modules(conduix.v1.__path__)
        if module.name.endswith("_pb2")
    ]
    for file in (*files, health_pb2.DESCRIPTOR, reflection_pb2.DESCRIPTOR):
        for service in file.services_by_name.values():
            yield from service.methods


def name_of(method: MethodDescriptor) -> str:
    return f"{method.containing_service.full_name}/{method.name}"


def test_every_method_of_the_contract_has_a_row_in_both_tables() -> None:
    found = {name_of(method) for method in methods()}
    v1 = "grpc.reflection.v1.ServerReflection/ServerReflectionInfo"  # made at run time out of v1alpha
    assert found | {v1} == set(MATRIX) == {row.removeprefix("/") for row in TABLE}


async def credentials(served: Served) -> dict[str, Bearer]:
    """Of every kind of caller."""
    people = {role: await served.user(role) for role in Role}
    gone = await served.api_token(people[Role.ADMIN])
    await served.revoke(gone)
    old, _ = tokens_of_yesterday().issue_access_token(people[Role.ADMIN].id, "none")
    named = {role.value: bearer(await served.api_token(person)) for role, person in people.items()}
    _, agent = await served.agent()
    return {**named, "anonymous": (), "agent": bearer(agent), "expired": bearer(old), "revoked": bearer(gone)}


async def outcome(channel: grpc.aio.Channel, method: MethodDescriptor, who: Bearer) -> tuple[str, str]:
    """Status and code that an empty request gets; a stream that gives something has let the caller in."""
    kinds = {
        (False, False): channel.unary_unary,
        (False, True): channel.unary_stream,
        (True, False): channel.stream_unary,
        (True, True): channel.stream_stream,
    }
    make: Any = kinds[method.client_streaming, method.server_streaming]
    stub = make(f"/{name_of(method)}", request_serializer=bytes, response_deserializer=bytes)
    call = stub(iter(()) if method.client_streaming else b"", metadata=who, timeout=20)
    try:
        if method.server_streaming:
            await call.read()
            call.cancel()
        else:
            await call
    except grpc.aio.AioRpcError as error:
        failed = from_rpc_error(error)
        return failed.status, failed.code
    return "OK", ""


async def test_everybody_may_what_the_table_says_and_nothing_else(served: Served) -> None:
    shown = await credentials(served)
    assert set(shown) == set(CALLERS)
    wrong = []
    for method in methods():
        for caller, who in shown.items():
            status, code = await outcome(served.channel, method, who)
            let_in = status not in UNSEEN
            if let_in != (caller in MATRIX[name_of(method)]) or status in {"INTERNAL", "DEADLINE_EXCEEDED"}:
                wrong.append(f"{name_of(method)} by {caller}: {status} {code}")
            if not let_in:
                assert code == refusal(caller), f"{name_of(method)} by {caller}: {code}"
    assert wrong == []


def refusal(caller: str) -> str:
    """With which code somebody is refused who may not."""
    alone = {"anonymous": "UNAUTHENTICATED", "expired": "TOKEN_EXPIRED", "revoked": "TOKEN_REVOKED"}
    return alone.get(caller, "PERMISSION_DENIED")


@pytest.mark.parametrize("method", ["/conduix.v1.SystemService/Shutdown", "/conduix.v1.Nothing/AtAll", "/x"])
async def test_a_method_that_no_server_has_is_unknown_to_everybody(small: Served, method: str) -> None:
    for who in ((), bearer(await small.api_token(await small.user()))):
        assert await raw(small.channel, method, who) == ("UNIMPLEMENTED", "METHOD_UNKNOWN")


async def test_a_method_that_has_no_row_is_refused_to_everybody(small: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    method = "/conduix.v1.SystemService/GetInfo"
    monkeypatch.setattr("conduix_server.control.callers.TABLE", {row: TABLE[row] for row in TABLE if row != method})
    assert await raw(small.channel, method, ()) == ("UNAUTHENTICATED", "UNAUTHENTICATED")
    admin = bearer(await small.api_token(await small.user()))
    assert await raw(small.channel, method, admin) == ("PERMISSION_DENIED", "PERMISSION_DENIED")


async def raw(channel: grpc.aio.Channel, method: str, who: Bearer) -> tuple[str, str]:
    call = channel.unary_unary(method, request_serializer=bytes, response_deserializer=bytes)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call(b"", metadata=who)
    failed = from_rpc_error(refused.value)
    return failed.status, failed.code
