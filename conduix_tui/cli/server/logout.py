"""`conduix logout`: the session ends at the server, its tokens are forgotten here."""

from __future__ import annotations

import argparse

import msgspec

from conduix.rpc.errors import RemoteError
from conduix.v1 import auth_service_pb2 as auth_pb
from conduix_tui.cli.arguments import examples
from conduix_tui.cli.server.connection import add_server, speak
from conduix_tui.cli.terminal import Exit, Terminal
from conduix_tui.client.client import Client
from conduix_tui.client.contexts import ContextFile
from conduix_tui.client.target import credentials_of, resolve, without_token

DESCRIPTION = """End the session at the server and forget its tokens here; an API token is only forgotten. The context
stays: `conduix login` signs in again."""
EXAMPLES = examples("conduix logout", "conduix logout --context prod")

add_arguments = add_server


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """End and forget; what the server says of a session that is over already does not matter."""
    file = ContextFile.of_user(terminal.env)
    target = resolve(file, without_token(terminal.env), context=args.context, server=args.server)

    async def end(client: Client) -> int:
        try:
            await client.call(client.auth.Logout, auth_pb.LogoutRequest())
        except RemoteError as error:
            if error.status != "UNAUTHENTICATED":
                raise
        return Exit.DONE

    if target.context.session is not None:
        status = speak(target.context, credentials_of(file, target), terminal, end)
        if status != Exit.DONE:
            return status
    if target.name:
        file.put(target.name, msgspec.structs.replace(target.context, session=None, token=None))
    terminal.say(f"signed out of {target.context.server}")
    return Exit.DONE
