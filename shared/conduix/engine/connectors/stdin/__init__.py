"""Standard input as a source."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from conduix.engine.api import NodeContext, Source
from conduix.engine.catalog import Entry
from conduix.engine.connectors.csvoptions import Columns, Delimiter
from conduix.spec.options import Options


class StdinOptions(Options):
    """Options of the stdin source."""

    format: Literal["jsonl", "lines", "csv"] = Field(
        "jsonl", description="`jsonl`: a JSON value a line; `lines`: each line is a text; `csv`."
    )
    csv_header: bool = Field(True, description="csv: the first record holds the names of the columns.")
    csv_columns: Columns | None = Field(
        None, description="csv: names of the columns, in place of those in the header.", examples=[["id", "name"]]
    )
    csv_delimiter: Delimiter = Field(",", description="csv: what stands between fields.", examples=[";"])


def _build(options: StdinOptions, context: NodeContext) -> Source:
    from conduix.engine.connectors.stdin.source import StdinSource  # noqa: PLC0415 - the command line must start fast

    return StdinSource(options, context)


ENTRIES = (
    Entry(
        type="stdin",
        role="source",
        options=StdinOptions,
        summary="Reads JSON lines, csv or text from standard input until it ends.",
        build=_build,
        guarantee="not replayable",
    ),
)
