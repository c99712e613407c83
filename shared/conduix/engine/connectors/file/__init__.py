"""Files as source and sink."""

from __future__ import annotations

from conduix.engine.api import NodeContext, Sink, Source
from conduix.engine.catalog import Entry
from conduix.engine.connectors.file.options import FileSinkOptions, FileSourceOptions


def _build_source(options: FileSourceOptions, context: NodeContext) -> Source:
    from conduix.engine.connectors.file.source import FileSource  # noqa: PLC0415 - the command line must start fast

    return FileSource(options, context)


def _build_sink(options: FileSinkOptions, context: NodeContext) -> Sink:
    from conduix.engine.connectors.file.sink import FileSink  # noqa: PLC0415 - the command line must start fast

    return FileSink(options, context)


ENTRIES = (
    Entry(
        type="file",
        role="source",
        options=FileSourceOptions,
        summary="Reads files: JSON lines, JSON, csv or text, by name or pattern; large ones in ranges.",
        build=_build_source,
        guarantee="replayable",
    ),
    Entry(
        type="file",
        role="sink",
        options=FileSinkOptions,
        summary="Writes a file, or one for each shard; the old file stands until the new one is complete.",
        build=_build_sink,
        guarantee="exactly once",
    ),
)
