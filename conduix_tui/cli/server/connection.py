"""How every verb of a server begins and ends: which server, as whom, and what is said when it refuses."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable

from conduix.errors import FieldViolation, UsageError
from conduix.rpc.errors import RemoteError
from conduix_tui.cli.server.near import nearest_name
from conduix_tui.cli.terminal import Exit, Terminal
from conduix_tui.client.client import Client
from conduix_tui.client.contexts import Context, ContextFile
from conduix_tui.client.credentials import Credentials
from conduix_tui.client.target import credentials_of, resolve

Work = Callable[[Client], Awaitable[int]]

_REMEDIES = {
    "TOKEN_EXPIRED": "sign in again with `conduix login`",
    "TOKEN_REVOKED": "sign in again with `conduix login`",
    "TOKEN_INVALID": "sign in again with `conduix login`",
}


def add_server(parser: argparse.ArgumentParser) -> None:
    """`--context` and `--server`, for all verbs that speak to one."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--context", metavar="NAME", help="the server of this context (else CONDUIX_CONTEXT, else the current one)"
    )
    which.add_argument("--server", metavar="HOST:PORT", help="the server at this address (else CONDUIX_SERVER)")


def on_server(args: argparse.Namespace, terminal: Terminal, work: Work) -> int:
    """Do `work` with a client of the server that the arguments name; returns its exit status, or that of its error."""
    file = ContextFile.of_user(terminal.env)
    target = resolve(file, terminal.env, context=args.context, server=args.server)
    return speak(target.context, credentials_of(file, target), terminal, work)


def speak(context: Context, credentials: Credentials, terminal: Terminal, work: Work) -> int:
    """Do `work` with a client of this server."""
    try:
        return asyncio.run(_with_client(context, credentials, work))
    except RemoteError as error:
        return tell(error, context.server, terminal)


async def _with_client(context: Context, credentials: Credentials, work: Work) -> int:
    async with Client.of(context, credentials) as client:
        try:
            return await work(client)
        except RemoteError as error:
            if near := await nearest_name(client, error):
                error.remedy = f"did you mean {near}?"
            raise


def tell(error: RemoteError, server: str, terminal: Terminal) -> int:
    """Say why the server refused, and what to do; a wrong document or request is exit 2."""
    if error.diagnostics:
        return _tell_diagnostics(error, terminal)
    if error.code == error.status == "UNAVAILABLE":
        _tell_unreachable(error, server, terminal)
        return Exit.FAILED
    terminal.error(f"{error.message} ({error.code})")
    for violation in error.violations:
        terminal.say(f"  {_field(violation)}")
    terminal.remedy(_REMEDIES.get(error.code, error.remedy))
    if error.code == "INTERNAL" and error.request_id:
        terminal.say(f"request: {error.request_id}")
    return Exit.USAGE if error.status == "INVALID_ARGUMENT" else Exit.FAILED


def _tell_unreachable(error: RemoteError, server: str, terminal: Terminal) -> None:
    """No server has spoken; of gRPC's chain of causes the last one says why."""
    cause = error.message.rpartition(": ")[2]
    if "CERTIFICATE_VERIFY_FAILED" in error.message:
        terminal.error(f"the certificate of {server} is not trusted: {cause} ({error.code})")
        terminal.remedy("name the authority that signed it: conduix login --ca FILE")
    else:
        terminal.error(f"no Conduix server answers at {server}: {cause} ({error.code})")
        terminal.remedy("start one here with `conduix up`, or name the right one with --server or --context")


def _field(violation: FieldViolation) -> str:
    return f"{violation.field}: {violation.description}" if violation.field else violation.description


def _tell_diagnostics(error: RemoteError, terminal: Terminal) -> int:
    """One line each, as `conduix validate` in a pipe: the documents may be elsewhere by now."""
    for diagnostic in error.diagnostics:
        terminal.say(str(diagnostic))
    if error.omitted:
        terminal.say(f"and {error.omitted} more: conduix validate FILE lists all")
    files = ", ".join(sorted({diagnostic.file for diagnostic in error.diagnostics}))
    terminal.fail(
        UsageError(f"{files} does not validate, nothing was changed", remedy="correct it where the lines above point")
    )
    return Exit.USAGE
