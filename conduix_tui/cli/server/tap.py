"""`conduix tap`: records as they leave a node."""

from __future__ import annotations

import argparse

from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.cli import words
from conduix_tui.cli.arguments import add_output, count, examples
from conduix_tui.cli.server.connection import add_server, on_server
from conduix_tui.cli.terminal import Exit, Terminal
from conduix_tui.client.client import Client
from conduix_tui.client.refs import pipeline_ref

DESCRIPTION = """See records as they leave a node of a running pipeline, a line of JSON each. Looking costs the pipeline
next to nothing: what cannot be shown in time is passed over, and counted on standard error."""
EXAMPLES = examples(
    "conduix tap orders typed --limit 10",
    "conduix tap orders typed --rate 5 | jq .amount",
    "conduix tap orders source --limit 100 --output json    with node, replica and what was passed over",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `conduix tap`."""
    parser.add_argument("name", metavar="NAME", help="the pipeline, by name or id")
    parser.add_argument("node", metavar="NODE", help="a source, stage or sink of its document, by id")
    parser.add_argument(
        "--limit", metavar="N", type=count, default=0, help="end after N records (default: Ctrl-C ends it)"
    )
    parser.add_argument("--rate", metavar="N", type=count, default=0, help="N records a second at most (default 50)")
    add_output(parser, ("text", "json"))
    add_server(parser)


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Show records until the limit, or Ctrl-C."""

    async def tap(client: Client) -> int:
        request = pb.TapPipelineRequest(
            pipeline=pipeline_ref(args.name), node=args.node, limit=args.limit, rate=args.rate
        )
        dropped = 0
        async for answer in client.stream(client.pipelines.TapPipeline, request):
            dropped += answer.dropped
            if answer.record:
                terminal.emit(_line(answer, args.output))
                terminal.out.flush()
        if dropped:
            terminal.say(f"{words.plural(dropped, 'record')} passed over")
        return Exit.DONE

    return on_server(args, terminal, tap)


def _line(answer: pb.TapPipelineResponse, form: str) -> str:
    if form == "text":
        return answer.record
    import orjson  # noqa: PLC0415 - only where it is asked for

    data = {"node": answer.node, "replica": answer.replica, "dropped": answer.dropped}
    return orjson.dumps({**data, "record": orjson.Fragment(answer.record)}).decode()
