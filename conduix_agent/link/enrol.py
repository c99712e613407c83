"""Who this agent is: enrolment by a join token, renewal before the identity ends.

With TLS the key is made here and never leaves the state directory: the server signs a request for a certificate. On
loopback without TLS the server gives a signed token instead.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import uuid_utils
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from conduix.errors import ConduixError, TokenExpired, TokenRevoked, Unauthenticated, UsageError
from conduix.v1 import mesh_service_pb2 as pb
from conduix.v1.mesh_service_pb2_grpc import MeshServiceStub
from conduix_agent.link.channel import MeshChannel, calls, enrolment_channel, speaks_tls
from conduix_agent.link.state import Enrolment, Identity, StateDirectory
from conduix_agent.settings import AgentSettings

log = logging.getLogger(__name__)

CALL_WITHIN = 15.0
"""Seconds."""
RENEW_AGAIN = 30.0
REMEDY = (
    "make a join token with `conduix agents join-token`, and give it to this agent with --join-token-file or in the "
    "environment as CONDUIX_JOIN_TOKEN"
)


class Identities:
    """This agent's identity, kept good. `clock`: seconds since 1970."""

    def __init__(
        self, settings: AgentSettings, state: StateDirectory, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._state = state
        self._clock = clock
        self.current = state.identity()
        """None: there is none at this moment."""
        self.known = self.current is not None
        """It enrolled once: from then on nothing that a server says of a join token ends it."""
        self._removed = False

    async def ensure(self, server: str) -> Identity:
        """An identity to sign in with, by enrolling at `server` where there is none or it ended.

        Raises:
            ConduixError: what the server says of the join token; TokenExpired, Unauthenticated where there is none;
                UsageError where its file cannot be read.
        """
        if self.may_come_back():
            await asyncio.to_thread(self._state.forget_identity)
            self.current = None
        ended = self._ended()
        if self.current is not None and ended is None:
            return self.current
        token = self._settings.token()
        if not token:
            raise ended or Unauthenticated("this agent has no identity and no join token", remedy=REMEDY)
        return await self._enrol(server, token)

    def check(self) -> None:
        """Could this agent sign in, as far as it can know alone? Raises what `ensure` would, before any server."""
        if self.current is None and not self._settings.token():
            raise Unauthenticated("this agent has no identity and no join token", remedy=REMEDY)

    def refused(self, code: str) -> None:
        """A server would not let this identity in."""
        self._removed = self._removed or code in {"AGENT_REVOKED", TokenRevoked.code}

    def may_come_back(self) -> bool:
        """It was removed, and there is another join token than the one that it had."""
        if self.current is None or not self._removed:
            return False
        try:
            token = self._settings.token()
        except UsageError:  # nobody has put one there
            return False
        return bool(token) and _fingerprint(token) != self.current.enrolled_with

    def renew_at(self) -> float | None:
        """When half of its life is over, in Unix seconds; None: there is nothing to renew."""
        identity = self.current
        return None if identity is None else (identity.obtained_at + identity.expires_at) / 2

    async def renew(self, channel: MeshChannel) -> None:
        """A fresh identity by the one that is still good. Raises ConduixError."""
        key, csr = new_request(self._settings.name) if channel.identity.certificate else ("", "")
        with calls():
            answer = await channel.stub.RenewIdentity(
                pb.RenewIdentityRequest(csr=csr.encode()), timeout=CALL_WITHIN, metadata=channel.metadata
            )
        old = channel.identity
        await self._keep(answer.identity, key, old.mesh_port, old.enrolled_with)
        log.info("the identity of this agent was renewed")

    async def keep(self, channel: Callable[[], MeshChannel | None], renewed: Callable[[], Awaitable[None]]) -> None:
        """Renew at half of the identity's life, for ever. `channel`: to a server that is there; None: none is."""
        while True:
            due, way = self.renew_at(), channel()
            if due is None or way is None:
                await asyncio.sleep(1.0)
            elif due > self._clock():
                await asyncio.sleep(min(due - self._clock(), 60.0))
            else:
                try:
                    await self.renew(way)
                    await renewed()
                except ConduixError as error:
                    log.warning("the identity of this agent could not be renewed: %s (%s)", error.message, error.code)
                    await asyncio.sleep(RENEW_AGAIN)

    async def _enrol(self, server: str, token: str) -> Identity:
        tls = speaks_tls(server, self._settings.tls.authority)
        asked = await self._asked()
        request = pb.EnrollRequest(
            join_token=token,
            name=self._settings.name,
            csr=asked.csr.encode() if tls else b"",
            labels=self._settings.labels,
            request_id=asked.request_id,
        )
        async with enrolment_channel(server, self._settings.tls.authority) as channel:
            with calls():
                answer = await MeshServiceStub(channel).Enroll(request, timeout=CALL_WITHIN)
        identity = await self._keep(answer.identity, asked.key if tls else "", answer.mesh_port, _fingerprint(token))
        self._removed = False
        log.info("enrolled at %s as agent %s, named %s", server, identity.agent_id, self._settings.name)
        return identity

    async def _asked(self) -> Enrolment:
        """What to ask with: kept before the first try, so that an answer that was lost can be had again."""
        asked = self._state.enrolment()
        if asked is None:
            asked = Enrolment(str(uuid_utils.uuid7()), *new_request(self._settings.name))
            await asyncio.to_thread(self._state.save_enrolment, asked)
        return asked

    async def _keep(self, given: pb.Identity, key: str, mesh_port: int, enrolled_with: str) -> Identity:
        identity = identity_of(given, key, at=self._clock(), mesh_port=mesh_port, enrolled_with=enrolled_with)
        await asyncio.to_thread(self._state.save_identity, identity)
        self.current, self.known = identity, True
        return identity

    def _ended(self) -> TokenExpired | None:
        """The life of the identity is over."""
        identity = self.current
        if identity is None or self._clock() < identity.expires_at:
            return None
        ended = datetime.fromtimestamp(identity.expires_at, UTC).isoformat(timespec="seconds")
        return TokenExpired(f"the identity of agent {identity.agent_id} ended at {ended}", remedy=REMEDY)


def identity_of(given: pb.Identity, key: str, *, at: float, mesh_port: int, enrolled_with: str = "") -> Identity:
    """What a server gave `at` this moment, in Unix seconds; `key` is that of the request, empty without TLS."""
    return Identity(
        agent_id=given.agent_id,
        obtained_at=at,
        expires_at=given.expires_at.seconds + given.expires_at.nanos / 1e9,
        token=given.token,
        key=key if given.certificate else "",
        certificate=given.certificate.decode(),
        authority=given.authority.decode(),
        mesh_port=mesh_port,
        enrolled_with=enrolled_with,
    )


def new_request(name: str) -> tuple[str, str]:
    """A new P-256 key and a request for its certificate, both PEM. The server decides what stands in it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return pem.decode(), request.public_bytes(serialization.Encoding.PEM).decode()


def _fingerprint(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
