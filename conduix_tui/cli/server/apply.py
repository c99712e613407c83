"""`conduix apply`: pipelines become what their documents say."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

from conduix.errors import UsageError
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.cli import words
from conduix_tui.cli.arguments import add_output, examples
from conduix_tui.cli.output import emit_data
from conduix_tui.cli.server.columns import state_word
from conduix_tui.cli.server.connection import add_server, on_server
from conduix_tui.cli.server.documents import add_files, read_documents
from conduix_tui.cli.server.plain import plain_list
from conduix_tui.cli.terminal import Exit, Terminal
from conduix_tui.client.client import Client

DESCRIPTION = """Create or update pipelines by their names, all or none of the documents; what is the same already stays
as it is. A changed document is a new revision. Applying never starts, stops or restarts anything."""
EXAMPLES = examples(
    "conduix apply -f orders.yaml",
    "conduix apply -f pipelines/ --dry-run",
    "generate-document | conduix apply -f - --output json",
)
_AT_ONCE = 100
"""Documents in one request."""
_BYTES_AT_ONCE = 6 << 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `conduix apply`."""
    add_files(parser)
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, do nothing")
    add_output(parser)
    add_server(parser)


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Read everything, then apply everything."""
    documents = read_documents(args.files, terminal)
    return on_server(args, terminal, lambda client: _apply(client, documents, args, terminal))


async def _apply(
    client: Client, documents: Sequence[pb.ApplyDocument], args: argparse.Namespace, terminal: Terminal
) -> int:
    groups = list(_groups(documents))
    if len(groups) > 1:  # one request is all or none; of several the first must not be done where the last is refused
        for group in groups:
            await client.call(client.pipelines.ApplyPipelines, pb.ApplyPipelinesRequest(documents=group, dry_run=True))
    applied: list[pb.Applied] = []
    for group in groups:
        request = pb.ApplyPipelinesRequest(documents=group, dry_run=args.dry_run)
        applied += (await client.call(client.pipelines.ApplyPipelines, request)).applied
    _tell_warnings(applied, terminal)
    if args.output != "text":
        emit_data(terminal, plain_list(applied), args.output)
    else:
        for each in applied:
            terminal.emit(_line(each, terminal, dry_run=args.dry_run))
    return Exit.DONE


def _groups(documents: Sequence[pb.ApplyDocument]) -> Iterator[list[pb.ApplyDocument]]:
    group: list[pb.ApplyDocument] = []
    size = 0
    for document in documents:
        if group and (len(group) == _AT_ONCE or size + document.ByteSize() > _BYTES_AT_ONCE):
            yield group
            group, size = [], 0
        group.append(document)
        size += document.ByteSize()
    if not group:
        raise UsageError("there is nothing to apply", remedy="name a document with -f")
    yield group


def _tell_warnings(applied: Sequence[pb.Applied], terminal: Terminal) -> None:
    for each in applied:
        for warning in each.warnings:
            write = f"; write {warning.suggestion}" if warning.suggestion else ""
            place = f"{warning.file}:{warning.line}:{warning.column}"
            terminal.say(words.visible(f"{place}: warning {warning.code}: {warning.message}{write}"))


def _line(applied: pb.Applied, terminal: Terminal, *, dry_run: bool) -> str:
    action = state_word(applied, "action").lower()
    colour = {"created": "green", "updated": "yellow"}.get(action, "dim")
    shown = terminal.styled(f"would be {action}" if dry_run and action != "unchanged" else action, colour, out=True)
    line = f"{words.visible(applied.pipeline.name)} {shown}, revision {applied.pipeline.revision}"
    return f"{line}\n{coloured_diff(applied.diff, terminal)}" if action == "updated" and applied.diff else line


def coloured_diff(diff: str, terminal: Terminal) -> str:
    """A unified diff, as git shows one."""
    colours = {"+": "green", "-": "red", "@": "cyan"}
    lines = words.visible(diff).rstrip("\n").split("\n")
    return "\n".join(
        terminal.styled(line, colours[line[0]], out=True) if line[:1] in colours else line for line in lines
    )
