"""`conduix login`: sign in to a server and remember it under a name."""

from __future__ import annotations

import argparse
from pathlib import Path

import msgspec

from conduix.errors import UsageError
from conduix.rpc.address import is_loopback
from conduix.v1 import auth_service_pb2 as auth_pb
from conduix_tui.cli.arguments import examples
from conduix_tui.cli.server.columns import ago, state_word
from conduix_tui.cli.server.connection import speak
from conduix_tui.cli.server.secrets import read_secret
from conduix_tui.cli.terminal import Exit, Terminal
from conduix_tui.client.client import Client, session_of
from conduix_tui.client.contexts import Context, ContextFile
from conduix_tui.client.credentials import FixedToken, Nobody
from conduix_tui.client.target import Target, parse_address, resolve, without_token

DESCRIPTION = """Sign in with a password, or store an API token. The server is remembered as a context, which becomes
the current one: the other commands speak to it. Other machines are spoken to with TLS only."""
EXAMPLES = examples(
    "conduix login conduix.example.com:50051",
    "conduix login conduix.example.com --ca authority.pem --username ada --context prod",
    "pass show conduix | conduix login --context prod --password-file -",
    "conduix login conduix.example.com --token-file ci-token --context ci",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `conduix login`."""
    parser.add_argument("address", metavar="HOST:PORT", nargs="?", help="the server (default: that of the context)")
    parser.add_argument(
        "--context", metavar="NAME", help="its name from here on (default: the name it has, or its host)"
    )
    parser.add_argument("--username", metavar="NAME", help="who signs in (default: who did before)")
    parser.add_argument("--password-file", metavar="FILE", help="its first line is the password; - is standard input")
    parser.add_argument("--token", action="store_true", help="store an API token instead; it is asked for")
    parser.add_argument("--token-file", metavar="FILE", help="store the API token of this file; - is standard input")
    parser.add_argument("--tls", action="store_true", help="TLS even to this machine; to others it is always used")
    parser.add_argument("--ca", metavar="FILE", help="PEM file of the authority that signed the server's certificate")


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Sign in, store, say as whom."""
    if (args.token or args.token_file) and (args.username or args.password_file):
        raise UsageError("a token stands for itself", remedy="leave --username and --password-file away")
    file = ContextFile.of_user(terminal.env)
    target = _target(file, args, terminal)
    if args.token or args.token_file:
        return _with_token(file, target, args, terminal)
    return _with_password(file, target, args, terminal)


def _target(file: ContextFile, args: argparse.Namespace, terminal: Terminal) -> Target:
    env = without_token(terminal.env)
    known = file.read().contexts
    if args.address is None:
        found = resolve(file, env, context=args.context)
    else:
        found = resolve(file, env, server=args.address)
        address = parse_address(args.address)
        if args.context in known and known[args.context].server == address:
            found = Target(args.context, known[args.context])
    context = found.context
    authority = str(Path(args.ca).absolute()) if args.ca else context.authority
    tls = args.tls or authority is not None or context.tls or not is_loopback(context.server)
    name = args.context or found.name or _new_name(context.server, known)
    return Target(name, msgspec.structs.replace(context, tls=tls, authority=authority))


def _new_name(address: str, known: dict[str, Context]) -> str:
    """The host; with its port where that name is taken by another server."""
    host = address.rpartition(":")[0]
    return address if host in known else host


def _with_password(file: ContextFile, target: Target, args: argparse.Namespace, terminal: Terminal) -> int:
    username = args.username or target.context.user or _ask_username(terminal)
    password = read_secret(args.password_file, "password", terminal, option="--password-file")

    async def sign_in(client: Client) -> int:
        request = auth_pb.LoginRequest(username=username, password=password)
        answer = await client.call(client.auth.Login, request)
        session = session_of(answer.credentials)
        signed_in = msgspec.structs.replace(target.context, user=username, session=session, token=None)
        file.put(target.name, signed_in, make_current=True)
        over = ago(answer.credentials, "session_expires_at")
        terminal.say(
            f"signed in to {target.context.server} as {username}; the session ends {over}; context {target.name}"
        )
        return Exit.DONE

    return speak(target.context, Nobody(), terminal, sign_in)


def _with_token(file: ContextFile, target: Target, args: argparse.Namespace, terminal: Terminal) -> int:
    token = read_secret(args.token_file, "API token", terminal, option="--token-file")

    async def look(client: Client) -> int:
        me = await client.call(client.auth.GetMe, auth_pb.GetMeRequest())
        stored = msgspec.structs.replace(target.context, user=me.username, session=None, token=token)
        file.put(target.name, stored, make_current=True)
        role = state_word(me, "role").lower()
        terminal.say(f"{target.context.server} knows the token of {me.username} ({role}); context {target.name}")
        return Exit.DONE

    return speak(target.context, FixedToken(token), terminal, look)


def _ask_username(terminal: Terminal) -> str:
    if not terminal.stdin.isatty():
        raise UsageError("who signs in?", remedy="give --username NAME")
    terminal.err.write("username: ")
    terminal.err.flush()
    if not (name := terminal.stdin.readline().decode(errors="replace").strip()):
        raise UsageError("an empty username", remedy="type it, or give --username NAME")
    return name
