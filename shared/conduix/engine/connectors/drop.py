"""A sink that takes everything and keeps nothing."""

from __future__ import annotations

from collections.abc import Sequence

from conduix.engine.api import Batch, Handle, Letter, NodeContext
from conduix.engine.catalog import Entry
from conduix.engine.connectors.records import Body
from conduix.spec.options import Options


class DropOptions(Options):
    """The drop sink has no options."""


class DropSink:
    """Counts and forgets, in whatever form records come: for benchmarks, dry runs and routes that lead nowhere."""

    accepts: tuple[Body, ...] = ("jsonl", "lines", "csv", "rows")
    min_flush = 0.0

    def __init__(self, options: DropOptions, context: NodeContext) -> None:
        self.records = 0
        """Taken since this process began."""

    async def open(self, handle: Handle | None) -> None:
        """Nothing to go back to."""

    async def write(self, batch: Batch) -> Sequence[Letter]:
        """Count the batch."""
        self.records += batch.count
        return ()

    async def flush(self) -> None:
        """Nothing to make durable."""

    async def probe(self) -> None:
        """There is nothing outside."""

    async def close(self) -> None:
        """Nothing to release."""


ENTRIES = (
    Entry(
        type="drop",
        role="sink",
        options=DropOptions,
        summary="Takes every record and keeps none.",
        build=DropSink,
        guarantee="none",
    ),
)
