"""Errors on the wire: a ConduixError as a gRPC status with google.rpc details, and back into a RemoteError.

| detail | what it holds |
|---|---|
| ErrorInfo | `reason`: our code, `domain`: conduix.dev, `metadata`: `remedy`, `omitted` (violations that did not fit) |
| BadRequest | fields that are wrong; of a document: the path in it, and `file:line:column` in the description |
| conduix.v1.Diagnostic | the same problems of a document, for programs |
| RetryInfo | when the same call may succeed |
| ResourceInfo | what is missing, or there already |
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import grpc
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2

from conduix.errors import ConduixError, FieldViolation, InvalidArgument, RequestError, ResourceError
from conduix.spec.diagnostics import Diagnostic, DocumentError
from conduix.v1 import pipeline_service_pb2

DOMAIN = "conduix.dev"
DETAILS_KEY = "grpc-status-details-bin"
REQUEST_ID_KEY = "x-request-id"

# a client takes 8 KiB of trailers: details grow by a third in base64, the message threefold in percents
_DETAILS_BYTES = 3500
_MESSAGE_BYTES = 1000
_TEXT_BYTES = 500

_SEVERITIES = {
    "error": pipeline_service_pb2.SEVERITY_ERROR,
    "warning": pipeline_service_pb2.SEVERITY_WARNING,
}
_BARE_REMEDIES = {
    "UNAVAILABLE": "check that a Conduix server runs at that address and can be reached",
    "DEADLINE_EXCEEDED": "try again, or allow the call more time",
    "UNIMPLEMENTED": "server and client are of different versions: update the older one",
}

M = TypeVar("M", bound=Message)


class RemoteError(ConduixError):
    """A call failed; all that the server said of it, or the bare gRPC status when no server did.

    `code` is the server's stable code, else the status' name; `status` is the name of the gRPC status.
    `violations` are the request's wrong fields, `diagnostics` a document's problems; `omitted` more did not fit.
    `retry_after` is in seconds; `request_id` finds the call in the server's log.
    """

    def __init__(self, message: str, *, code: str, status: str, remedy: str = "", request_id: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.code = code
        self.status = status
        self.request_id = request_id
        self.violations: tuple[FieldViolation, ...] = ()
        self.diagnostics: tuple[Diagnostic, ...] = ()
        self.omitted = 0
        self.retry_after: float | None = None
        self.resource = ""
        self.resource_name = ""


def to_status(error: ConduixError) -> status_pb2.Status:
    """The google.rpc.Status of an error, never larger than a client's limit for trailers."""
    status = status_pb2.Status(code=_number(error.status), message=shorten(error.message, _MESSAGE_BYTES))
    info = error_details_pb2.ErrorInfo(reason=error.code, domain=DOMAIN)
    if error.remedy:
        info.metadata["remedy"] = shorten(error.remedy, _TEXT_BYTES)
    details: list[Message] = [info, *_plain_details(error)]
    room = _DETAILS_BYTES - len(status.message.encode()) - sum(detail.ByteSize() + 64 for detail in details)
    bad = error_details_pb2.BadRequest()
    for violation, diagnostic in _violations(error):
        room -= violation.ByteSize() + (diagnostic.ByteSize() if diagnostic else 0) + 64
        if room < 0:
            break
        bad.field_violations.append(violation)
        details.extend([diagnostic] if diagnostic else [])
    if omitted := sum(1 for _ in _violations(error)) - len(bad.field_violations):
        info.metadata["omitted"] = str(omitted)
    if bad.field_violations:
        details.append(bad)
    for detail in details:
        status.details.add().Pack(detail)
    return status


def from_rpc_error(error: grpc.aio.AioRpcError) -> RemoteError:
    """What the server said with the status; a status without our details came from gRPC itself or from a proxy."""
    name = error.code().name
    details = Details(error)
    info = details.first(error_details_pb2.ErrorInfo)
    ours = info is not None and info.domain == DOMAIN
    remote = RemoteError(
        error.details() or name,
        code=info.reason if info and ours else name,
        status=name,
        remedy=info.metadata.get("remedy", "") if info and ours else _BARE_REMEDIES.get(name, ""),
        request_id=_request_id(error),
    )
    remote.omitted = int(info.metadata.get("omitted", "0")) if info and ours else 0
    remote.violations = tuple(
        FieldViolation(field.field, field.description, field.reason)
        for bad in details.all(error_details_pb2.BadRequest)
        for field in bad.field_violations
    )
    remote.diagnostics = tuple(map(_diagnostic, details.all(pipeline_service_pb2.Diagnostic)))
    if retry := details.first(error_details_pb2.RetryInfo):
        remote.retry_after = retry.retry_delay.ToTimedelta().total_seconds()
    if resource := details.first(error_details_pb2.ResourceInfo):
        remote.resource, remote.resource_name = resource.resource_type, resource.resource_name
    return remote


