"""Reads the records of one shard of jsonl, lines or csv, batch by batch."""

from __future__ import annotations

from conduix.engine.api import Batch, Format, Letter, Lines
from conduix.engine.connectors.csvheader import unclosed_header
from conduix.engine.connectors.file.content import Content
from conduix.engine.connectors.records import (
    MAX_RECORD_BYTES,
    CsvCutter,
    Cutter,
    Piece,
    Refused,
    too_large,
    unclosed_quote,
)

_SCAN = 1024 * 1024


class LineReader:
    """Whole records from `offset` on; of a range, those whose first byte lies before `end`.

    It reads no further than twice the last batch, so that a thousand tiny records do not cost the reading of 256 KiB
    again and again. `node` and `shard` name the source in batches and letters.
    """

    def __init__(
        self, content: Content, cutter: Cutter, *, node: str, shard: str, offset: int, end: int | None, batch_bytes: int
    ) -> None:
        self.offset = offset
        self.content = content
        self._cutter = cutter
        self._node = node
        self._shard = shard
        self._end = end
        self._most = batch_bytes
        self._size = batch_bytes

    def read(self) -> Batch | None:
        """The next records, at most `batch_bytes` unless one alone is longer; None at the end."""
        size = self._size
        while self._end is None or self.offset < self._end:
            data = self.content.at(self.offset, size)
            if not data:
                return None
            if piece := self._cutter.cut(self._begun_before_end(data), self.offset, self._most):
                self._size = min(self._most, max(2 * piece.length, 4096))
                return self._records(piece)
            if len(data) < size:
                last = self._cutter.last(data, self.offset)
                return self._records(last) if isinstance(last, Piece) else self._letter(last)
            if size > MAX_RECORD_BYTES:
                return self._letter(self._endless(data))
            size = min(4 * size, MAX_RECORD_BYTES + 1)
        return None

    def _begun_before_end(self, data: bytes) -> bytes:
        if self._end is None or len(data) <= (left := self._end - self.offset):
            return data
        newline = data.find(b"\n", left - 1)
        return data if newline < 0 else data[: newline + 1]

    def _records(self, piece: Piece) -> Batch:
        return self._batch(piece, piece.length)

    def _letter(self, refused: Refused) -> Batch:
        position = {"offset": self.offset}
        letter = Letter(self._node, self._shard, position, 0, refused.payload, refused.code, refused.message)
        return self._batch(Piece(0, b"", 0), refused.length, (letter,))

    def _batch(self, piece: Piece, length: int, letters: tuple[Letter, ...] = ()) -> Batch:
        first = self.offset
        self.offset += length
        return Batch(
            shard=self._shard,
            first={"offset": first},
            next={"offset": self.offset},
            body=Lines(piece.data, self._cutter.format),
            count=piece.count,
            offsets=piece.offsets,
            letters=letters,
        )

    def _endless(self, data: bytes) -> Refused:
        if b"\n" in data:  # csv: a quote was opened and not closed for 64 MiB
            return unclosed_quote(data, self.offset)
        length = len(data)
        while block := self.content.at(self.offset + length, _SCAN):
            newline = block.find(b"\n")
            if newline >= 0:
                return too_large(data, self.offset, length + newline + 1)
            length += len(block)
        return too_large(data, self.offset, length)


def first_csv_record(content: Content, path: str, start: int, delimiter: str) -> bytes:
    """The record at `start`, where a csv file's header stands; empty in an empty file.

    Raises:
        SystemicError: a quote in it is never closed.
    """
    cutter = CsvCutter(Format("csv", (), delimiter))
    size = 64 * 1024
    while True:
        data = content.at(start, size)
        ended = len(data) < size
        if piece := cutter.cut(data + b"\n" if ended else data, start, 1):
            return data[: piece.length]
        if ended or size > MAX_RECORD_BYTES:
            raise unclosed_header(data, path)
        size *= 4


def first_line_from(content: Content, start: int) -> int:
    """Where the first line begins whose first byte is at `start` or after it; the end of the file if none does."""
    at = start - 1
    while block := content.at(at, _SCAN):
        newline = block.find(b"\n")
        if newline >= 0:
            return at + newline + 1
        at += len(block)
    return at
