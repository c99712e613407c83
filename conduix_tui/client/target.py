"""Which server a command speaks to, and as whom: flags before the environment before the current context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from conduix.errors import UsageError
from conduix.rpc.address import is_loopback
from conduix_tui.client.contexts import Context, ContextFile
from conduix_tui.client.credentials import Credentials, FixedToken, Nobody, StoredSession

DEFAULT_PORT = 50051


@dataclass(frozen=True, slots=True)
class Target:
    """A server, and the context that it comes from (empty: none, so that nothing can be stored)."""

    name: str
    context: Context


def resolve(
    file: ContextFile, env: Mapping[str, str], *, context: str | None = None, server: str | None = None
) -> Target:
    """The target of a command with these flags.

    A token of the environment goes to whichever server was named; tokens of a context go to its server only.

    Raises:
        UsageError: no server is named anywhere, or a context that is not known.
    """
    named, address = context, server
    if named is None and address is None:
        named, address = env.get("CONDUIX_CONTEXT") or None, env.get("CONDUIX_SERVER") or None
    if named is not None:
        found = Target(named, file.get(named))
    elif address is not None:
        found = _by_address(file, parse_address(address))
    else:
        found = _current(file)
    if token := env.get("CONDUIX_TOKEN"):
        return Target(found.name, msgspec.structs.replace(found.context, token=token, session=None, user=""))
    return found


def without_token(env: Mapping[str, str]) -> dict[str, str]:
    """An environment for `resolve`, for whoever signs in or out: the token in it is of somebody else."""
    return {name: value for name, value in env.items() if name != "CONDUIX_TOKEN"}


def credentials_of(file: ContextFile, target: Target) -> Credentials:
    """What is known of us at that server."""
    if target.context.token is not None:
        return FixedToken(target.context.token)
    if target.context.session is not None:
        return StoredSession(file, target.name, target.context.session)
    return Nobody()


def _by_address(file: ContextFile, address: str) -> Target:
    known = file.read()
    names = [name for name, context in known.contexts.items() if context.server == address]
    if not names:
        return Target("", Context(address, tls=not is_loopback(address)))
    name = known.current if known.current in names else names[0]
    return Target(name, known.contexts[name])


def _current(file: ContextFile) -> Target:
    known = file.read()
    if known.current not in known.contexts:
        raise UsageError(
            "no server is known",
            remedy="start one here with `conduix up`, or sign in to one with `conduix login HOST:PORT`",
        )
    return Target(known.current, known.contexts[known.current])


def parse_address(text: str) -> str:
    """`host:port` of what a person wrote; without a port it is 50051. IPv6 addresses stand in brackets.

    Raises:
        UsageError: it is no address.
    """
    host, port = _split(text)
    if not host or "/" in host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise UsageError(f"{text!r} is no address of a server", remedy="write HOST:PORT, for example 127.0.0.1:50051")
    return f"{host}:{int(port)}"


def _split(text: str) -> tuple[str, str]:
    if text.startswith("["):
        host, bracket, rest = text.partition("]")
        return host + bracket, rest.removeprefix(":") or str(DEFAULT_PORT)
    if text.count(":") > 1:  # an IPv6 address without brackets: where its port would begin, nobody can tell
        return "", ""
    host, _, port = text.partition(":")
    return host, port or str(DEFAULT_PORT)
