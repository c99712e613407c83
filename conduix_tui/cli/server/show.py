"""Lists on standard output: a table for people, plain data for scripts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from google.protobuf.message import Message

from conduix_tui.cli.output import emit_data
from conduix_tui.cli.server.columns import Column, Table
from conduix_tui.cli.server.plain import plain_list
from conduix_tui.cli.terminal import Terminal


def show_list(
    terminal: Terminal, messages: Sequence[Message], columns: Sequence[Column], form: str, *, of: str
) -> None:
    """All of them, in their order; `of` says what there is none of, to a person."""
    if form != "text":
        emit_data(terminal, plain_list(messages), form)
    elif messages:
        table = Table(columns, terminal)
        table.fit(messages)
        terminal.emit("\n".join([table.head(), *map(table.row, messages)]))
    else:
        terminal.say(f"no {of}")


def emit_line(terminal: Terminal, data: Any, form: str) -> None:
    """One of a stream of objects: a line of JSON, or a YAML document; flushed, whoever reads it waits for it."""
    if form == "json":
        import orjson  # noqa: PLC0415 - only where it is asked for

        terminal.emit(orjson.dumps(data).decode())
    else:
        terminal.emit("---")
        emit_data(terminal, data, form)
    terminal.out.flush()
