"""`conduix users`: who may sign in."""

from __future__ import annotations

import argparse

from conduix.v1 import user_service_pb2 as user_pb
from conduix_tui.cli import words
from conduix_tui.cli.arguments import Commands, Parser, add_output, examples
from conduix_tui.cli.output import emit_data
from conduix_tui.cli.server import get
from conduix_tui.cli.server.connection import add_server, on_server
from conduix_tui.cli.server.plain import plain
from conduix_tui.cli.server.secrets import read_secret
from conduix_tui.cli.server.tokens import ROLES
from conduix_tui.cli.terminal import Exit, Terminal
from conduix_tui.client.client import Client

DESCRIPTION = """Who may sign in. A viewer reads; an operator also creates, changes, starts and stops; an admin does
everything."""
EXAMPLES = examples(
    "conduix users create ada --role operator",
    "generate-password | conduix users create ci --role viewer --password-file -",
    "conduix users list",
)


def add_arguments(parser: Parser) -> None:
    """The commands of `conduix users`."""
    commands = Commands(parser)
    commands.add("create", "add one", _create, _create_arguments)
    commands.add("list", "all of them", get.execute, get.all_of("users"))


def _create_arguments(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="how they sign in: letters, digits, . _ @ -")
    parser.add_argument("--role", choices=tuple(ROLES), required=True, help="what they may do")
    parser.add_argument("--email", metavar="ADDRESS", default="", help="where to reach them")
    parser.add_argument(
        "--password-file", metavar="FILE", help="its first line is the password, of 12 characters or more; - is stdin"
    )
    add_output(parser)
    add_server(parser)


def _create(args: argparse.Namespace, terminal: Terminal) -> int:
    password = read_secret(args.password_file, "password", terminal, option="--password-file")

    async def create(client: Client) -> int:
        request = user_pb.CreateUserRequest(
            username=args.name, email=args.email, password=password, role=ROLES[args.role]
        )
        user = (await client.call(client.users.CreateUser, request)).user
        if args.output == "text":
            terminal.emit(f"{words.visible(user.username)} created, {args.role}")
        else:
            emit_data(terminal, plain(user), args.output)
        return Exit.DONE

    return on_server(args, terminal, create)
