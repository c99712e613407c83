"""`conduix tokens`: API tokens, for scripts."""

from __future__ import annotations

import argparse
import time

from google.protobuf.timestamp_pb2 import Timestamp

from conduix.errors import NotFound, Resource, UsageError
from conduix.v1 import auth_service_pb2 as auth_pb
from conduix.v1 import common_pb2
from conduix_tui.cli.arguments import Commands, Parser, add_output, examples, seconds
from conduix_tui.cli.output import emit_data
from conduix_tui.cli.server import get
from conduix_tui.cli.server.connection import add_server, on_server
from conduix_tui.cli.server.kinds import KINDS, Kind
from conduix_tui.cli.server.plain import plain
from conduix_tui.cli.terminal import Exit, Terminal
from conduix_tui.client.client import Client
from conduix_tui.client.listing import pages
from conduix_tui.client.refs import is_id

DESCRIPTION = """API tokens, for scripts: who holds one acts in our name, with its role."""
EXAMPLES = examples(
    "conduix tokens create ci --role viewer --expires 90d > ci-token",
    "CONDUIX_SERVER=conduix.example.com CONDUIX_TOKEN=$(cat ci-token) conduix get pipelines",
    "conduix tokens list",
    "conduix tokens revoke ci",
)
ROLES = {
    "viewer": common_pb2.ROLE_VIEWER,
    "operator": common_pb2.ROLE_OPERATOR,
    "admin": common_pb2.ROLE_ADMIN,
}


def add_arguments(parser: Parser) -> None:
    """The commands of `conduix tokens`."""
    commands = Commands(parser)
    commands.add("create", "make one; it is shown once", _create, _create_arguments)
    commands.add("list", "our own; an admin sees everybody's", get.execute, get.all_of("tokens"))
    commands.add("revoke", "end one", _revoke, _name, add_server)


def _create_arguments(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="what to call it, e.g. ci")
    parser.add_argument("--role", choices=tuple(ROLES), help="what it may do (default: what we may)")
    parser.add_argument(
        "--expires", metavar="TIME", type=seconds, help="how long it is good, e.g. 90d (default: always)"
    )
    add_output(parser)
    add_server(parser)


def _name(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="the token, by name or id")


def _create(args: argparse.Namespace, terminal: Terminal) -> int:
    async def create(client: Client) -> int:
        request = auth_pb.CreateApiTokenRequest(name=args.name, role=ROLES.get(args.role, common_pb2.ROLE_UNSPECIFIED))
        if args.expires is not None:
            request.expires_at.CopyFrom(Timestamp(seconds=int(time.time() + args.expires)))
        answer = await client.call(client.auth.CreateApiToken, request)
        if args.output != "text":
            emit_data(terminal, plain(answer), args.output)
            return Exit.DONE
        terminal.emit(answer.token)
        terminal.say("shown this once: keep it where the script finds it, for example in CONDUIX_TOKEN")
        return Exit.DONE

    return on_server(args, terminal, create)


def _revoke(args: argparse.Namespace, terminal: Terminal) -> int:
    async def revoke(client: Client) -> int:
        token_id = await find_id(client, KINDS["tokens"], args.name)
        await client.call(client.auth.RevokeApiToken, auth_pb.RevokeApiTokenRequest(id=token_id))
        terminal.say(f"the token {args.name} is revoked")
        return Exit.DONE

    return on_server(args, terminal, revoke)


async def find_id(client: Client, kind: Kind, name: str) -> str:
    """The id of a token by its name (of those that are not revoked), or by its id.

    Raises:
        NotFound: there is none.
        UsageError: several have that name.
    """
    if is_id(name):
        return name
    found = [
        token.id
        async for page in pages(client, kind.method(client), kind.request(common_pb2.Paging()))
        for token in getattr(page, kind.items)
        if token.name == name and not token.HasField("revoked_at")
    ]
    if len(found) > 1:
        raise UsageError(
            f"{len(found)} tokens are called {name!r}", remedy=f"name one by its id: conduix get {kind.name}"
        )
    if not found:
        resource = Resource.API_TOKEN if kind.name == "tokens" else Resource.JOIN_TOKEN
        raise NotFound(resource, name, remedy=f"conduix get {kind.name}")
    return str(found[0])
