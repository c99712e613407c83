"""`conduix pause`: the pipeline stands still, its workers stay."""

from __future__ import annotations

import argparse

from conduix.v1 import operation_service_pb2 as operation_pb
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.cli.arguments import examples
from conduix_tui.cli.server.operation import add_operation, run_operation
from conduix_tui.cli.terminal import Terminal
from conduix_tui.client.client import Client
from conduix_tui.client.refs import pipeline_ref

DESCRIPTION = """Pause a running pipeline: what was read is made durable, its workers stay and wait. `conduix resume`
lets it go on."""
EXAMPLES = examples("conduix pause orders", "conduix pause orders --no-wait")

add_arguments = add_operation


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Ask for it and wait until it is reported."""

    async def ask(client: Client) -> operation_pb.Operation:
        request = pb.PausePipelineRequest(pipeline=pipeline_ref(args.name))
        return (await client.call(client.pipelines.PausePipeline, request)).operation

    return run_operation(args, terminal, ask)
