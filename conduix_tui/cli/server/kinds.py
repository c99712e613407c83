"""The kinds of things that a server lists: how they are asked for, found in the answer, and shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from conduix.v1 import agent_service_pb2 as agent_pb
from conduix.v1 import auth_service_pb2 as auth_pb
from conduix.v1 import common_pb2
from conduix.v1 import operation_service_pb2 as operation_pb
from conduix.v1 import pipeline_service_pb2 as pipeline_pb
from conduix.v1 import run_service_pb2 as run_pb
from conduix.v1 import user_service_pb2 as user_pb
from conduix_tui.cli import words
from conduix_tui.cli.server.columns import Column, age, labels, number, state, text
from conduix_tui.client.client import Client


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind. `items` is the field of the answer that has them, `item` the one of a watch's answer."""

    name: str
    items: str
    columns: Sequence[Column]
    request: Callable[[common_pb2.Paging], Message]
    method: Callable[[Client], Any]
    item: str = ""
    watch: Callable[[Client], Any] | None = None
    watch_request: type[Message] | None = None
    of_pipeline: bool = False
    """Does a NAME mean the pipeline whose runs, operations these are?"""


def _rate(message: pipeline_pb.Pipeline) -> str:
    running = message.state == pipeline_pb.PIPELINE_STATE_RUNNING
    return words.rate(message.records_per_second) if running else "-"


_PIPELINES = Kind(
    "pipelines", "pipelines",
    (text("name"), state("state"), state("desired_state", "WANTED"), number("replicas"), number("revision"),
     number("records_in", "IN"), number("records_out", "OUT"), number("records_dead", "DEAD"),
     Column("RATE", _rate, right=True), number("restarts"), age("updated_at", "UPDATED")),
    lambda paging: pipeline_pb.ListPipelinesRequest(paging=paging),
    lambda client: client.pipelines.ListPipelines,
    "pipeline", lambda client: client.pipelines.WatchPipelines, pipeline_pb.WatchPipelinesRequest,
)  # fmt: skip
_AGENTS = Kind(
    "agents", "agents",
    (text("name"), state("state"), state("mode"), number("replicas"), text("version"), text("hostname", "HOST"),
     age("seen_at", "SEEN"), labels()),
    lambda paging: agent_pb.ListAgentsRequest(paging=paging),
    lambda client: client.agents.ListAgents,
    "agent", lambda client: client.agents.WatchAgents, agent_pb.WatchAgentsRequest,
)  # fmt: skip
_RUNS = Kind(
    "runs", "runs",
    (text("pipeline_name", "PIPELINE"), number("run_seq", "RUN"), state("state"), number("revision"),
     number("records_in", "IN"), number("records_out", "OUT"), number("records_filtered", "FILTERED"),
     number("records_dead", "DEAD"), age("started_at", "STARTED"), age("ended_at", "ENDED"), text("id")),
    lambda paging: run_pb.ListRunsRequest(paging=paging),
    lambda client: client.runs.ListRuns,
    "run", lambda client: client.runs.WatchRuns, run_pb.WatchRunsRequest, of_pipeline=True,
)  # fmt: skip
_OPERATIONS = Kind(
    "operations", "operations",
    (text("kind"), state("state"), age("created_at", "CREATED"), text("created_by", "BY"), text("code"),
     text("message"), text("pipeline_id", "PIPELINE"), text("id")),
    lambda paging: operation_pb.ListOperationsRequest(paging=paging),
    lambda client: client.operations.ListOperations, of_pipeline=True,
)  # fmt: skip
_USERS = Kind(
    "users", "users",
    (text("username", "NAME"), state("role"), text("email"), age("last_login_at", "SIGNED IN"),
     age("created_at", "CREATED")),
    lambda paging: user_pb.ListUsersRequest(paging=paging),
    lambda client: client.users.ListUsers,
)  # fmt: skip
_TOKENS = Kind(
    "tokens", "api_tokens",
    (text("name"), state("role"), age("created_at", "CREATED"), age("expires_at", "EXPIRES"), age("used_at", "USED"),
     age("revoked_at", "REVOKED"), text("id")),
    lambda paging: auth_pb.ListApiTokensRequest(paging=paging),
    lambda client: client.auth.ListApiTokens,
)  # fmt: skip
_JOIN_TOKENS = Kind(
    "join-tokens", "join_tokens",
    (text("name"), number("uses"),
     Column("MOST", lambda token: words.count(token.max_uses) if token.max_uses else "-", right=True),
     age("expires_at", "EXPIRES"), age("revoked_at", "REVOKED"), labels(), text("id")),
    lambda paging: agent_pb.ListJoinTokensRequest(paging=paging),
    lambda client: client.agents.ListJoinTokens,
)  # fmt: skip

REVISION_COLUMNS = (
    number("number", "REVISION"), text("created_by", "BY"), age("created_at", "CREATED"), text("digest"),
)  # fmt: skip


def revisions(pipeline: pipeline_pb.PipelineRef) -> Kind:
    """The revisions of one pipeline."""
    return Kind(
        "revisions",
        "revisions",
        REVISION_COLUMNS,
        lambda paging: pipeline_pb.ListRevisionsRequest(pipeline=pipeline, paging=paging),
        lambda client: client.pipelines.ListRevisions,
    )


KINDS = {kind.name: kind for kind in (_PIPELINES, _AGENTS, _RUNS, _OPERATIONS, _USERS, _TOKENS, _JOIN_TOKENS)}
