"""Opens one shard: the content, where its records begin, and the reader of its format."""

from __future__ import annotations

from typing import Protocol

from conduix.engine.api import JSONL, TEXT, Batch, NodeContext, Position, Shard
from conduix.engine.connectors.file.content import Content, open_content
from conduix.engine.connectors.file.cut import open_unchanged
from conduix.engine.connectors.file.header import csv_format
from conduix.engine.connectors.file.options import FileSourceOptions, delimiter_of
from conduix.engine.connectors.file.reader import LineReader, first_line_from
from conduix.engine.connectors.records import CsvCutter, Cutter, LineCutter
from conduix.errors import SystemicError

_MARK = b"\xef\xbb\xbf"


class Reader(Protocol):
    """Reads one shard."""

    offset: int
    """Where reading goes on."""

    def read(self) -> Batch | None:
        """The next batch; None at the end."""


class OpenShard:
    """A shard that is being read."""

    def __init__(self, shard: Shard, content: Content, reader: Reader) -> None:
        self.shard = shard
        self.reader = reader
        self._content = content

    def read_bytes(self) -> int:
        """How many of the shard's bytes were read."""
        start, end = int(self.shard.spec["start"]), int(self.shard.spec["end"])
        return max(0, min(self._content.consumed(), end) - start)

    def close(self) -> None:
        """Release the file."""
        self._content.close()


def open_shard(
    shard: Shard, held: Position | None, begins: int | None, options: FileSourceOptions, context: NodeContext
) -> OpenShard:
    """Open a shard at the held position.

    `begins`: where its first record begins, if the range before it was just read to its end.

    Raises:
        SourceChanged: the file is no longer the one that was cut.
        ConnectorError: it cannot be opened, unpacked, or its header cannot be used.
    """
    path, size = str(shard.spec["path"]), int(shard.spec["size"])
    content = open_content(open_unchanged(shard), path, shard.spec["packing"], size)
    try:
        cutter, first = _first_record(shard, content, options, begins)
        reader = LineReader(
            content,
            cutter,
            node=context.node,
            shard=shard.id,
            offset=int(held["offset"]) if held else first,
            end=int(shard.spec["end"]) if shard.spec["packing"] == "none" else None,
            batch_bytes=context.batch_bytes,
        )
    except BaseException:
        content.close()
        raise
    return OpenShard(shard, content, reader)


def _first_record(shard: Shard, content: Content, options: FileSourceOptions, begins: int | None) -> tuple[Cutter, int]:
    """What cuts the shard, and where its first record begins."""
    path, start = str(shard.spec["path"]), int(shard.spec["start"])
    cutter = LineCutter(JSONL if shard.spec["format"] == "jsonl" else TEXT)
    if start > 0:
        return cutter, first_line_from(content, start) if begins is None else begins
    first = _mark(content, path)
    if shard.spec["format"] != "csv":
        return cutter, first
    record_format, first = csv_format(
        content,
        path,
        first,
        header=options.csv_header,
        columns=options.csv_columns,
        delimiter=delimiter_of(path, options.csv_delimiter),
    )
    return CsvCutter(record_format), first


def _mark(content: Content, path: str) -> int:
    """The length of the byte order mark at the start of a file."""
    head = content.at(0, 4)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SystemicError(
            f"{path} is UTF-16, not UTF-8",
            system=path,
            remedy=f"convert it: iconv -f UTF-16 -t UTF-8 {path} > utf8-file",
        )
    return len(_MARK) if head.startswith(_MARK) else 0
