"""Who may call what: one table of all methods, and who a caller is.

A method that is not in the table is refused, whoever calls it; a test walks every method of the contract.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from types import MappingProxyType

from conduix.errors import PermissionDenied
from conduix.rpc.interceptors import current_call
from conduix.v1 import common_pb2
from conduix.v1.common_pb2 import Role as RoleMessage


class Role(Enum):
    """What a person may do; each role may do what those before it may. The value is the word in the database."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def covers(self, other: Role) -> bool:
        """May it do all that the other may?"""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(other)

    @property
    def message(self) -> RoleMessage:
        """As the contract has it."""
        return _MESSAGES[self]

    @classmethod
    def of_message(cls, message: RoleMessage) -> Role:
        """Of one that is not ROLE_UNSPECIFIED."""
        return next(role for role, same in _MESSAGES.items() if same == message)


_MESSAGES = {
    Role.VIEWER: common_pb2.ROLE_VIEWER,
    Role.OPERATOR: common_pb2.ROLE_OPERATOR,
    Role.ADMIN: common_pb2.ROLE_ADMIN,
}


class Need(Enum):
    """What a method asks of its caller."""

    PUBLIC = "nothing"
    VIEWER = "the role viewer"
    OPERATOR = "the role operator"
    ADMIN = "the role admin"
    AGENT = "the identity of an agent"


def _rows(service: str, **needs: str) -> dict[str, Need]:
    return {f"/{service}/{method}": Need[need.upper()] for need, methods in needs.items() for method in methods.split()}


TABLE: Mapping[str, Need] = MappingProxyType(
    _rows(
        "conduix.v1.AuthService",
        public="Login Refresh",
        viewer="Logout GetMe CreateApiToken ListApiTokens RevokeApiToken",
    )
    | _rows("conduix.v1.UserService", admin="ListUsers CreateUser")
    | _rows("conduix.v1.SystemService", public="GetInfo", viewer="GetClusterStatus GetDashboard GetStageCatalog")
    | _rows(
        "conduix.v1.PipelineService",
        viewer="ListPipelines GetPipeline ValidatePipeline DiffPipeline ListRevisions GetRevision GetPipelineStatus "
        "GetPipelineMetrics "
        "WatchPipelines TailLogs GetCheckpoint",
        # a tap shows records and gives the agent work
        operator="CreatePipeline UpdatePipeline DeletePipeline ApplyPipelines StartPipeline StopPipeline PausePipeline "
        "ResumePipeline ScalePipeline TapPipeline TriggerCheckpoint",
    )
    | _rows("conduix.v1.RunService", viewer="ListRuns GetRun WatchRuns", operator="RetryRun")
    | _rows(
        "conduix.v1.OperationService", viewer="GetOperation ListOperations WatchOperation", operator="CancelOperation"
    )
    | _rows("conduix.v1.EventService", viewer="ListEvents WatchEvents", admin="ListAuditRecords")
    | _rows(
        "conduix.v1.AgentService",
        viewer="ListAgents GetAgent GetAgentStatus WatchAgents",
        operator="ListJoinTokens",
        # whoever lets a machine in lets it read documents and what they reach
        admin="AdoptAgent RemoveAgent CreateJoinToken RevokeJoinToken",
    )
    | _rows(
        "conduix.v1.MeshService",
        public="Enroll",
        agent="RenewIdentity Connect StreamTelemetry SaveCheckpoint LoadCheckpoint FetchRevision",
    )
    | _rows("grpc.health.v1.Health", public="Check List Watch")
    | _rows("grpc.reflection.v1.ServerReflection", public="ServerReflectionInfo")
    | _rows("grpc.reflection.v1alpha.ServerReflection", public="ServerReflectionInfo")
)


@dataclass(frozen=True, slots=True)
class UserPrincipal:
    """A person, or a script with a person's API token; exactly one of `session_id` and `token_id` is set."""

    id: str
    username: str
    role: Role
    session_id: str = ""
    token_id: str = ""
    expires_at: datetime | None = None
    """When session or API token end, whatever is done with them."""

    @property
    def name(self) -> str:
        """As log and audit name the caller."""
        return f"user:{self.username}"


@dataclass(frozen=True, slots=True)
class AgentPrincipal:
    """An agent, known by its certificate or, in token mode, by its token."""

    id: str
    agent: str
    """The agent's name."""

    @property
    def name(self) -> str:
        """As log and audit name the caller."""
        return f"agent:{self.agent}"


Caller = UserPrincipal | AgentPrincipal


def permit(caller: Caller, method: str, need: Need) -> None:
    """Raises PermissionDenied where this caller may not call the method."""
    if isinstance(caller, AgentPrincipal):
        allowed = need is Need.AGENT
    else:
        allowed = need is not Need.AGENT and caller.role.covers(Role[need.name])
    if not allowed:
        has = "an agent" if isinstance(caller, AgentPrincipal) else f"{caller.role.value} {caller.username}"
        remedy = "ask an admin for that role" if need is not Need.AGENT else "agents call this by themselves"
        raise PermissionDenied(f"{method.rpartition('/')[2]} needs {need.value}, and this is {has}", remedy=remedy)


def current_user() -> UserPrincipal:
    """Who called, in a method that needs a role."""
    caller = current_call().principal
    if not isinstance(caller, UserPrincipal):
        raise PermissionDenied("this call needs a person")
    return caller


def current_agent() -> AgentPrincipal:
    """Who called, in a method that needs an agent."""
    caller = current_call().principal
    if not isinstance(caller, AgentPrincipal):
        raise PermissionDenied("this call needs an agent")
    return caller
