"""`--watch`: a list and how it changes, as lines that are added below."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from typing import Any

from google.protobuf.message import Message

from conduix.errors import UsageError
from conduix.rpc.errors import RemoteError
from conduix_tui.cli import words
from conduix_tui.cli.server.columns import Table, state_word
from conduix_tui.cli.server.kinds import Kind
from conduix_tui.cli.server.plain import plain
from conduix_tui.cli.server.show import emit_line
from conduix_tui.cli.terminal import Exit, Terminal
from conduix_tui.client.client import Client
from conduix_tui.client.refs import fetch_agent, fetch_pipeline, pipeline_id
from conduix_tui.client.watch import Interrupted, Snapshot, watch


async def watch_list(client: Client, kind: Kind, args: argparse.Namespace, terminal: Terminal) -> int:
    """Show a list and then each change, until Ctrl-C."""
    if kind.watch is None or kind.watch_request is None:
        raise UsageError(f"{kind.name} cannot be watched", remedy="leave --watch away")
    if args.sort or args.limit:
        raise UsageError("changes come in their own order", remedy="leave --sort and --limit away")
    request = kind.watch_request(**await _conditions(client, kind, args))
    view = _View(kind, args.output, terminal)
    method = kind.watch(client)
    async for update in watch(client, method, request, interrupted=interruptions(terminal)):
        view.show(update)
    return Exit.DONE


async def _conditions(client: Client, kind: Kind, args: argparse.Namespace) -> dict[str, str]:
    if kind.name == "runs":
        if args.filter:
            raise UsageError("watched runs have no filter", remedy="conduix get runs PIPELINE --watch")
        return {"pipeline_id": await pipeline_id(client, args.name)} if args.name else {}
    conditions = conditions_of(args.filter)
    if args.name:
        # a watch by a name that does not exist would wait for ever
        fetch = fetch_agent if kind.name == "agents" else fetch_pipeline
        conditions.append(f"name={(await fetch(client, args.name)).name}")
    return {"filter": " ".join(conditions)}


def conditions_of(filters: Sequence[str]) -> list[str]:
    """Each `--filter` as one condition, whatever its value has in it."""
    return [shlex.quote(each) for each in filters]


def interruptions(terminal: Terminal) -> Interrupted:
    """Says that the server is away, and when it is tried again."""

    def say(error: RemoteError, wait: float) -> None:
        away = terminal.styled("interrupted:", "yellow")
        terminal.say(f"{away} {words.visible(error.message)}; again in {words.duration(round(wait, 1))}")

    return say


class _View:
    def __init__(self, kind: Kind, form: str, terminal: Terminal) -> None:
        self._kind = kind
        self._form = form
        self._terminal = terminal
        self._table = Table(kind.columns, terminal)
        self._headed = False
        self._known: dict[str, Message] = {}

    def show(self, update: Snapshot[Any] | Message) -> None:
        """Add what is new."""
        if isinstance(update, Snapshot):
            self._table.fit([getattr(message, self._kind.item) for message in update.messages])
            for message in update.messages:
                self._line(message)
        else:
            self._line(update)
        self._terminal.out.flush()

    def _line(self, message: Any) -> None:
        item = getattr(message, self._kind.item)
        change = state_word(message, "kind")
        if change == "REMOVED":  # comes with its id only
            item = self._known.pop(item.id, item)
        else:
            self._known[item.id] = item
        if self._form != "text":
            emit_line(self._terminal, {"change": change, self._kind.item: plain(item)}, self._form)
            return
        if not self._headed:
            self._headed = True
            self._terminal.emit(self._table.head())
        gone = "  (removed)" if change == "REMOVED" else ""
        self._terminal.emit(self._table.row(item) + gone)