@contextmanager
def remote_errors() -> Iterator[None]:
    """Calls made inside raise RemoteError instead of gRPC's own exception; around a stream: its whole reading."""
    try:
        yield
    except grpc.aio.AioRpcError as error:
        raise from_rpc_error(error) from error


class Details:
    """The details of a failed call, by type; damaged ones count as absent, the status still stands."""

    def __init__(self, error: grpc.aio.AioRpcError) -> None:
        self._status = status_pb2.Status()
        raw = (error.trailing_metadata() or grpc.aio.Metadata()).get(DETAILS_KEY)
        if isinstance(raw, bytes):
            try:
                self._status.ParseFromString(raw)
            except DecodeError:
                self._status.Clear()

    def all(self, kind: type[M]) -> Iterator[M]:
        """All details of one type, in the server's order."""
        for packed in self._status.details:
            detail = kind()
            if packed.Unpack(detail):
                yield detail

    def first(self, kind: type[M]) -> M | None:
        """The first detail of one type."""
        return next(self.all(kind), None)


def shorten(text: str, most: int) -> str:
    """At most `most` bytes of UTF-8, cut between characters, with a sign that something is missing."""
    encoded = text.encode()
    return text if len(encoded) <= most else encoded[: most - 3].decode(errors="ignore") + "…"


def _number(status: str) -> int:
    number: int = grpc.StatusCode[status].value[0]
    return number


def _plain_details(error: ConduixError) -> Iterator[Message]:
    if isinstance(error, RequestError) and error.retry_after is not None:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMilliseconds(round(error.retry_after * 1000))
        yield retry
    if isinstance(error, ResourceError):
        name = shorten(error.name, _TEXT_BYTES)
        yield error_details_pb2.ResourceInfo(resource_type=error.resource, resource_name=name)


_Violation = tuple[error_details_pb2.BadRequest.FieldViolation, pipeline_service_pb2.Diagnostic | None]


def _violations(error: ConduixError) -> Iterable[_Violation]:
    if isinstance(error, InvalidArgument):
        return ((_violation(v.field, v.description, v.rule), None) for v in error.violations)
    if isinstance(error, DocumentError):
        # errors first: if something does not fit, it shall be warnings
        ordered = sorted(error.diagnostics, key=lambda diagnostic: diagnostic.severity != "error")
        return ((_violation(d.path, str(d), d.code), diagnostic_message(d)) for d in ordered)
    return ()


def _violation(field: str, description: str, rule: str) -> error_details_pb2.BadRequest.FieldViolation:
    field, description = shorten(field, _TEXT_BYTES), shorten(description, _TEXT_BYTES)
    return error_details_pb2.BadRequest.FieldViolation(field=field, description=description, reason=rule)


def diagnostic_message(diagnostic: Diagnostic) -> pipeline_service_pb2.Diagnostic:
    """A problem of a document as the contract has it; overlong texts are cut."""
    return pipeline_service_pb2.Diagnostic(
        file=shorten(diagnostic.file, _TEXT_BYTES),
        line=diagnostic.line,
        column=diagnostic.column,
        path=shorten(diagnostic.path, _TEXT_BYTES),
        code=diagnostic.code,
        message=shorten(diagnostic.message, _TEXT_BYTES),
        suggestion=shorten(diagnostic.suggestion, _TEXT_BYTES),
        severity=_SEVERITIES[diagnostic.severity],
    )


def _diagnostic(message: pipeline_service_pb2.Diagnostic) -> Diagnostic:
    return Diagnostic(
        file=message.file,
        line=message.line,
        column=message.column,
        path=message.path,
        code=message.code,
        message=message.message,
        suggestion=message.suggestion,
        severity="warning" if message.severity == pipeline_service_pb2.SEVERITY_WARNING else "error",
    )


def _request_id(error: grpc.aio.AioRpcError) -> str:
    value = (error.initial_metadata() or grpc.aio.Metadata()).get(REQUEST_ID_KEY, "")
    return value if isinstance(value, str) else value.decode(errors="replace")
