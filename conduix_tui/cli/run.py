"""`conduix run`: runs a document to its end, or to Ctrl-C, with no server."""

from __future__ import annotations

import argparse

from conduix_tui.cli.arguments import add_output, examples, port
from conduix_tui.cli.document import add_document
from conduix_tui.cli.logs import LEVELS
from conduix_tui.cli.terminal import Exit, Terminal

DESCRIPTION = """Run a pipeline in this process, to its end or to Ctrl-C. What was done is kept in a state directory, so
that an interrupted run goes on with --resume, and writes every record once. Progress and summary go to standard
error."""
EXAMPLES = examples(
    "conduix run orders.yaml",
    "conduix run orders.yaml --resume                 go on after Ctrl-C, kill -9 or a full disk",
    "conduix run orders.yaml --limit 100 --dry-run    look at the numbers, write nothing",
    "conduix run orders.yaml --set source.path=other.jsonl --output json",
    "conduix run orders.yaml --log-format json --metrics-port 9100",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `conduix run`."""
    add_document(parser)
    parser.add_argument("--mode", choices=("batch", "realtime"), help="instead of the document's mode")
    parser.add_argument("--limit", metavar="N", type=_count, help="read N records of each source, then end")
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="read and transform, write nothing: neither outputs, dead letters nor state",
    )
    parser.add_argument(
        "--state-dir",
        metavar="DIR",
        help="checkpoints and dead letters (default $XDG_STATE_HOME/conduix/run/NAME)",
    )
    beginning = parser.add_mutually_exclusive_group()
    beginning.add_argument("--resume", action="store_true", help="go on from the last checkpoint of an unfinished run")
    beginning.add_argument("--fresh", action="store_true", help="start over; what an unfinished run did is given up")
    parser.add_argument(
        "--metrics-port",
        metavar="PORT",
        type=port,
        help="serve /metrics for Prometheus on the loopback interface; 0: a free port",
    )
    parser.add_argument("--log-level", choices=LEVELS, default="info", help="what is logged (default info)")
    parser.add_argument(
        "--log-format", choices=("text", "json"), default="text", help="how it is logged (default text)"
    )
    add_output(parser, ("text", "json"))


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of records; write for example 1000")
    return int(text)


def execute(args: argparse.Namespace, terminal: Terminal) -> Exit:
    """Run the document; see `conduix_tui.cli.session`."""
    from conduix_tui.cli.session import Session  # noqa: PLC0415 - the engine, not for `conduix --help`

    return Session(args, terminal).run()
