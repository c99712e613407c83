"""`conduix logs`: what a pipeline's workers log."""

from __future__ import annotations

import argparse

from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.cli import words
from conduix_tui.cli.arguments import add_output, count, examples
from conduix_tui.cli.server.connection import add_server, on_server
from conduix_tui.cli.server.plain import plain
from conduix_tui.cli.server.show import emit_line
from conduix_tui.cli.server.watching import interruptions
from conduix_tui.cli.terminal import Exit, Terminal
from conduix_tui.client.client import Client
from conduix_tui.client.refs import pipeline_ref
from conduix_tui.client.watch import follow

DESCRIPTION = (
    """Show the last lines that a pipeline's workers logged, and with -f those that follow, from all replicas."""
)
EXAMPLES = examples(
    "conduix logs orders",
    "conduix logs orders -f --lines 20",
    "conduix logs orders --output json | jq -r 'select(.level == \"error\").message'",
)
_COLOURS = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "red"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `conduix logs`."""
    parser.add_argument("name", metavar="NAME", help="the pipeline, by name or id")
    parser.add_argument("-f", "--follow", action="store_true", help="go on with new lines, until Ctrl-C")
    parser.add_argument("--lines", metavar="N", type=count, default=100, help="lines from before (default 100)")
    add_output(parser, ("text", "json"))
    add_server(parser)


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Show lines until there are no more, or Ctrl-C."""

    async def show(client: Client) -> int:
        pipeline = pipeline_ref(args.name)
        first = pb.TailLogsRequest(pipeline=pipeline, lines=args.lines, follow=args.follow)
        # after a break without old lines: better a gap, which is said, than lines twice
        again = pb.TailLogsRequest(pipeline=pipeline, lines=0, follow=args.follow)
        method = client.pipelines.TailLogs
        async for line in follow(client, method, first, again, interrupted=interruptions(terminal)):
            if args.output == "text":
                terminal.emit(_line(line, terminal))
                terminal.out.flush()
            else:
                emit_line(terminal, plain(line), args.output)
        return Exit.DONE

    return on_server(args, terminal, show)


def _line(line: pb.TailLogsResponse, terminal: Terminal) -> str:
    level = line.level.upper()
    at = line.at.ToDatetime().isoformat(timespec="milliseconds") + "Z"
    shown = terminal.styled(level.ljust(7), _COLOURS[level], out=True) if level in _COLOURS else level.ljust(7)
    text = f"{terminal.styled(at, 'dim', out=True)} {shown} [{line.replica}] {words.visible(line.message)}"
    return f"({words.plural(line.dropped, 'line')} passed over)\n{text}" if line.dropped else text
