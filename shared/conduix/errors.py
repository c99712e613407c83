"""Every error that Conduix raises, with the stable code that scripts may rely on.

ConduixError
├── UsageError            wrong arguments, or state that needs a decision (exit 2)
├── DocumentError         a document that does not validate; carries its diagnostics (exit 2)
├── MappingError          one record failed in a mapping (class: record)
│   ├── MappingSyntaxError  the mapping text itself is wrong; carries line and column
│   └── RecordInvalid     a stage other than a mapping needs the record to be otherwise
├── ConnectorError        an outside system, by what is to be done about it
│   ├── TransientError    try again (network, timeout, 429, 5xx)
│   │   └── DiskError     the local disk: full, read-only, I/O error → PAUSED(DISK)
│   ├── SystemicError     a person must act (rights, missing file or topic)
│   └── RecordError       this record is refused, others are not → dead letter
├── StateError            checkpoints: FenceLost, CheckpointDamaged, StateBusy, StateDamaged, SourceChanged,
│                         WrittenDataGone
├── PipelineFailed        a run ended FAILED; carries cause and remedy (exit 1)
└── RequestError          a server refused a call: one family for each gRPC status, one class for each code
    ├── InvalidArgument     RequestIdReused
    ├── NotFound, AlreadyExists   of a Resource: PIPELINE_NOT_FOUND, USER_EXISTS
    ├── Unauthenticated     TokenInvalid, TokenExpired, TokenRevoked, JoinTokenUsed
    ├── PermissionDenied
    ├── Aborted             EtagStale, SessionSuperseded, DatabaseContended, KeyTaken
    ├── FailedPrecondition  PipelineActive, PipelineInactive, DocumentChanged, OperationUnderWay, AgentRequired,
    │                       AgentIncapable, ScaleRefused, SchemaMismatch
    ├── OutOfRange          ResumeTokenExpired
    ├── ResourceExhausted   RateLimited
    ├── Unavailable         DatabaseUnavailable, ServerBusy, AgentOffline, AgentElsewhere, CommandUnanswered
    └── MethodUnknown

Each class has the gRPC status with which it crosses the wire (`conduix.rpc.errors`). docs/reference/errors.md is made
from here: a class's code and the first line of its docstring.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Self


class ConduixError(Exception):
    """Root of all errors. `code` is stable; `remedy` says what to do, in words for a person."""

    code: str = "INTERNAL"
    status: str = "INTERNAL"
    """Name of the gRPC status."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class UsageError(ConduixError):
    """Wrong arguments, or a state in which the user must decide."""

    code = "USAGE"
    status = "INVALID_ARGUMENT"


