"""`conduix checkpoint`: everything so far becomes durable, now."""

from __future__ import annotations

import argparse

from conduix.v1 import operation_service_pb2 as operation_pb
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.cli.arguments import examples
from conduix_tui.cli.server.operation import add_operation, run_operation
from conduix_tui.cli.terminal import Terminal
from conduix_tui.client.client import Client
from conduix_tui.client.refs import pipeline_ref

DESCRIPTION = """Make everything durable that a pipeline did so far, without waiting for its interval."""
EXAMPLES = examples("conduix checkpoint orders", "conduix checkpoint orders --no-wait")

add_arguments = add_operation


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Ask for it and wait until it is reported."""

    async def ask(client: Client) -> operation_pb.Operation:
        request = pb.TriggerCheckpointRequest(pipeline=pipeline_ref(args.name))
        return (await client.call(client.pipelines.TriggerCheckpoint, request)).operation

    return run_operation(args, terminal, ask)
