"""AgentService: agents and join tokens, as operators see them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import aclosing
from datetime import timedelta
from functools import partial
from typing import Final

from google.protobuf.json_format import ParseDict
from sqlalchemy import ColumnElement

from conduix.rpc.interceptors import Context
from conduix.rpc.serving import Service
from conduix.v1 import agent_service_pb2 as pb
from conduix.v1.agent_service_pb2_grpc import AgentServiceServicer, add_AgentServiceServicer_to_server
from conduix.v1.common_pb2 import Paging
from conduix.v1.pipeline_service_pb2 import ReplicaStatus
from conduix_server.control.enrolment import JOIN_TOKEN, check_labels
from conduix_server.control.feed import Change, Feed
from conduix_server.control.tokens import hash_of, new_secret
from conduix_server.policy import current_user
from conduix_server.services.listing import LABEL, one_of, page_info, page_request, parse_filter
from conduix_server.services.mutation import mutate
from conduix_server.services.watching import Watched, watch
from conduix_server.store import agents, desired, join_tokens, outbox, reports
from conduix_server.store.store import Store, new_id
from conduix_server.store.tables import Agent, JoinToken
from conduix_server.store.transaction import Transaction

FILTERS: Final = ("name", "mode", "state", LABEL)
JOIN_LIFE: Final = timedelta(hours=1)


class AgentServicer(AgentServiceServicer):
    """See the contract."""

    def __init__(self, store: Store, feed: Feed) -> None:
        self._store = store
        self._feed = feed

    def service(self) -> Service:
        """For the RPC server."""
        return Service("conduix.v1.AgentService", partial(add_AgentServiceServicer_to_server, self))

    async def ListAgents(self, request: pb.ListAgentsRequest, context: Context) -> pb.ListAgentsResponse:
        """Those that are let in, unless others are asked for by their state."""
        conditions = _conditions(request.paging)
        async with self._store.reading() as tx:
            page = await agents.page(tx, page_request(request.paging), conditions)
            found = await _messages(tx, page.items)
        return pb.ListAgentsResponse(agents=found, page_info=page_info(page))

    async def GetAgent(self, request: pb.GetAgentRequest, context: Context) -> pb.GetAgentResponse:
        """By id or name."""
        async with self._store.reading() as tx:
            (found,) = await _messages(tx, [await agents.find(tx, request.id)])
        return pb.GetAgentResponse(agent=found)

    async def GetAgentStatus(self, request: pb.GetAgentStatusRequest, context: Context) -> pb.GetAgentStatusResponse:
        """With its machine, and what its replicas do as it reported."""
        async with self._store.reading() as tx:
            row = await agents.find(tx, request.id)
            (found,) = await _messages(tx, [row])
            replicas = [ReplicaStatus.FromString(report.body) for report in await reports.of_agent(tx, row.id)]
        host = ParseDict(agents.from_json(row.host, dict), pb.HostFacts(), ignore_unknown_fields=True)
        return pb.GetAgentStatusResponse(agent=found, replicas=replicas, host=host)

    async def WatchAgents(
        self, request: pb.WatchAgentsRequest, context: Context
    ) -> AsyncIterator[pb.WatchAgentsResponse]:
        """The list, then what changes in it, until the caller or the server leaves."""
        conditions = _conditions(Paging(filter=request.filter))

        async def read(tx: Transaction, changed: Collection[Change] | None) -> list[pb.Agent]:
            touched = [] if changed is None else [Agent.id.in_({change.resource_id for change in changed})]
            return await _messages(tx, await agents.some(tx, [*conditions, *touched]))

        # what is to be done has the agent's id: how many replicas it has changes with it
        watched = Watched([agents.NAME, "desired"], agents.NAME, read, lambda gone: pb.Agent(id=gone))
        async with aclosing(watch(self._store, self._feed, watched, request.resume_token)) as told:
            async for seen in told:
                yield pb.WatchAgentsResponse(kind=seen.kind, agent=seen.item, resume_token=seen.token)

    async def AdoptAgent(self, request: pb.AdoptAgentRequest, context: Context) -> pb.AdoptAgentResponse:
        """The next process that comes with this agent's identity takes its place."""

        async def work(tx: Transaction) -> pb.AdoptAgentResponse:
            (found,) = await _messages(tx, [await agents.adopt(tx, request.id)])
            return pb.AdoptAgentResponse(agent=found)

        return await mutate(self._store, request, pb.AdoptAgentResponse, work, target=lambda _: request.id)

    async def RemoveAgent(self, request: pb.RemoveAgentRequest, context: Context) -> pb.RemoveAgentResponse:
        """Lets it in no more. What is assigned to it stays so, and waits for whoever moves or stops it."""

        async def work(tx: Transaction) -> pb.RemoveAgentResponse:
            removed = await agents.revoke(tx, request.id)
            await outbox.abandon(tx, removed.id, "AGENT_REMOVED", f"agent {removed.name} was removed")
            for pipeline_id in sorted({each.assignment.pipeline_id for each in await desired.of_agent(tx, removed.id)}):
                tx.changed(reports.NAME, pipeline_id, "UPDATED")
            return pb.RemoveAgentResponse()

        return await mutate(self._store, request, pb.RemoveAgentResponse, work, target=lambda _: request.id)

    async def CreateJoinToken(self, request: pb.CreateJoinTokenRequest, context: Context) -> pb.CreateJoinTokenResponse:
        """The token is in this answer, and nowhere after."""
        check_labels(request.labels, "labels")
        secret = new_secret(JOIN_TOKEN)
        life = request.lifetime.ToTimedelta() if request.HasField("lifetime") else JOIN_LIFE
        by = current_user().username

        async def work(tx: Transaction) -> pb.CreateJoinTokenResponse:
            row = JoinToken(
                id=new_id(),
                name=request.name,
                token_hash=hash_of(secret),
                labels=agents.to_json(dict(request.labels)),
                max_uses=request.max_uses or 1,
                created_by=by,
                created_at=tx.now,
                expires_at=tx.now + life,
            )
            key = row.id
            await join_tokens.add(tx, row)
            made = _token_message(await join_tokens.get(tx, key))
            return pb.CreateJoinTokenResponse(join_token=made, token=secret)

        answer = pb.CreateJoinTokenResponse
        return await mutate(
            self._store, request, answer, work, target=lambda made: made.join_token.id, secret=("token",)
        )

    async def ListJoinTokens(self, request: pb.ListJoinTokensRequest, context: Context) -> pb.ListJoinTokensResponse:
        """All that there ever were; their secrets are known to nobody."""
        parse_filter(request.paging)
        async with self._store.reading() as tx:
            page = await join_tokens.page(tx, page_request(request.paging))
        tokens = [_token_message(row) for row in page.items]
        return pb.ListJoinTokensResponse(join_tokens=tokens, page_info=page_info(page))

    async def RevokeJoinToken(self, request: pb.RevokeJoinTokenRequest, context: Context) -> pb.RevokeJoinTokenResponse:
        """Who came in by it stays."""

        async def work(tx: Transaction) -> pb.RevokeJoinTokenResponse:
            await join_tokens.revoke(tx, request.id)
            return pb.RevokeJoinTokenResponse()

        return await mutate(self._store, request, pb.RevokeJoinTokenResponse, work, target=lambda _: request.id)


