"""`conduix runs`: what pipelines did; going on with a run that failed."""

from __future__ import annotations

import argparse

from conduix.v1 import operation_service_pb2 as operation_pb
from conduix.v1 import run_service_pb2 as run_pb
from conduix_tui.cli.arguments import Commands, Parser, add_output, examples
from conduix_tui.cli.server import get
from conduix_tui.cli.server.connection import add_server, on_server
from conduix_tui.cli.server.describe import describe_run
from conduix_tui.cli.server.operation import add_waiting, run_operation
from conduix_tui.cli.terminal import Terminal
from conduix_tui.client.client import Client
from conduix_tui.client.refs import find_run

DESCRIPTION = """What pipelines did, from start to end. RUN is an id, PIPELINE (its newest run) or PIPELINE/NUMBER."""
EXAMPLES = examples(
    "conduix runs list orders",
    "conduix runs list --filter state=FAILED --sort -started_at --limit 10",
    "conduix runs show orders/3",
    "conduix runs retry orders/3      goes on where it stands, with its own revision",
)


def add_arguments(parser: Parser) -> None:
    """The commands of `conduix runs`."""
    commands = Commands(parser)
    commands.add("list", "runs of all pipelines, or of one", get.execute, _list_arguments)
    commands.add("show", "all about one run", _show, _run, add_output, add_server)
    commands.add("retry", "go on with a failed or stopped run where it stands", _retry, _run, add_waiting)


def _list_arguments(parser: Parser) -> None:
    parser.add_argument("name", metavar="PIPELINE", nargs="?", help="only of this pipeline")
    parser.set_defaults(kind="runs")
    get.add_list_arguments(parser)


def _run(parser: Parser) -> None:
    parser.add_argument("name", metavar="RUN", help="the run: id, PIPELINE or PIPELINE/NUMBER")


def _show(args: argparse.Namespace, terminal: Terminal) -> int:
    return on_server(args, terminal, lambda client: describe_run(client, args, terminal))


def _retry(args: argparse.Namespace, terminal: Terminal) -> int:
    async def ask(client: Client) -> operation_pb.Operation:
        run = await find_run(client, args.name)
        return (await client.call(client.runs.RetryRun, run_pb.RetryRunRequest(id=run.id))).operation

    return run_operation(args, terminal, ask)
