"""`conduix context`: the servers that are known here; nothing of it asks a server."""

from __future__ import annotations

import argparse
import time
from typing import Any, get_args

import msgspec

from conduix.errors import UsageError
from conduix_tui.cli import words
from conduix_tui.cli.arguments import Commands, Parser, add_output, examples
from conduix_tui.cli.output import emit_data
from conduix_tui.cli.terminal import Exit, Terminal
from conduix_tui.client.contexts import Colour, Context, ContextFile

DESCRIPTION = """The servers that are known here, with who is signed in. `conduix login` adds one. They are kept in
$XDG_CONFIG_HOME/conduix/contexts.yaml; CONDUIX_CONTEXT names another one than the current for one command."""
EXAMPLES = examples(
    "conduix context list",
    "conduix context use prod",
    "conduix context show --output json",
    "conduix context set prod --colour red --protected",
    "conduix context remove old",
)


def add_arguments(parser: Parser) -> None:
    """The commands of `conduix context`."""
    commands = Commands(parser)
    commands.add("list", "all of them; * is the current one", _list, add_output)
    commands.add("use", "make one the current one", _use, _name)
    commands.add(
        "show", "one of them (default: the current one), without its secrets", _show, _optional_name, add_output
    )
    commands.add("set", "its colour in the console, and what the console guards it from", _set, _name, _guards)
    commands.add("remove", "forget one and its tokens", _remove, _name)


def _name(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="the context")


def _optional_name(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", nargs="?", help="the context (default: the current one)")


def _guards(parser: Parser) -> None:
    parser.add_argument("--colour", choices=[*filter(None, get_args(Colour)), "none"], help="of its stripe")
    yes_or_no = argparse.BooleanOptionalAction
    parser.add_argument("--read-only", action=yes_or_no, help="the console changes nothing there")
    parser.add_argument("--protected", action=yes_or_no, help="the console asks one grade more strictly there")


def _list(args: argparse.Namespace, terminal: Terminal) -> int:
    known = ContextFile.of_user(terminal.env).read()
    if args.output != "text":
        rows = [as_data(name, each, current=name == known.current) for name, each in known.contexts.items()]
        emit_data(terminal, rows, args.output)
    elif known.contexts:
        heads = ("", "NAME", "SERVER", "USER", "SIGNED IN")
        cells = [
            ("*" if name == known.current else "", name, each.server, each.user or "-", _signed_in(each))
            for name, each in known.contexts.items()
        ]
        terminal.emit("\n".join(words.table([heads, *cells])))
    else:
        terminal.say("no contexts; add one with `conduix login HOST:PORT`, or `conduix up`")
    return Exit.DONE


def _use(args: argparse.Namespace, terminal: Terminal) -> int:
    context = ContextFile.of_user(terminal.env).use(args.name)
    terminal.say(f"from here on: {args.name}, {context.server}")
    return Exit.DONE


def _show(args: argparse.Namespace, terminal: Terminal) -> int:
    file = ContextFile.of_user(terminal.env)
    known = file.read()
    name = args.name or known.current
    if not name:
        raise UsageError("there is no current context", remedy="conduix context use NAME, or conduix login HOST:PORT")
    data = as_data(name, file.get(name), current=name == known.current)
    if args.output == "text":
        terminal.emit(
            "\n".join(words.table([(key, "-" if value is None else str(value)) for key, value in data.items()]))
        )
    else:
        emit_data(terminal, data, args.output)
    return Exit.DONE


def _set(args: argparse.Namespace, terminal: Terminal) -> int:
    file = ContextFile.of_user(terminal.env)
    colour = "" if args.colour == "none" else args.colour
    given = {"colour": colour, "read_only": args.read_only, "protected": args.protected}
    changed = {field: value for field, value in given.items() if value is not None}
    if not changed:
        remedy = "give --colour, --read-only or --protected"
        raise UsageError(f"nothing to set on {args.name}", remedy=remedy)
    file.change(args.name, lambda context: msgspec.structs.replace(context, **changed))
    terminal.say(f"{args.name}: {', '.join(f'{field} {_written(value)}' for field, value in changed.items())}")
    return Exit.DONE


def _written(value: str | bool) -> str:
    return (value or "none") if isinstance(value, str) else "on" if value else "off"


def _remove(args: argparse.Namespace, terminal: Terminal) -> int:
    file = ContextFile.of_user(terminal.env)
    gone = file.remove(args.name)
    terminal.say(f"forgot {args.name} ({gone.server}) and its tokens")
    if not file.read().current:
        terminal.say("no context is the current one now: conduix context use NAME")
    return Exit.DONE


def as_data(name: str, context: Context, *, current: bool) -> dict[str, Any]:
    """What may be shown of a context."""
    return {
        "name": name,
        "current": current,
        "server": context.server,
        "tls": context.tls,
        "authority": context.authority,
        "user": context.user,
        "signed_in": _signed_in(context),
        "colour": context.colour or None,
        "read_only": context.read_only,
        "protected": context.protected,
    }


def _signed_in(context: Context) -> str:
    if context.token is not None:
        return "API token"
    if context.session is None:
        return "no"
    left = int(context.session.expires_at - time.time())
    return f"for {words.duration(left - left % 60) if left >= 60 else words.duration(left)}" if left > 0 else "over"
