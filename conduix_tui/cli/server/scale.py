"""`conduix scale`: more or fewer worker processes share a pipeline's work."""

from __future__ import annotations

import argparse

from conduix.v1 import operation_service_pb2 as operation_pb
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.cli.arguments import count, examples
from conduix_tui.cli.server.operation import add_operation, run_operation
from conduix_tui.cli.terminal import Terminal
from conduix_tui.client.client import Client
from conduix_tui.client.refs import pipeline_ref

DESCRIPTION = """Change the number of replicas. A running pipeline stands still for a moment at a checkpoint, and what
is left of its sources is dealt anew. More than one replica needs {shard} in the paths of its file sinks."""
EXAMPLES = examples("conduix scale orders 3", "conduix scale orders 1")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `conduix scale`."""
    add_operation(parser)
    parser.add_argument("replicas", metavar="N", type=count, help="how many worker processes")


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Ask for it and wait until it is reported."""

    async def ask(client: Client) -> operation_pb.Operation:
        request = pb.ScalePipelineRequest(pipeline=pipeline_ref(args.name), replicas=args.replicas)
        return (await client.call(client.pipelines.ScalePipeline, request)).operation

    return run_operation(args, terminal, ask)
