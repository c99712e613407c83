"""`conduix delete`: a pipeline with its revisions and history."""

from __future__ import annotations

import argparse

from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.cli.arguments import examples
from conduix_tui.cli.server.connection import add_server, on_server
from conduix_tui.cli.server.secrets import confirm
from conduix_tui.cli.terminal import Exit, Terminal
from conduix_tui.client.client import Client
from conduix_tui.client.refs import fetch_pipeline, pipeline_ref

DESCRIPTION = """Delete a stopped pipeline with its revisions and the history of its runs. What it wrote stays."""
EXAMPLES = examples("conduix delete pipeline orders", "conduix stop orders && conduix delete pipeline orders --yes")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `conduix delete`."""
    parser.add_argument("kind", metavar="KIND", choices=("pipeline",), help="what is deleted: pipeline")
    parser.add_argument("name", metavar="NAME", help="the pipeline, by name or id")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")
    parser.add_argument("--etag", metavar="ETAG", help="only if it was not changed since it had this etag")
    add_server(parser)


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Ask, then delete what was asked about."""

    async def delete(client: Client) -> int:
        pipeline = await fetch_pipeline(client, args.name)
        if not confirm(f"Delete the pipeline {pipeline.name} and its history?", terminal, yes=args.yes):
            terminal.say("nothing was deleted")
            return Exit.FAILED
        etag = args.etag if args.etag is not None else "" if args.yes else pipeline.etag
        request = pb.DeletePipelineRequest(pipeline=pipeline_ref(pipeline.id), etag=etag)
        await client.call(client.pipelines.DeletePipeline, request)
        terminal.say(f"{pipeline.name} deleted")
        return Exit.DONE

    return on_server(args, terminal, delete)