def _conditions(paging: Paging) -> list[ColumnElement[bool]]:
    wanted = parse_filter(paging, FILTERS)
    conditions = [agents.has_label(key, value) for key, value in wanted.labels.items()]
    if name := wanted.get("name"):
        conditions.append(Agent.name == name)
    if mode := wanted.get("mode").upper():
        conditions.append(Agent.mode == one_of("mode", mode, _words(pb.ConnectionMode.keys(), "CONNECTION_MODE_")))
    state = wanted.get("state").upper()
    if state:
        one_of("state", state, _words(pb.AgentState.keys(), "AGENT_STATE_"))
    conditions.append(Agent.revoked_at.is_not(None) if state == "REVOKED" else Agent.revoked_at.is_(None))
    if state == "ONLINE":
        conditions.append(Agent.status == agents.ONLINE)
    elif state == "OFFLINE":
        conditions.append(Agent.status.is_distinct_from(agents.ONLINE))
    return conditions


def _words(names: Collection[str], prefix: str) -> list[str]:
    return sorted(each.removeprefix(prefix) for each in names if not each.endswith("UNSPECIFIED"))


async def _messages(tx: Transaction, rows: Collection[Agent]) -> list[pb.Agent]:
    counts = await agents.replica_counts(tx, {row.id for row in rows})
    return [_message(row, counts.get(row.id, 0)) for row in rows]


def _message(row: Agent, replicas: int) -> pb.Agent:
    state = pb.AGENT_STATE_ONLINE if row.status == agents.ONLINE else pb.AGENT_STATE_OFFLINE
    return pb.Agent(
        id=row.id,
        name=row.name,
        labels=agents.from_json(row.labels, dict),
        version=row.release,
        mode=f"CONNECTION_MODE_{row.mode}",
        mode_since=row.mode_since,
        seen_at=row.last_heartbeat,
        enrolled_at=row.registered_at,
        session=row.session,
        capabilities=agents.from_json(row.capabilities, list),
        replicas=replicas,
        state=state if row.revoked_at is None else pb.AGENT_STATE_REVOKED,
        adoption_pending=row.adoption_pending,
        hostname=row.hostname,
    )


def _token_message(row: JoinToken) -> pb.JoinToken:
    return pb.JoinToken(
        id=row.id,
        name=row.name,
        created_at=row.created_at,
        expires_at=row.expires_at,
        uses=row.uses,
        max_uses=row.max_uses,
        labels=agents.from_json(row.labels, dict),
        revoked_at=row.revoked_at,
    )
