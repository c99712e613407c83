"""`conduix start`: a run begins, or the unfinished one goes on."""

from __future__ import annotations

import argparse

from conduix.v1 import operation_service_pb2 as operation_pb
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.cli.arguments import examples
from conduix_tui.cli.server.operation import add_operation, run_operation
from conduix_tui.cli.terminal import Terminal
from conduix_tui.client.client import Client
from conduix_tui.client.refs import pipeline_ref

DESCRIPTION = """Start a pipeline. A stopped or failed run goes on from its last checkpoint; --fresh begins a new run
instead. Returns when the pipeline is reported to run (or to be done already); `conduix wait` waits for its end."""
EXAMPLES = examples(
    "conduix start orders",
    "conduix start orders --fresh",
    "conduix start orders && conduix wait pipeline orders --for completed",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `conduix start`."""
    add_operation(parser)
    parser.add_argument(
        "--fresh", action="store_true", help="begin a new run of the newest revision, although the last is unfinished"
    )


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Ask for it and wait until it is reported."""

    async def ask(client: Client) -> operation_pb.Operation:
        request = pb.StartPipelineRequest(pipeline=pipeline_ref(args.name), fresh=args.fresh)
        return (await client.call(client.pipelines.StartPipeline, request)).operation

    return run_operation(args, terminal, ask)