class MappingError(ConduixError):
    """One record failed in a mapping; says the path, the types found and the mapping's line and column (from 1)."""

    code = "MAPPING_FAILED"
    status = "INVALID_ARGUMENT"

    def __init__(self, message: str, *, line: int = 0, column: int = 0, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.line = line
        self.column = column


class MappingSyntaxError(MappingError):
    """The text of a mapping is wrong; `line` and `column` count from 1 within that text."""

    code = "MAPPING_SYNTAX"


class RecordInvalid(MappingError):
    """A record is not as a stage needs it (validate, cast, split, …); says the path and what was expected there."""

    code = "RECORD_INVALID"


class ConnectorError(ConduixError):
    """An outside system refused or failed. `system` names it for the pause reason and the console."""

    code = "CONNECTOR_FAILED"
    status = "UNAVAILABLE"

    def __init__(self, message: str, *, system: str = "", remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.system = system


class TransientError(ConnectorError):
    """Worth trying again: network, timeout, throttling."""

    code = "OUTSIDE_UNAVAILABLE"


class DiskError(TransientError):
    """The local disk is full, read-only or failing; the pipeline pauses with reason DISK and resumes by itself."""

    code = "DISK"


class SystemicError(ConnectorError):
    """Nothing will change until a person acts: rights, a missing path, topic or table."""

    code = "OUTSIDE_REFUSED"
    status = "FAILED_PRECONDITION"


class RecordError(ConnectorError):
    """One record is refused and goes to the dead letters."""

    code = "RECORD_REFUSED"
    status = "INVALID_ARGUMENT"


class StateError(ConduixError):
    """A checkpoint cannot be used or written."""

    code = "STATE"
    status = "FAILED_PRECONDITION"


class FenceLost(StateError):
    """Another owner holds a higher fence: stop, write nothing."""

    code = "FENCE_LOST"
    status = "ABORTED"


class CheckpointDamaged(StateError):
    """The newest checkpoint does not verify and what it committed cannot be taken back."""

    code = "CHECKPOINT_DAMAGED"
    status = "DATA_LOSS"


class StateBusy(StateError):
    """Another process holds this state directory."""

    code = "STATE_BUSY"


class StateDamaged(StateError):
    """A file of a state directory does not verify: the disk gave back something else than was written."""

    code = "STATE_DAMAGED"
    status = "DATA_LOSS"


class SourceChanged(StateError):
    """What is to be resumed is not what was started: shorter, another inode, gone."""

    code = "SOURCE_CHANGED"


class WrittenDataGone(StateError):
    """A sink holds less than its checkpoint says was durable there."""

    code = "WRITTEN_DATA_GONE"
    status = "DATA_LOSS"


class PipelineFailed(ConduixError):
    """A run ended in the state FAILED."""

    code = "PIPELINE_FAILED"
    status = "FAILED_PRECONDITION"


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One field of a request that cannot be accepted: its path (`paging.page_size`), what is wrong, which rule."""

    field: str
    description: str
    rule: str = ""


class Resource(StrEnum):
    """What calls name and a server may not have, or have already; the codes begin with it."""

    AGENT = "agent"
    API_TOKEN = "api_token"  # noqa: S105 - a kind of thing, not a secret
    CHECKPOINT = "checkpoint"
    COMMAND = "command"
    JOIN_TOKEN = "join_token"  # noqa: S105 - a kind of thing, not a secret
    NODE = "node"
    OPERATION = "operation"
    PIPELINE = "pipeline"
    REVISION = "revision"
    RUN = "run"
    USER = "user"


class RequestError(ConduixError):
    """A server refused a call; nothing was changed. `retry_after`: seconds after which the same call may succeed."""

    def __init__(self, message: str, *, remedy: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.retry_after = retry_after


class InvalidArgument(RequestError):
    """The request itself is wrong, whatever the server's state; `violations` names the fields."""

    code = "INVALID_ARGUMENT"
    status = "INVALID_ARGUMENT"

    def __init__(self, message: str, *, violations: Iterable[FieldViolation] = (), remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.violations = tuple(violations)

    @classmethod
    def of_field(cls, field: str, description: str, *, remedy: str = "") -> Self:
        """One field is wrong; the message names it, too."""
        return cls(f"{field}: {description}", violations=[FieldViolation(field, description)], remedy=remedy)


class RequestIdReused(InvalidArgument):
    """This request_id came within 24 h with another body."""

    code = "REQUEST_ID_REUSED"


class ResourceError(RequestError):
    """Something about one named resource; the code is made of its kind, which must be one of `kinds`."""

    suffix: ClassVar[str]
    kinds: ClassVar[frozenset[Resource]]

    def __init__(self, resource: Resource, name: str, message: str, *, remedy: str = "") -> None:
        if resource not in self.kinds:
            raise ValueError(f"{type(self).__name__} has no code for {resource.name}: add it to its kinds")
        super().__init__(message, remedy=remedy)
        self.resource = resource
        self.name = name
        self.code = f"{resource.name}_{self.suffix}"


class NotFound(ResourceError):
    """There is no such thing, or the caller may not know of it."""

    status = "NOT_FOUND"
    suffix = "NOT_FOUND"
    kinds = frozenset(Resource)

    def __init__(self, resource: Resource, name: str, *, remedy: str = "") -> None:
        super().__init__(resource, name, f"there is no {_words(resource)} {name!r}", remedy=remedy)


class AlreadyExists(ResourceError):
    """The name is taken."""

    status = "ALREADY_EXISTS"
    suffix = "EXISTS"
    kinds = frozenset({Resource.AGENT, Resource.API_TOKEN, Resource.JOIN_TOKEN, Resource.PIPELINE, Resource.USER})

    def __init__(self, resource: Resource, name: str, *, remedy: str = "") -> None:
        super().__init__(resource, name, f"there is already {_words(resource, article=True)} {name!r}", remedy=remedy)


def _words(resource: Resource, *, article: bool = False) -> str:
    words = resource.value.replace("_", " ")
    if not article:
        return words
    return f"an {words}" if words[0] in "aeio" else f"a {words}"


class Unauthenticated(RequestError):
    """Nobody is signed in, or the sign-in failed."""

    code = "UNAUTHENTICATED"
    status = "UNAUTHENTICATED"


class TokenInvalid(Unauthenticated):
    """The token is not one of this server: damaged, forged, or of another server."""

    code = "TOKEN_INVALID"


class TokenExpired(Unauthenticated):
    """The token was good once: refresh it, or sign in again."""

    code = "TOKEN_EXPIRED"


class TokenRevoked(Unauthenticated):
    """Somebody ended this token, its session, or the agent that it names."""

    code = "TOKEN_REVOKED"


class JoinTokenUsed(Unauthenticated):
    """The join token has enrolled as many agents as it may."""

    code = "JOIN_TOKEN_USED"


class PermissionDenied(RequestError):
    """The caller is known and may not do this."""

    code = "PERMISSION_DENIED"
    status = "PERMISSION_DENIED"


class Aborted(RequestError):
    """Somebody else was faster: read again, decide again."""

    code = "ABORTED"
    status = "ABORTED"


class EtagStale(Aborted):
    """The resource was changed since it was read."""

    code = "ETAG_STALE"


class SessionSuperseded(Aborted):
    """A newer session of this agent was accepted elsewhere: whoever held the older one closes its stream."""

    code = "SESSION_SUPERSEDED"


class DatabaseContended(Aborted):
    """The database let another transaction go first; the same call may succeed at once."""

    code = "DATABASE_CONTENDED"


class KeyTaken(Aborted):
    """A unique key was taken between the look and the write."""

    code = "KEY_TAKEN"


class FailedPrecondition(RequestError):
    """The state of things does not allow this call; another call must come first."""

    code = "FAILED_PRECONDITION"
    status = "FAILED_PRECONDITION"


class PipelineActive(FailedPrecondition):
    """Only a stopped pipeline can be started, deleted or given another position."""

    code = "PIPELINE_ACTIVE"


class PipelineInactive(FailedPrecondition):
    """Only a pipeline that is under way can be paused, resumed, tapped or told to make a checkpoint."""

    code = "PIPELINE_INACTIVE"


class DocumentChanged(FailedPrecondition):
    """The unfinished run belongs to another revision than the newest: go on with it, or begin afresh."""

    code = "DOCUMENT_CHANGED"


class OperationUnderWay(FailedPrecondition):
    """An agent has heard of the operation already, or it has ended: it cannot be cancelled any more."""

    code = "OPERATION_UNDER_WAY"


class AgentRequired(FailedPrecondition):
    """There is no agent that could run anything."""

    code = "AGENT_REQUIRED"


class AgentIncapable(FailedPrecondition):
    """No agent has all the stages, connectors and extras that the document needs."""

    code = "AGENT_INCAPABLE"


class ScaleRefused(FailedPrecondition):
    """What a sink writes cannot be shared out among so many replicas."""

    code = "SCALE_REFUSED"


class SchemaMismatch(FailedPrecondition):
    """The database's schema is older or newer than this server."""

    code = "SCHEMA_MISMATCH"


class OutOfRange(RequestError):
    """What is asked for lies before the first or behind the last that is kept."""

    code = "OUT_OF_RANGE"
    status = "OUT_OF_RANGE"


class ResumeTokenExpired(OutOfRange):
    """The changes since this resume token are no longer kept: watch without it, from a new snapshot."""

    code = "RESUME_TOKEN_EXPIRED"


class ResourceExhausted(RequestError):
    """A limit is reached."""

    code = "RESOURCE_EXHAUSTED"
    status = "RESOURCE_EXHAUSTED"


class RateLimited(ResourceExhausted):
    """Too many calls of this kind in a short time."""

    code = "RATE_LIMITED"


class Unavailable(RequestError):
    """Not now: the server is starting, leaving, or misses something that it needs."""

    code = "UNAVAILABLE"
    status = "UNAVAILABLE"


class DatabaseUnavailable(Unavailable):
    """The server's database does not answer; nothing was changed."""

    code = "DATABASE_UNAVAILABLE"


class ServerBusy(Unavailable):
    """More agents connect at the same moment than this server lets in; they come in one after another."""

    code = "SERVER_BUSY"


class AgentOffline(Unavailable):
    """The agent that is to do it is not heard of; what it runs may well go on."""

    code = "AGENT_OFFLINE"


class AgentElsewhere(Unavailable):
    """The agent is connected to another server, and what is asked for goes there: call that one."""

    code = "AGENT_ELSEWHERE"


class CommandUnanswered(Unavailable):
    """The agent has taken the command and did not say within the time how it ended; it may still run."""

    code = "COMMAND_UNANSWERED"


class MethodUnknown(RequestError):
    """This server has no such method: another version, or a wrong name."""

    code = "METHOD_UNKNOWN"
    status = "UNIMPLEMENTED"


_DISK_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG})


def from_os_error(error: OSError, doing: str, path: str) -> ConnectorError:
    """The classed error of an OSError met while `doing` something to `path`.

    A full or failing disk is a DiskError; a missing file, missing rights and the rest are systemic.
    """
    text = f"cannot {doing} {path}: {error.strerror or error}"
    if error.errno in _DISK_ERRNOS:
        return DiskError(
            text, system=path, remedy="free space on that disk or repair it; the pipeline goes on by itself"
        )
    return SystemicError(text, system=path, remedy=_OS_REMEDIES.get(error.errno or 0, "see the cause above"))


_OS_REMEDIES = {
    errno.ENOENT: "check the path; create the directory or file that is missing",
    errno.EACCES: "give the user that runs Conduix the right to it",
    errno.EPERM: "give the user that runs Conduix the right to it",
    errno.EISDIR: "name a file, not a directory",
    errno.ENOTDIR: "a part of the path is a file, not a directory",
}
