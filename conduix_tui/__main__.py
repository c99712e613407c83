"""Entry point of `conduix-tui`: a terminal, a server (or a recording), the console."""

from __future__ import annotations

import argparse
import asyncio
import gc
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from conduix.errors import ConduixError, UsageError
from conduix_tui.cli.arguments import Parser, examples
from conduix_tui.cli.terminal import Exit, Terminal
from conduix_tui.client.contexts import ContextFile

if TYPE_CHECKING:
    from conduix_tui.doors import Doors
    from conduix_tui.session import Session

DESCRIPTION = """The console: what is broken, why, and how to mend it. Goes to the server of the current context; signs
in where nobody is signed in yet. `?` inside lists the keys, `:` goes anywhere."""
EXAMPLES = examples(
    "conduix-tui",
    "conduix-tui --context prod pipelines !completed sort=rate:desc",
    "conduix-tui --read-only --record night.jsonl",
    "conduix-tui --replay night.jsonl --speed 10",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the console; returns the exit status."""
    args = _parser().parse_args(argv)
    terminal = Terminal.of_process()
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        terminal.error("the console needs a terminal, and this is none")
        terminal.remedy("for scripts there is `conduix`, for example: conduix get pipelines --output json")
        return Exit.USAGE
    try:
        crashed = asyncio.run(_run(args, terminal))
    except ConduixError as error:
        terminal.fail(error)
        return Exit.USAGE if isinstance(error, UsageError) else Exit.FAILED
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    return Exit.FAILED if crashed else Exit.DONE


def _parser() -> Parser:
    parser = Parser(prog="conduix-tui", description=DESCRIPTION, epilog=EXAMPLES)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--context", metavar="NAME", help="the server of this context (else the current one)")
    which.add_argument("--server", metavar="HOST:PORT", help="the server at this address")
    which.add_argument("--replay", metavar="FILE", type=Path, help="show a recording instead of a server")
    parser.add_argument("--speed", metavar="N", type=float, default=1.0, help="of the replay; 0: all at once")
    parser.add_argument("--record", metavar="FILE", type=Path, help="write down everything that streams in")
    parser.add_argument("--read-only", action="store_true", help="refuse whatever would change something")
    parser.add_argument("start", metavar="WHERE", nargs="*", help="what `:` would be told, e.g. pipelines !completed")
    return parser


async def _run(args: argparse.Namespace, terminal: Terminal) -> bool:
    """Until the person leaves; did it end by an error of its own?"""
    # imported late: --help and errors need no screen
    from conduix_tui.app import ConduixApp  # noqa: PLC0415
    from conduix_tui.doors import Doors  # noqa: PLC0415
    from conduix_tui.preferences import Preferences  # noqa: PLC0415
    from conduix_tui.screens.registry import places  # noqa: PLC0415
    from conduix_tui.session import Session  # noqa: PLC0415
    from conduix_tui.store.recording import Recording, Replay  # noqa: PLC0415
    from conduix_tui.store.state import State  # noqa: PLC0415

    preferences = Preferences.of_user(terminal.env)
    start = places(State()).read(" ".join(args.start)).location if args.start else None
    with ExitStack() as files:
        if args.replay is not None:
            session = Session(Replay(args.replay, args.speed), name=args.replay.name)
            app = ConduixApp(session, start, preferences=preferences)
        else:
            doors = Doors(
                ContextFile.of_user(terminal.env),
                terminal.env,
                "the console was started with --read-only" if args.read_only else "",
                files.enter_context(Recording(args.record)) if args.record is not None else None,
            )
            app = ConduixApp(await _session(doors, args), start, doors, preferences)
        # whoever ends us shall have his terminal back
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, app.exit)
        gc.freeze()  # what was imported stays: looking through it again and again would hold up a key now and then
        await app.run_async()
        return bool(app.return_code)


async def _session(doors: Doors, args: argparse.Namespace) -> Session:
    """That of the context; where nobody is signed in, one that asks for it. Raises ConduixError, UsageError."""
    from conduix_tui.session import closed  # noqa: PLC0415

    if args.context is None and args.server is None and not doors.names and "CONDUIX_SERVER" not in doors.env:
        return closed("", "", "no server is known here yet: name one")
    target = doors.target(args.context, args.server)
    try:
        return await doors.enter(target)
    except ConduixError as error:
        if error.status != "UNAUTHENTICATED":
            raise
        return closed(target.context.server, target.context.user, error.message)


if __name__ == "__main__":
    sys.exit(main())
