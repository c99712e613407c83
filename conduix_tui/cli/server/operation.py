"""Verbs that ask for something and wait until it is reported: the operation, a live line, the outcome."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable

from conduix.rpc.errors import RemoteError
from conduix.v1 import operation_service_pb2 as operation_pb
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.cli import words
from conduix_tui.cli.arguments import add_output, seconds
from conduix_tui.cli.output import emit_data
from conduix_tui.cli.server.columns import state_word
from conduix_tui.cli.server.connection import add_server, on_server
from conduix_tui.cli.server.live import LiveLine
from conduix_tui.cli.server.plain import plain
from conduix_tui.cli.server.watching import interruptions
from conduix_tui.cli.terminal import Exit, Terminal
from conduix_tui.client.client import Client
from conduix_tui.client.refs import fetch_pipeline
from conduix_tui.client.watch import follow, messages_of, watch

Ask = Callable[[Client], Awaitable[operation_pb.Operation]]

_PATIENCE = 300.0
_OPEN = (operation_pb.OPERATION_STATE_QUEUED, operation_pb.OPERATION_STATE_RUNNING)


def add_operation(parser: argparse.ArgumentParser) -> None:
    """NAME, and how long to wait for the outcome."""
    parser.add_argument("name", metavar="NAME", help="the pipeline, by name or id")
    add_waiting(parser)


def add_waiting(parser: argparse.ArgumentParser) -> None:
    """How long to wait for the outcome, and how to print it."""
    parser.add_argument("--no-wait", action="store_true", help="return as soon as the server has noted the wish")
    parser.add_argument(
        "--timeout", metavar="TIME", type=seconds, default=_PATIENCE,
        help="wait that long at most, e.g. 30s (default 5m); the operation itself goes on",
    )  # fmt: skip
    add_output(parser)
    add_server(parser)


def run_operation(args: argparse.Namespace, terminal: Terminal, ask: Ask) -> int:
    """Ask for it, wait for the outcome, and say what it is."""
    return on_server(args, terminal, lambda client: _run(client, args, terminal, ask))


async def _run(client: Client, args: argparse.Namespace, terminal: Terminal, ask: Ask) -> int:
    operation = await ask(client)
    if not args.no_wait:
        operation = await _settled(client, operation, args, terminal)
    pipeline = await fetch_pipeline(client, operation.pipeline_id)
    if args.output != "text":
        emit_data(terminal, {"operation": plain(operation), "pipeline": plain(pipeline)}, args.output)
    return _outcome(operation, pipeline, args, terminal)


async def _settled(
    client: Client, operation: operation_pb.Operation, args: argparse.Namespace, terminal: Terminal
) -> operation_pb.Operation:
    """The operation as it ended, or as it stands when the time is over."""
    newest = operation
    request = operation_pb.WatchOperationRequest(id=operation.id)
    method = client.operations.WatchOperation
    with LiveLine(terminal) as line:
        shown = asyncio.create_task(_show(client, operation.pipeline_id, line)) if line.drawn else None
        try:
            async with asyncio.timeout(args.timeout):
                async for answer in follow(client, method, request, request, interrupted=interruptions(terminal)):
                    newest = answer.operation
                    line.head = _live(newest)
        except TimeoutError:
            pass  # said with the outcome
        except asyncio.CancelledError:
            terminal.say(f"operation {newest.id} goes on at the server: conduix get operations")
            raise
        finally:
            if shown is not None:
                shown.cancel()
    return newest


async def _show(client: Client, name: str, line: LiveLine) -> None:
    """Keep the line's state and rate fresh; only for the eye, so that its failing changes nothing."""
    request = pb.WatchPipelinesRequest(filter=f"name={(await fetch_pipeline(client, name)).name}")
    try:
        async for update in watch(client, client.pipelines.WatchPipelines, request):
            for message in messages_of(update):
                line.show(pipeline_line(message.pipeline))
    except RemoteError as error:
        line.show(error.message)


def pipeline_line(pipeline: pb.Pipeline) -> str:
    """`RUNNING  120,000 in  12.4k/s` of a pipeline now."""
    parts = [state_word(pipeline, "state") or "-"]
    if pipeline.records_in:
        parts.append(f"{words.count(pipeline.records_in)} in")
    if pipeline.state == pb.PIPELINE_STATE_RUNNING and pipeline.records_per_second:
        parts.append(words.rate(pipeline.records_per_second))
    if pipeline.records_dead:
        parts.append(f"{words.count(pipeline.records_dead)} dead")
    if pipeline.detail:
        parts.append(words.visible(pipeline.detail))
    return "  ".join(parts)


def _live(operation: operation_pb.Operation) -> str:
    waiting = f" ({words.visible(operation.message)})" if operation.message else ""
    return f"{operation.kind} {state_word(operation, 'state').lower()}{waiting}"


def _outcome(
    operation: operation_pb.Operation, pipeline: pb.Pipeline, args: argparse.Namespace, terminal: Terminal
) -> int:
    if operation.state == operation_pb.OPERATION_STATE_SUCCEEDED:
        if args.output == "text":
            terminal.emit(f"{pipeline.name}: {operation.kind} done, {pipeline_line(pipeline)}")
        return Exit.DONE
    if operation.state in _OPEN:
        return _unsettled(operation, pipeline, args, terminal)
    terminal.error(f"{pipeline.name}: {operation.kind} {state_word(operation, 'state').lower()}: {operation.message}")
    if operation.code:
        terminal.say(f"code: {operation.code}")
    terminal.remedy(pipeline.remedy)
    return Exit.FAILED


def _unsettled(
    operation: operation_pb.Operation, pipeline: pb.Pipeline, args: argparse.Namespace, terminal: Terminal
) -> int:
    if args.no_wait:
        if args.output == "text":
            terminal.emit(f"{pipeline.name}: {operation.kind} {state_word(operation, 'state').lower()}")
            terminal.say(f"operation {operation.id}; its outcome: conduix get operations {pipeline.name}")
        return Exit.DONE
    terminal.error(
        f"{pipeline.name}: {operation.kind} is not done after {words.duration(args.timeout)}: {_live(operation)}; "
        f"the pipeline is {pipeline_line(pipeline)}"
    )
    terminal.remedy(pipeline.remedy or f"it goes on at the server: conduix get operations {pipeline.name}")
    return Exit.FAILED
