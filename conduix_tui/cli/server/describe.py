"""`conduix describe`: all about one pipeline, agent or run."""

from __future__ import annotations

import argparse

from conduix.v1 import agent_service_pb2 as agent_pb
from conduix.v1 import common_pb2
from conduix.v1 import pipeline_service_pb2 as pb
from conduix.v1 import run_service_pb2 as run_pb
from conduix_tui.cli.arguments import add_output, examples
from conduix_tui.cli.output import emit_data
from conduix_tui.cli.server import described as page
from conduix_tui.cli.server.connection import add_server, on_server
from conduix_tui.cli.server.plain import plain, plain_list
from conduix_tui.cli.terminal import Exit, Terminal
from conduix_tui.client.client import Client
from conduix_tui.client.refs import find_run, pipeline_ref

DESCRIPTION = (
    """Show all about one thing. A run is named by its id, as PIPELINE (its newest run) or as PIPELINE/NUMBER."""
)
EXAMPLES = examples(
    "conduix describe pipeline orders",
    "conduix describe agent host-7",
    "conduix describe run orders/3 --output json | jq .records_dead",
)
_RUNS_SHOWN = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `conduix describe`."""
    parser.add_argument("kind", metavar="KIND", choices=tuple(_DESCRIBE), help="pipeline, agent or run")
    parser.add_argument("name", metavar="NAME", help="its name or id")
    add_output(parser)
    add_server(parser)


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Ask for everything there is about it."""
    return on_server(args, terminal, lambda client: _DESCRIBE[args.kind](client, args, terminal))


async def _pipeline(client: Client, args: argparse.Namespace, terminal: Terminal) -> int:
    ref = pipeline_ref(args.name)
    status = await client.call(client.pipelines.GetPipelineStatus, pb.GetPipelineStatusRequest(pipeline=ref))
    paging = common_pb2.Paging(
        filter=f"pipeline_id={status.pipeline.id}", order_by="started_at desc", page_size=_RUNS_SHOWN
    )
    runs = (await client.call(client.runs.ListRuns, run_pb.ListRunsRequest(paging=paging))).runs
    if args.output == "text":
        terminal.emit(page.pipeline(status, runs, terminal))
        return Exit.DONE
    document = (await client.call(client.pipelines.GetPipeline, pb.GetPipelineRequest(pipeline=ref))).document
    data = {**plain(status), "runs": plain_list(runs), "document": document}
    emit_data(terminal, data, args.output)
    return Exit.DONE


async def describe_agent(client: Client, args: argparse.Namespace, terminal: Terminal) -> int:
    """All about the agent of `args.name`."""
    status = await client.call(client.agents.GetAgentStatus, agent_pb.GetAgentStatusRequest(id=args.name))
    if args.output == "text":
        terminal.emit(page.agent(status, terminal))
    else:
        emit_data(terminal, plain(status), args.output)
    return Exit.DONE


async def describe_run(client: Client, args: argparse.Namespace, terminal: Terminal) -> int:
    """All about the run of `args.name`."""
    run = await find_run(client, args.name)
    if args.output == "text":
        terminal.emit(page.run(run, terminal))
    else:
        emit_data(terminal, plain(run), args.output)
    return Exit.DONE


_DESCRIBE = {"pipeline": _pipeline, "agent": describe_agent, "run": describe_run}
