"""`conduix whoami`: as whom the server knows us."""

from __future__ import annotations

import argparse

from conduix.v1 import auth_service_pb2 as auth_pb
from conduix_tui.cli import words
from conduix_tui.cli.arguments import add_output, examples
from conduix_tui.cli.output import emit_data
from conduix_tui.cli.server.columns import ago, state_word
from conduix_tui.cli.server.connection import add_server, on_server
from conduix_tui.cli.server.plain import plain
from conduix_tui.cli.terminal import Exit, Terminal
from conduix_tui.client.client import Client

DESCRIPTION = """As whom the server knows us: name, role, and when the session or token ends."""
EXAMPLES = examples("conduix whoami", "CONDUIX_TOKEN=... conduix whoami --output json | jq -r .role")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `conduix whoami`."""
    add_output(parser)
    add_server(parser)


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Ask the server."""

    async def ask(client: Client) -> int:
        me = await client.call(client.auth.GetMe, auth_pb.GetMeRequest())
        if args.output != "text":
            emit_data(terminal, {**plain(me), "server": client.address}, args.output)
            return Exit.DONE
        kind = "API token" if me.credential == auth_pb.CREDENTIAL_KIND_API_TOKEN else "session"
        ends = f"ends {ago(me, 'expires_at')}" if me.HasField("expires_at") else "does not end"
        role = state_word(me, "role").lower()
        terminal.emit(f"{words.visible(me.username)} ({role}) at {client.address}; the {kind} {ends}")
        return Exit.DONE

    return on_server(args, terminal, ask)
