"""Standard output as a sink."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from conduix.engine.api import NodeContext, Sink
from conduix.engine.catalog import Entry
from conduix.spec.options import Options


class StdoutOptions(Options):
    """Options of the stdout sink."""

    format: Literal["jsonl", "lines"] = Field(
        "jsonl", description="`jsonl`: a JSON value a line; `lines`: texts, one a line."
    )


def _build(options: StdoutOptions, context: NodeContext) -> Sink:
    from conduix.engine.connectors.stdout.sink import StdoutSink  # noqa: PLC0415 - the command line must start fast

    return StdoutSink(options, context)


ENTRIES = (
    Entry(
        type="stdout",
        role="sink",
        options=StdoutOptions,
        summary="Writes JSON lines or text to standard output.",
        build=_build,
        guarantee="at least once",
    ),
)
