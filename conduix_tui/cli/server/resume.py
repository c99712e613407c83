"""`conduix resume`: a paused pipeline goes on."""

from __future__ import annotations

import argparse

from conduix.v1 import operation_service_pb2 as operation_pb
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.cli.arguments import examples
from conduix_tui.cli.server.operation import add_operation, run_operation
from conduix_tui.cli.terminal import Terminal
from conduix_tui.client.client import Client
from conduix_tui.client.refs import pipeline_ref

DESCRIPTION = """Let a paused pipeline go on where it stands."""
EXAMPLES = examples("conduix resume orders", "conduix resume orders --no-wait")

add_arguments = add_operation


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Ask for it and wait until it is reported."""

    async def ask(client: Client) -> operation_pb.Operation:
        request = pb.ResumePipelineRequest(pipeline=pipeline_ref(args.name))
        return (await client.call(client.pipelines.ResumePipeline, request)).operation

    return run_operation(args, terminal, ask)
