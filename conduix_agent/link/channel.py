"""A channel to one server, signed in as this agent: by its certificate, or on loopback by its token in the clear."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import grpc

from conduix.errors import Unavailable, UsageError
from conduix.rpc.address import is_loopback
from conduix.rpc.channel import CLIENT_OPTIONS, ClientTls, open_channel, read_pem
from conduix.rpc.errors import remote_errors
from conduix.v1.mesh_service_pb2_grpc import MeshServiceStub
from conduix_agent.link.state import Identity

if TYPE_CHECKING:  # only the stubs know this name
    from conduix.v1.mesh_service_pb2_grpc import MeshServiceAsyncStub

log = logging.getLogger(__name__)

Metadata = Sequence[tuple[str, str | bytes]]


@dataclass(frozen=True, slots=True)
class MeshChannel:
    """Calls of the mesh to one server; each call takes `metadata`."""

    address: str
    identity: Identity
    channel: grpc.aio.Channel
    stub: MeshServiceAsyncStub
    metadata: Metadata

    async def close(self) -> None:
        """End all calls."""
        await self.channel.close()


@contextmanager
def calls() -> Iterator[None]:
    """Calls made inside raise ConduixError only; a channel that we closed ourselves is one that is unavailable."""
    try:
        with remote_errors():
            yield
    except asyncio.CancelledError:  # gRPC says so of its calls, as if this task had been cancelled
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise Unavailable("the connection was closed while the call was under way") from None


def speaks_tls(server: str, authority: Path | None) -> bool:
    """Everywhere but on loopback; there only with an authority to know the server by."""
    return authority is not None or not is_loopback(server)


def mesh_address(server: str, identity: Identity) -> str:
    """Where agents connect, of a server as it is configured."""
    host, _, port = server.rpartition(":")
    return f"{host}:{identity.mesh_port or port}" if identity.certificate else server


def enrolment_channel(server: str, authority: Path | None) -> grpc.aio.Channel:
    """A channel for somebody without an identity. Raises UsageError: the authority cannot be read."""
    if speaks_tls(server, authority):
        return open_channel(server, tls=ClientTls(authority=authority))
    return _in_the_clear(server)


def mesh_channel(address: str, identity: Identity, authority: Path | None) -> MeshChannel:
    """A channel that is signed in. Raises UsageError: a token would go over the network in the clear."""
    metadata: Metadata = ()
    if identity.certificate:
        channel = grpc.aio.secure_channel(address, _credentials(identity, authority), options=CLIENT_OPTIONS)
    elif is_loopback(address):
        channel = _in_the_clear(address)
        metadata = (("authorization", f"Bearer {identity.token}"),)
    else:
        raise UsageError(
            f"this agent enrolled on loopback without TLS; its token may not go to {address} in the clear",
            remedy="give the server a certificate, then enrol this agent anew with a state directory of its own",
        )
    return MeshChannel(address, identity, channel, MeshServiceStub(channel), metadata)


def _in_the_clear(address: str) -> grpc.aio.Channel:
    _warn(address)
    return open_channel(address, tls=None)


@cache
def _warn(address: str) -> None:
    """Once for each server."""
    log.warning("the connection to %s is NOT encrypted; that is allowed on loopback only", address)


def _credentials(identity: Identity, authority: Path | None) -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials(
        root_certificates=None if authority is None else read_pem(authority),
        private_key=identity.key.encode(),
        certificate_chain=identity.certificate.encode(),
    )
