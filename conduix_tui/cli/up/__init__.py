"""`conduix up`: a server and an agent on this machine, for work and for trying things."""

from __future__ import annotations

import argparse

from conduix_tui.cli.arguments import examples, port
from conduix_tui.cli.terminal import Terminal

DESCRIPTION = """Start a server (SQLite, on loopback) and an agent; on a terminal also the console, and who leaves it
ends them. Without a terminal, or with --no-console, they run until Ctrl-C. State, secrets and logs stay in one folder:
the next `conduix up` goes on with all of it. The context `up` becomes the current one, so that the other commands speak
to this server. Relative paths in documents start where `conduix up` was called."""
EXAMPLES = examples(
    "conduix up",
    "conduix up --demo",
    "conduix up --no-console",
    "conduix up --state-dir /tmp/try-it --grpc-port 0 --http-port 0",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `conduix up`."""
    parser.add_argument(
        "--demo", action="store_true",
        help="with pipelines to look at, one of which is there to be mended; without a terminal: wait until they have "
        "settled, print a table, end. Has a state and a context of its own, `demo`",
    )  # fmt: skip
    parser.add_argument("--no-console", action="store_true", help="leave the terminal to the log")
    parser.add_argument(
        "--state-dir", metavar="DIR", help="where everything is kept (default $XDG_STATE_HOME/conduix/up)"
    )
    parser.add_argument(
        "--grpc-port", metavar="PORT", type=port, help="of the server (default 50051, or a free one); 0: a free one"
    )
    parser.add_argument(
        "--http-port", metavar="PORT", type=port, help="/health, /ready, /metrics (default 8080, or a free one)"
    )


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Until its use is over, Ctrl-C or SIGTERM; see `conduix_tui.cli.up.stack`."""
    from conduix_tui.cli.up.stack import run  # noqa: PLC0415 - gRPC; `conduix up --help` and the leash go without

    return run(args, terminal)
