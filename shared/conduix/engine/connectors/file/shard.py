"""Opens one shard: the content, where its records begin, and the reader of its format."""

from __future__ import annotations

from typing import Protocol

from conduix.engine.api import JSONL, TEXT, Batch, NodeContext, Position, Shard
from conduix.engine.connectors.csvheader import csv_format
from conduix.engine.connectors.file.content import Content, open_content
from conduix.engine.connectors.file.cut import open_unchanged
from conduix.engine.connectors.file.document import DocumentReader
from conduix.engine.connectors.file.options import FileSourceOptions, delimiter_of
from conduix.engine.connectors.file.reader import LineReader, first_csv_record, first_line_from
from conduix.engine.connectors.records import CsvCutter, Cutter, LineCutter
from conduix.errors import SystemicError

_MARK = b"\xef\xbb\xbf"


class Reader(Protocol):
    """Reads one shard."""

    content: Content
    offset: int
    """Where reading goes on."""

    def read(self) -> Batch | None:
        """The next batch; None at the end."""


class OpenShard:
    """A shard that is being read."""

    def __init__(self, shard: Shard, reader: Reader) -> None:
        self.shard = shard
        self.reader = reader

    def read_bytes(self) -> int:
        """How many of the shard's bytes were read."""
        start, end = int(self.shard.spec["start"]), int(self.shard.spec["end"])
        at = self.reader.offset if counts_bytes(self.shard) else self.reader.content.consumed()
        return max(0, min(at, end) - start)

    def close(self) -> None:
        """Release the file."""
        self.reader.content.close()


def counts_bytes(shard: Shard) -> bool:
    """Are the shard's positions bytes of the file itself? Not where it is packed, nor where items are counted."""
    return bool(shard.spec["packing"] == "none" and shard.spec["format"] != "json")


def open_shard(
    shard: Shard, held: Position | None, begins: int | None, options: FileSourceOptions, context: NodeContext
) -> OpenShard:
    """Open a shard at the held position.

    `begins`: where its first record begins, if the range before it was just read to its end.

    Raises:
        SourceChanged: the file is no longer the one that was cut.
        ConnectorError: it cannot be opened, unpacked, or its header cannot be used.
    """
    content = _content(shard)
    try:
        if shard.spec["format"] == "json":
            offset = int(held["offset"]) if held else 0
            return OpenShard(shard, _document(shard, content, offset, context.batch_bytes))
        cutter, first = _first_record(shard, content, options, begins)
    except BaseException:
        content.close()
        raise
    reader = LineReader(
        content,
        cutter,
        node=context.node,
        shard=shard.id,
        offset=int(held["offset"]) if held else first,
        end=int(shard.spec["end"]) if shard.spec["packing"] == "none" else None,
        batch_bytes=context.batch_bytes,
    )
    return OpenShard(shard, reader)


def _content(shard: Shard) -> Content:
    spec = shard.spec
    return open_content(open_unchanged(shard), str(spec["path"]), spec["packing"], int(spec["size"]))


def _document(shard: Shard, content: Content, offset: int, batch_bytes: int) -> DocumentReader:
    path = str(shard.spec["path"])
    return DocumentReader(
        content,
        lambda: _content(shard),
        path,
        shard=shard.id,
        mark=_mark(content, path),
        offset=offset,
        batch_bytes=batch_bytes,
    )


def _first_record(shard: Shard, content: Content, options: FileSourceOptions, begins: int | None) -> tuple[Cutter, int]:
    """What cuts the shard, and where its first record begins."""
    path, start = str(shard.spec["path"]), int(shard.spec["start"])
    cutter = LineCutter(JSONL if shard.spec["format"] == "jsonl" else TEXT)
    if start > 0:
        return cutter, first_line_from(content, start) if begins is None else begins
    first = _mark(content, path)
    if shard.spec["format"] != "csv":
        return cutter, first
    delimiter = delimiter_of(path, options.csv_delimiter)
    record_format, header = csv_format(
        first_csv_record(content, path, first, delimiter),
        path,
        header=options.csv_header,
        columns=options.csv_columns,
        delimiter=delimiter,
    )
    return CsvCutter(record_format), first + header


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
