"""Errors keep all they say on their way through a status: server → wire → client."""

from __future__ import annotations

import asyncio

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from conduix.errors import (
    AlreadyExists,
    ConduixError,
    DatabaseUnavailable,
    EtagStale,
    FieldViolation,
    InvalidArgument,
    NotFound,
    RateLimited,
    Resource,
)
from conduix.rpc.errors import DETAILS_KEY, DOMAIN, RemoteError, from_rpc_error, remote_errors, shorten, to_status
from conduix.spec.diagnostics import Diagnostic, DocumentError
from conduix.v1.system_service_pb2 import GetInfoRequest
from tests.unit.rpc.serving import Served, send_bytes, serving


def through_the_wire(error: ConduixError) -> RemoteError:
    """Without a server: what a client makes of the status that a server makes of the error."""
    status = to_status(error)
    trailing = grpc.aio.Metadata((DETAILS_KEY, status.SerializeToString()))
    return from_rpc_error(
        grpc.aio.AioRpcError(grpc.StatusCode[error.status], grpc.aio.Metadata(), trailing, status.message)
    )


async def failing(served: Served, error: Exception) -> RemoteError:
    async def fail() -> None:
        raise error

    served.script.before = fail
    with pytest.raises(RemoteError) as caught, remote_errors():
        await served.system.GetInfo(GetInfoRequest())
    return caught.value


@pytest.mark.parametrize(
    "error",
    [
        EtagStale("orders was changed by ada", remedy="read it again"),
        NotFound(Resource.PIPELINE, "orders"),
        AlreadyExists(Resource.API_TOKEN, "ci"),
        RateLimited("too many sign-ins", retry_after=12.5),
        InvalidArgument("two fields", violations=[FieldViolation("a.b", "must not", "x.y"), FieldViolation("c", "no")]),
        DatabaseUnavailable("the database does not answer"),
    ],
    ids=lambda error: str(error.code),
)
async def test_what_a_server_raises_is_what_a_client_catches(error: ConduixError) -> None:
    async with serving() as served:
        remote = await failing(served, error)
    assert (remote.code, remote.status, remote.message, remote.remedy) == (
        error.code,
        error.status,
        error.message,
        error.remedy,
    )
    assert remote.violations == getattr(error, "violations", ())
    assert remote.retry_after == getattr(error, "retry_after", None)
    assert (remote.resource, remote.resource_name) == (getattr(error, "resource", ""), getattr(error, "name", ""))
    assert remote.request_id


async def test_an_unknown_exception_is_internal_and_keeps_its_text_to_itself(caplog: pytest.LogCaptureFixture) -> None:
    async with serving() as served:
        remote = await failing(served, ValueError("the password is 1234"))
    assert (remote.code, remote.status) == ("INTERNAL", "INTERNAL")
    assert remote.request_id in remote.message
    assert "1234" not in repr(vars(remote))
    logged = [record for record in caplog.records if record.exc_info]
    assert len(logged) == 1
    assert remote.request_id in logged[0].getMessage()
    assert "1234" in (caplog.text)


def diagnostic(n: int, *, severity: str = "error", text: str = "no such field") -> Diagnostic:
    return Diagnostic(
        "orders.yaml",
        n,
        5,
        f"stages[{n}]",
        "UNKNOWN_KEY",
        text,
        "mapping:",
        "error" if severity == "error" else "warning",
    )


def test_a_documents_problems_arrive_with_line_and_column() -> None:
    remote = through_the_wire(DocumentError([diagnostic(1, severity="warning"), diagnostic(2)]))
    assert remote.code == "DOCUMENT_INVALID"
    assert remote.diagnostics == (diagnostic(2), diagnostic(1, severity="warning"))
    assert [violation.field for violation in remote.violations] == ["stages[2]", "stages[1]"]
    assert "orders.yaml:2:5:" in remote.violations[0].description
    assert remote.omitted == 0


@pytest.mark.parametrize("text", ["x", "é" * 200, "€" * 5000])
def test_however_many_problems_the_trailers_stay_within_a_clients_limit(text: str) -> None:
    error = DocumentError([diagnostic(n, text=text) for n in range(1000)])
    assert to_status(error).ByteSize() <= 3600
    remote = through_the_wire(error)
    assert len(remote.diagnostics) + remote.omitted == 1000
    assert remote.diagnostics[0].line == 0


async def test_a_document_with_a_thousand_problems_fails_the_call_and_not_the_connection() -> None:
    async with serving() as served:
        remote = await failing(served, DocumentError([diagnostic(n, text="€" * 300) for n in range(1000)]))
    assert remote.code == "DOCUMENT_INVALID"
    assert remote.diagnostics


async def test_a_server_that_is_not_there_has_a_code_and_a_remedy(unused_tcp_port: int) -> None:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{unused_tcp_port}") as channel:
        with pytest.raises(RemoteError) as caught, remote_errors():
            await send_bytes(channel, "/conduix.v1.SystemService/GetInfo", b"")
    assert (caught.value.code, caught.value.status) == ("UNAVAILABLE", "UNAVAILABLE")
    assert "server" in caught.value.remedy


async def test_a_deadline_that_passes_has_a_code() -> None:
    async with serving() as served:
        served.script.before = asyncio.Event().wait  # type: ignore[assignment]  # for ever
        with pytest.raises(RemoteError) as caught, remote_errors():
            await served.system.GetInfo(GetInfoRequest(), timeout=0.2)
    assert caught.value.code == "DEADLINE_EXCEEDED"


@pytest.mark.parametrize("raw", [b"", b"\xff\xff\xff", b"\x08"])
def test_damaged_details_leave_the_status(raw: bytes) -> None:
    error = grpc.aio.AioRpcError(
        grpc.StatusCode.NOT_FOUND, grpc.aio.Metadata(), grpc.aio.Metadata((DETAILS_KEY, raw)), "gone"
    )
    remote = from_rpc_error(error)
    assert (remote.code, remote.message, remote.violations) == ("NOT_FOUND", "gone", ())


def test_details_of_somebody_else_are_not_taken_for_ours() -> None:
    status = status_pb2.Status()
    status.details.add().Pack(error_details_pb2.ErrorInfo(reason="QUOTA", domain="proxy.example"))
    trailing = grpc.aio.Metadata((DETAILS_KEY, status.SerializeToString()))
    error = grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), trailing, "proxy")
    assert from_rpc_error(error).code == "UNAVAILABLE"
    assert DOMAIN == "conduix.dev"


@pytest.mark.parametrize("most", [3, 4, 10, 11])
def test_shortened_text_is_whole_characters(most: int) -> None:
    text = shorten("aé€😀" * 5, most)
    assert len(text.encode()) <= most
    assert text.endswith("…")
    assert shorten("é", 2) == "é"


def test_a_code_that_is_not_in_the_table_cannot_be_raised() -> None:
    with pytest.raises(ValueError, match="RUN"):
        AlreadyExists(Resource.RUN, "7")
