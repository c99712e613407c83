"""`conduix wait`: until a pipeline is in a state, for scripts."""

from __future__ import annotations

import argparse
import asyncio

from conduix.errors import NotFound, Resource
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.cli import words
from conduix_tui.cli.arguments import add_output, examples, seconds
from conduix_tui.cli.output import emit_data
from conduix_tui.cli.server.columns import state_word
from conduix_tui.cli.server.connection import add_server, on_server
from conduix_tui.cli.server.live import LiveLine
from conduix_tui.cli.server.operation import pipeline_line
from conduix_tui.cli.server.plain import plain
from conduix_tui.cli.server.watching import interruptions
from conduix_tui.cli.terminal import Exit, Terminal
from conduix_tui.client.client import Client
from conduix_tui.client.refs import fetch_pipeline
from conduix_tui.client.watch import Snapshot, messages_of, watch

DESCRIPTION = """Wait until a pipeline is reported in a state. Ends at once, with 1, where that cannot come by itself
any more: who waits for `completed` is told of a failure. `completed` with dead letters ends with 3."""
EXAMPLES = examples(
    "conduix wait pipeline orders --for completed --timeout 1h",
    "conduix start orders && conduix wait pipeline orders --for completed && load out/orders.jsonl",
)
_STATES = ("running", "completed", "paused", "stopped", "failed")
_ENDS = frozenset({pb.PIPELINE_STATE_COMPLETED, pb.PIPELINE_STATE_FAILED, pb.PIPELINE_STATE_STOPPED})
"""States that a pipeline does not leave by itself."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `conduix wait`."""
    parser.add_argument("kind", metavar="KIND", choices=("pipeline",), help="what is waited for: pipeline")
    parser.add_argument("name", metavar="NAME", help="the pipeline, by name or id")
    parser.add_argument("--for", dest="state", choices=_STATES, required=True, help="the state")
    parser.add_argument("--timeout", metavar="TIME", type=seconds, help="wait that long at most (default: for ever)")
    add_output(parser)
    add_server(parser)


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Wait, then say how it is."""
    return on_server(args, terminal, lambda client: _wait(client, args, terminal))


async def _wait(client: Client, args: argparse.Namespace, terminal: Terminal) -> int:
    pipeline = await fetch_pipeline(client, args.name)
    wanted = pb.PipelineState.Value(f"PIPELINE_STATE_{args.state.upper()}")
    with LiveLine(terminal) as line:
        line.head = f"{pipeline.name}: waiting for {args.state}"
        try:
            async with asyncio.timeout(args.timeout):
                pipeline = await _reached(client, pipeline, wanted, line, terminal)
        except TimeoutError:
            pipeline = await fetch_pipeline(client, pipeline.id)
    if args.output != "text":
        emit_data(terminal, plain(pipeline), args.output)
    return _outcome(pipeline, wanted, args, terminal)


async def _reached(
    client: Client, pipeline: pb.Pipeline, wanted: int, line: LiveLine, terminal: Terminal
) -> pb.Pipeline:
    """The pipeline in the wanted state, or in one that it does not leave by itself."""
    request = pb.WatchPipelinesRequest(filter=f"name={pipeline.name}")
    method = client.pipelines.WatchPipelines
    async for update in watch(client, method, request, interrupted=interruptions(terminal)):
        newest = _of(update, pipeline)
        if newest.state == wanted or _stuck(newest):
            return newest
        line.show(pipeline_line(newest))
    raise AssertionError("a watch does not end")


def _of(update: Snapshot[pb.WatchPipelinesResponse] | pb.WatchPipelinesResponse, known: pb.Pipeline) -> pb.Pipeline:
    """The pipeline in an update. NotFound: it was deleted meanwhile."""
    for message in messages_of(update):
        if message.pipeline.id == known.id and state_word(message, "kind") != "REMOVED":
            return message.pipeline
    raise NotFound(Resource.PIPELINE, known.name, remedy="it was deleted while we waited")


def _stuck(pipeline: pb.Pipeline) -> bool:
    """Will nothing happen unless somebody asks for it?"""
    asked_to_run = pipeline.desired_state == pb.DESIRED_STATE_RUNNING
    if pipeline.state == pb.PIPELINE_STATE_STOPPED:
        return not asked_to_run
    return pipeline.state in _ENDS


def _outcome(pipeline: pb.Pipeline, wanted: int, args: argparse.Namespace, terminal: Terminal) -> int:
    if pipeline.state == wanted:
        if args.output == "text":
            terminal.emit(f"{pipeline.name}: {pipeline_line(pipeline)}")
        completed = wanted == pb.PIPELINE_STATE_COMPLETED
        return Exit.DEAD_LETTERS if completed and pipeline.records_dead else Exit.DONE
    late = "" if _stuck(pipeline) or args.timeout is None else f" after {words.duration(args.timeout)}"
    terminal.error(f"{pipeline.name} is not {args.state}{late}: {pipeline_line(pipeline)}")
    terminal.remedy(pipeline.remedy)
    return Exit.FAILED
