"""`conduix get`: what a server has, once or for as long as one looks."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message

from conduix.errors import UsageError
from conduix.v1 import common_pb2
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_tui.cli.arguments import add_output, count, examples
from conduix_tui.cli.output import emit_data
from conduix_tui.cli.server.connection import add_server, on_server
from conduix_tui.cli.server.kinds import KINDS, Kind, revisions
from conduix_tui.cli.server.plain import plain
from conduix_tui.cli.server.show import show_list
from conduix_tui.cli.server.watching import conditions_of, watch_list
from conduix_tui.cli.terminal import Exit, Terminal
from conduix_tui.client.client import Client
from conduix_tui.client.listing import pages
from conduix_tui.client.refs import fetch_agent, pipeline_id, pipeline_ref

DESCRIPTION = """List what a server has. KIND is one of pipelines, agents, runs, operations, revisions, users, tokens,
join-tokens; the singular does as well. NAME: one pipeline or agent only; with runs, operations and revisions the
pipeline that they belong to. One pipeline as JSON or YAML comes with its document."""
EXAMPLES = examples(
    "conduix get pipelines",
    "conduix get pipelines --filter 'label.team=billing' --sort '-updated_at' --limit 20",
    "conduix get pipeline orders --watch",
    "conduix get pipeline orders --output json | jq .records_out",
    "conduix get runs orders --filter state=FAILED",
    "conduix get revisions orders --output yaml",
)
_SINGULARS = {
    name.removesuffix("s"): name
    for name in ("pipelines", "agents", "runs", "operations", "revisions", "users", "tokens", "join-tokens")
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `conduix get`."""
    kinds = [*_SINGULARS.values(), *_SINGULARS]
    parser.add_argument("kind", metavar="KIND", choices=kinds, help="what is listed")
    parser.add_argument("name", metavar="NAME", nargs="?", help="one of them, or the pipeline that they belong to")
    add_list_arguments(parser)


def add_list_arguments(parser: argparse.ArgumentParser) -> None:
    """How a list is asked for, whatever it is of."""
    parser.add_argument(
        "--filter", metavar="K=V", action="append", default=[],
        help="only those, e.g. mode=BATCH, state=FAILED, label.team=billing; repeatable, all must hold",
    )  # fmt: skip
    parser.add_argument("--sort", metavar="COLUMN", help="the order, e.g. name, created_at; -name: backwards")
    parser.add_argument("--limit", metavar="N", type=count, help="the first N (default: all)")
    parser.add_argument("-w", "--watch", action="store_true", help="go on showing changes, until Ctrl-C")
    add_output(parser)
    add_server(parser)


def all_of(kind: str) -> Callable[[argparse.ArgumentParser], None]:
    """Declares the arguments of a list of everything of one kind."""

    def declare(parser: argparse.ArgumentParser) -> None:
        parser.set_defaults(kind=kind, name=None)
        add_list_arguments(parser)

    return declare


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """List, look at one, or watch."""
    name = _SINGULARS.get(args.kind, args.kind)
    if name in ("users", "tokens", "join-tokens") and args.name:
        raise UsageError(f"{name} are listed as a whole", remedy=f"conduix get {name}, without {args.name!r}")
    if name == "revisions" and not args.name:
        raise UsageError("revisions of which pipeline?", remedy="conduix get revisions NAME")
    kind = revisions(pipeline_ref(args.name)) if name == "revisions" else KINDS[name]
    return on_server(args, terminal, lambda client: _get(client, kind, args, terminal))


async def _get(client: Client, kind: Kind, args: argparse.Namespace, terminal: Terminal) -> int:
    if args.watch:
        return await watch_list(client, kind, args, terminal)
    if args.name and kind.name in ("pipelines", "agents"):
        return await _one(client, kind, args, terminal)
    shown = await listed(client, kind, args, limit=args.limit)
    show_list(terminal, shown, kind.columns, args.output, of=kind.name)
    return Exit.DONE


async def listed(client: Client, kind: Kind, args: argparse.Namespace, *, limit: int | None) -> list[Message]:
    """The items that the arguments ask for."""
    conditions = conditions_of(args.filter)
    if kind.of_pipeline and args.name:
        conditions.append(f"pipeline_id={await pipeline_id(client, args.name)}")
    paging = common_pb2.Paging(filter=" ".join(conditions), order_by=order_by(args.sort))
    found: list[Message] = []
    async for page in pages(client, kind.method(client), kind.request(paging), limit=limit):
        found += getattr(page, kind.items)
    return found


def order_by(sort: str | None) -> str:
    """`name desc` of `-name`."""
    if sort is None:
        return ""
    return f"{sort[1:]} desc" if sort.startswith("-") else sort


async def _one(client: Client, kind: Kind, args: argparse.Namespace, terminal: Terminal) -> int:
    item, data = await _fetched(client, kind, args.name)
    if args.output == "text":
        show_list(terminal, [item], kind.columns, "text", of=kind.name)
    else:
        emit_data(terminal, data, args.output)
    return Exit.DONE


async def _fetched(client: Client, kind: Kind, name: str) -> tuple[Message, dict[str, Any]]:
    if kind.name == "agents":
        agent = await fetch_agent(client, name)
        return agent, plain(agent)
    answer = await client.call(client.pipelines.GetPipeline, pb.GetPipelineRequest(pipeline=pipeline_ref(name)))
    return answer.pipeline, {**plain(answer.pipeline), "document": answer.document}
