"""How machines become agents: a join token gives an identity, once; the identity is renewed while it is good."""

from __future__ import annotations

import asyncio
import hashlib
import re
import uuid
from collections.abc import Mapping
from typing import Final

from conduix.errors import InvalidArgument
from conduix.v1 import mesh_service_pb2 as pb
from conduix_server.control.authority import Authority
from conduix_server.control.deeds import entry
from conduix_server.control.tokens import Tokens, hash_of
from conduix_server.store import agents, audit, join_tokens
from conduix_server.store.store import Store, new_id
from conduix_server.store.tables import Agent
from conduix_server.store.transaction import Transaction

JOIN_TOKEN: Final = "cdxj_"  # noqa: S105 - what join tokens begin with
AT_ONCE: Final = 2
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")


class Enrolment:
    """`authority`: signs certificates; None: the server is on loopback without TLS, and agents get signed tokens."""

    def __init__(self, store: Store, tokens: Tokens, authority: Authority | None) -> None:
        self._store = store
        self._tokens = tokens
        self._authority = authority
        # all of one join token wait for its row: they shall do so here, not with a connection in hand
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def enrol(self, request: pb.EnrollRequest, address: str) -> pb.Identity:
        """The same agent again for the same request_id, whichever good token comes with it; that costs no use.

        Raises TokenInvalid, TokenExpired, TokenRevoked, JoinTokenUsed, AlreadyExists, RequestIdReused and
        InvalidArgument; nothing of the token is used then.
        """
        check_name(request.name)
        check_labels(request.labels, "labels")
        self._check_way(request.csr)
        async with self._turns:
            agent = await self._store.run(lambda tx: self._enrolled(tx, request, address))
        return self._identity(agent.id, agent.name, request.csr)

    def renew(self, agent_id: str, name: str, csr: bytes) -> pb.Identity:
        """For an agent that is let in still. Raises InvalidArgument."""
        self._check_way(csr)
        return self._identity(agent_id, name, csr)

    async def _enrolled(self, tx: Transaction, request: pb.EnrollRequest, address: str) -> Agent:
        token = await join_tokens.of_hash(tx, hash_of(request.join_token))
        # the id is the agent's secret: with it, and any token that is good, one comes back whose identity has ended
        enrolment = hashlib.sha256(request.request_id.encode()).hexdigest()
        known = await agents.enrolled(tx, enrolment, request.name)
        if known is not None:
            await audit.record(tx, entry(tx, target=known.id, actor=f"join_token:{token.name}"))
            return known
        await join_tokens.use(tx, token)
        granted = agents.from_json(token.labels, dict)
        row = Agent(
            id=new_id(),
            name=request.name,
            hostname=request.name,
            ip_address=address[:45] or None,
            status=agents.OFFLINE,
            registered_at=tx.now,
            last_heartbeat=tx.now,
            mode_since=tx.now,
            labels=agents.to_json({**request.labels, **granted}),
            granted_labels=token.labels,
            enrolment=enrolment,
        )
        agent = await agents.add(tx, row)
        await audit.record(tx, entry(tx, target=agent.id, actor=f"join_token:{token.name}"))
        return agent

    def _check_way(self, csr: bytes) -> None:
        """Before anything is done: who asks the wrong way uses nothing up."""
        if self._authority is None and csr:
            raise InvalidArgument.of_field("csr", "this server runs without TLS and gives tokens: leave it empty")
        if self._authority is not None and not csr:
            raise InvalidArgument.of_field(
                "csr", "agents have certificates here: send a certificate request in PEM form"
            )
        if self._authority is not None:
            self._authority.check(csr)

    def _identity(self, agent_id: str, name: str, csr: bytes) -> pb.Identity:
        if self._authority is None:
            token, expires_at = self._tokens.issue_agent_token(agent_id, name)
            return pb.Identity(agent_id=agent_id, token=token, expires_at=expires_at)
        signed = self._authority.sign(csr, agent_id)
        return pb.Identity(
            agent_id=agent_id,
            certificate=signed.certificate,
            authority=signed.authority,
            expires_at=signed.expires_at,
        )


def check_name(name: str) -> None:
    """Raises InvalidArgument for a name that could not be told from an id, or is hard to write."""
    if not _NAME.fullmatch(name):
        raise InvalidArgument.of_field(
            "name", f"{name!r}: letters, digits, '.', '_' and '-', a letter or digit at both ends"
        )
    try:
        uuid.UUID(name)
    except ValueError:
        return
    raise InvalidArgument.of_field("name", f"{name!r} looks like an id: take a name")


def check_labels(labels: Mapping[str, str], field: str) -> None:
    """Raises InvalidArgument for a key that no filter could name."""
    for key in labels:
        if not _LABEL.fullmatch(key):
            raise InvalidArgument.of_field(
                field, f"the key {key!r}: letters, digits, '.', '_', '/' and '-', a letter or digit first"
            )
