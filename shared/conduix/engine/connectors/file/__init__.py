"""Files as source and sink."""

from __future__ import annotations

from conduix.engine.catalog import Entry
from conduix.engine.connectors.file.options import FileSinkOptions, FileSourceOptions
from conduix.engine.connectors.file.sink import FileSink
from conduix.engine.connectors.file.source import FileSource

ENTRIES = (
    Entry(
        type="file",
        role="source",
        options=FileSourceOptions,
        summary="Reads files: JSON lines, JSON, csv or text, by name or pattern; large ones in ranges.",
        build=FileSource,
        guarantee="replayable",
    ),
    Entry(
        type="file",
        role="sink",
        options=FileSinkOptions,
        summary="Writes a file, or one for each shard; the old file stands until the new one is complete.",
        build=FileSink,
        guarantee="exactly once",
    ),
)
