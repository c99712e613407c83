"""`conduix diff`: what applying documents would change."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.cli.arguments import add_output, examples
from conduix_tui.cli.output import emit_data
from conduix_tui.cli.server.apply import coloured_diff
from conduix_tui.cli.server.columns import state_word
from conduix_tui.cli.server.connection import add_server, on_server
from conduix_tui.cli.server.documents import add_files, read_documents
from conduix_tui.cli.terminal import Exit, Terminal
from conduix_tui.client.client import Client

DESCRIPTION = """Compare documents with the newest revisions at the server, in their normal form: comments, the order of
keys and the dialect make no difference. Changes nothing."""
EXAMPLES = examples(
    "conduix diff -f orders.yaml",
    "conduix diff -f pipelines/ --exit-code    1 if anything would change, for scripts",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `conduix diff`."""
    add_files(parser)
    parser.add_argument("--exit-code", action="store_true", help="end with 1 where something would change")
    add_output(parser)
    add_server(parser)


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Compare each; text output has only what differs."""
    documents = read_documents(args.files, terminal)
    return on_server(args, terminal, lambda client: _diff(client, documents, args, terminal))


async def _diff(
    client: Client, documents: Sequence[pb.ApplyDocument], args: argparse.Namespace, terminal: Terminal
) -> int:
    results = []
    for each in documents:
        request = pb.DiffPipelineRequest(file=each.file, document=each.document)
        answer = await client.call(client.pipelines.DiffPipeline, request)
        results.append({"file": each.file, "action": state_word(answer, "action"), "diff": answer.diff})
    changed = any(result["action"] != "UNCHANGED" for result in results)
    if args.output != "text":
        emit_data(terminal, results, args.output)
    for result in results if args.output == "text" else ():
        if result["action"] == "CREATED":
            terminal.emit(f"{result['file']}: a new pipeline")
        if result["diff"]:
            terminal.emit(coloured_diff(result["diff"], terminal))
    return Exit.FAILED if changed and args.exit_code else Exit.DONE
