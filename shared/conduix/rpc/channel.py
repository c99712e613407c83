"""Channels and the options of both ends, as measured with grpc.aio 1.85.

A peer that dies without a word is found within 20 s: 15 s until the next ping, 5 s for its answer.
`keepalive_timeout` alone takes 60 s, hence `ping_timeout`. Heartbeats decide who is alive; keepalive only is faster.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import grpc

from conduix.errors import UsageError

MAX_MESSAGE_BYTES = 8 * 1024 * 1024
"""Of data, in either direction; a larger one is refused with RESOURCE_EXHAUSTED."""

_BOTH = (
    ("grpc.keepalive_time_ms", 15_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.ping_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
)

CLIENT_OPTIONS = (
    *_BOTH,
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 10_000),
    # else a new channel to the same place inherits the connection of an old one, and the delays that it had earned
    ("grpc.use_local_subchannel_pool", 1),
)

SERVER_OPTIONS = (
    *_BOTH,
    # by default a server ends connections that ping more often than every 300 s
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    # by default a second server takes half of the connections to a port that is in use
    ("grpc.so_reuseport", 0),
)


@dataclass(frozen=True, slots=True)
class ClientTls:
    """TLS of a caller, PEM files. The server's certificate is always verified."""

    authority: Path | None = None
    """Whose servers are trusted; None: the authorities that gRPC ships."""
    certificate: Path | None = None
    """The caller's own chain, for mutual TLS."""
    key: Path | None = None

    def credentials(self) -> grpc.ChannelCredentials:
        """Read the files; UsageError if one cannot be read or half of a pair is missing."""
        if (self.certificate is None) != (self.key is None):
            raise UsageError("a client certificate needs its key, and a key its certificate", remedy="give both files")
        return grpc.ssl_channel_credentials(
            root_certificates=_read_if(self.authority),
            private_key=_read_if(self.key),
            certificate_chain=_read_if(self.certificate),
        )


@dataclass(frozen=True, slots=True)
class ServerTls:
    """TLS of a server, PEM files."""

    certificate: Path
    key: Path
    client_authority: Path | None = None
    """Who signs callers' certificates. If given, only who shows one gets in: gRPC for Python knows no "may"."""

    def credentials(self) -> grpc.ServerCredentials:
        """Read the files; UsageError if one cannot be read, is no such thing, or key and certificate do not belong."""
        pair = [(read_pem(self.key), read_pem(self.certificate))]
        authority = _read_if(self.client_authority)
        self._check()
        return grpc.ssl_server_credentials(
            pair, root_certificates=authority, require_client_auth=self.client_authority is not None
        )

    def _check(self) -> None:
        # gRPC would only say that it cannot listen
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            context.load_cert_chain(self.certificate, self.key, password="")
        except (ssl.SSLError, ValueError) as error:
            raise UsageError(
                f"{self.certificate} and {self.key} are no certificate and its key: {_said(error)}",
                remedy="name the PEM files of a certificate and of its own key, without a pass phrase",
            ) from None
        try:
            if self.client_authority is not None:
                context.load_verify_locations(self.client_authority)
        except ssl.SSLError as error:
            raise UsageError(
                f"{self.client_authority} holds no certificate: {_said(error)}", remedy="name a PEM file"
            ) from None


@dataclass(frozen=True, slots=True)
class Listener:
    """Where a server listens: `host:port` (0: any free port); `tls=None`: in the clear, as on loopback."""

    address: str
    tls: ServerTls | None = None


def open_channel(address: str, *, tls: ClientTls | None) -> grpc.aio.Channel:
    """A channel to `host:port`; connects with the first call. `tls=None`: in the clear, as on loopback."""
    if tls is None:
        return grpc.aio.insecure_channel(address, options=CLIENT_OPTIONS)
    return grpc.aio.secure_channel(address, tls.credentials(), options=CLIENT_OPTIONS)


def _said(error: Exception) -> str:
    return str(error).partition(" (_ssl.c")[0] or type(error).__name__


def _read_if(path: Path | None) -> bytes | None:
    return None if path is None else read_pem(path)


def read_pem(path: Path) -> bytes:
    """A file's bytes; UsageError if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot read {path}: {error.strerror or error}", remedy="name a PEM file that this user may read"
        ) from error
