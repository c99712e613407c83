"""`conduix stop`: a last checkpoint, then the workers end."""

from __future__ import annotations

import argparse

from conduix.v1 import operation_service_pb2 as operation_pb
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.cli.arguments import examples
from conduix_tui.cli.server.operation import add_operation, run_operation
from conduix_tui.cli.terminal import Terminal
from conduix_tui.client.client import Client
from conduix_tui.client.refs import pipeline_ref

DESCRIPTION = """Stop a pipeline: its sources stop, what was read is made durable, its workers end. `conduix start`
goes on from there."""
EXAMPLES = examples("conduix stop orders", "conduix stop orders --no-wait")

add_arguments = add_operation


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Ask for it and wait until it is reported."""

    async def ask(client: Client) -> operation_pb.Operation:
        request = pb.StopPipelineRequest(pipeline=pipeline_ref(args.name))
        return (await client.call(client.pipelines.StopPipeline, request)).operation

    return run_operation(args, terminal, ask)
