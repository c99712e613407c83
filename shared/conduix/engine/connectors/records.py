"""Finding whole records in bytes as they are read: the cutting that the file and the stdin source share.

A cutter is given bytes that begin where a record begins and says how many of them are whole records. It never parses
more than it must: jsonl and lines are cut at newlines, csv looks at quotes only where there are any.

No batch has more than 1,000 records: cutting it there costs 0.07 µs a record where lines are 8 bytes long (measured;
batches of 256 KiB would hold 32,768 of them), and nothing where they are longer than 262 bytes.

Blank lines stay in the batch and count as records (looking for them would cost 120 µs for each 256 KiB, more than
all the rest of reading): whoever decodes jsonl or csv finds no value in them and counts them as filtered.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec
import orjson

from conduix.engine.api import JSONL, MAX_BATCH_RECORDS, TEXT, Format

MAX_RECORD_BYTES = 64 * 1024 * 1024
"""A longer record is a dead letter, so that memory stays bounded whatever a file holds."""

LETTER_BYTES = 64 * 1024
"""So much of a record that is too long is kept in its dead letter."""

Body = Literal["jsonl", "lines", "csv", "rows"]
"""A form of records that a sink may take."""

RecordCode = Literal["RECORD_TOO_LARGE", "INCOMPLETE_LINE", "UNCLOSED_QUOTE"]

# csv.reader refuses fields over 128 KiB by default; ours are bounded by the record
csv.field_size_limit(MAX_RECORD_BYTES)


class Piece(msgspec.Struct, frozen=True):
    """Whole records found at the start of some bytes."""

    length: int
    """So many of the bytes given are covered."""
    data: bytes
    """The records, each ended by a newline."""
    count: int
    offsets: Sequence[int] | None = None
    """Where each record begins, if that cannot be told from `data`."""


class Refused(msgspec.Struct, frozen=True):
    """Bytes that are no record; they become a dead letter."""

    length: int
    """So many bytes are left out; reading goes on after them."""
    payload: bytes
    code: RecordCode
    message: str


class Cutter(Protocol):
    """Cuts one format."""

    format: Format

    def cut(self, data: bytes, offset: int, most: int) -> Piece | None:
        """Whole records at the start of `data`, which stands at `offset`; None: not even one is whole.

        At most 1,000 of them, and at most `most` bytes unless the first one is longer.
        """

    def last(self, data: bytes, offset: int) -> Piece | Refused:
        """What is left at the end of a file, with no whole record in it and nothing to follow. Never empty."""


class LineCutter:
    r"""A record is a line.

    `lines`: the text before the newline, without the `\r` of a Windows line end. `jsonl`: the line as it stands,
    because to JSON the `\r` is white space.
    """

    def __init__(self, record_format: Format) -> None:
        self.format = record_format
        self._text = record_format == TEXT

    def cut(self, data: bytes, offset: int, most: int) -> Piece | None:
        """See `Cutter.cut`."""
        length = data.rfind(b"\n", 0, most) + 1 or data.find(b"\n") + 1
        if length == 0:
            return None
        body = data[:length]
        # five times as fast as bytes.count, which looks at one byte after the other
        while (count := length - len(body.replace(b"\n", b""))) > MAX_BATCH_RECORDS:
            guess = body.rfind(b"\n", 0, length * MAX_BATCH_RECORDS // count) + 1
            length = guess or body.find(b"\n") + 1
            body = body[:length]
        return self._piece(body, count, offset)

    def last(self, data: bytes, offset: int) -> Piece | Refused:
        """See `Cutter.last`: a line of text counts, a line of JSON only if it parses."""
        if self.format == JSONL and not _is_json(data):
            return Refused(
                len(data),
                data[:LETTER_BYTES],
                "INCOMPLETE_LINE",
                f"the last line has no newline and is no JSON: {len(data)} bytes at byte {offset}",
            )
        piece = self._piece(data + b"\n", 1, offset)
        return Piece(len(data), piece.data, 1, piece.offsets)

    def _piece(self, body: bytes, count: int, offset: int) -> Piece:
        if self._text and b"\r" in body:
            return Piece(len(body), body.replace(b"\r\n", b"\n"), count, _line_starts(body, offset))
        return Piece(len(body), body, count)


def _line_starts(body: bytes, offset: int) -> list[int]:
    starts = []
    for line in body.split(b"\n")[:-1]:
        starts.append(offset)
        offset += len(line) + 1
    return starts


def _is_json(data: bytes) -> bool:
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError:
        return not data.strip()
    return True


class CsvCutter:
    """A record is what Python's csv module reads as one: newlines inside quoted fields belong to it.

    Without a quote in sight records are lines. With quotes a pattern finds each record's end, and where records are
    not lines their offsets are given. A quote that is never closed costs only the line that it stands in.
    """

    def __init__(self, record_format: Format) -> None:
        self.format = record_format
        self._lines = LineCutter(record_format)
        comma = re.escape(record_format.delimiter.encode())
        # atomic groups (?>…) and possessive quantifiers: it never goes back, whatever stands in the file
        field = rb'(?>"[^"]*+(?>""[^"]*+)*+"[^D\n]*+|[^"D\n][^D\n]*+|)'.replace(b"D", comma)
        self._record = re.compile(rb"(?>" + field + rb"(?>" + comma + field + rb")*+)\n")

    def cut(self, data: bytes, offset: int, most: int) -> Piece | None:
        """See `Cutter.cut`."""
        if b'"' not in data:
            return self._lines.cut(data, offset, most)
        ends = self._ends(data, most)
        if not ends:
            return None
        length = ends[-1]
        body = data[:length]
        if len(ends) == length - len(body.replace(b"\n", b"")):
            return Piece(length, body, len(ends))
        return Piece(length, body, len(ends), [offset, *(offset + end for end in ends[:-1])])

    def last(self, data: bytes, offset: int) -> Piece | Refused:
        """See `Cutter.last`."""
        piece = self.cut(data + b"\n", offset, len(data) + 1)
        if piece is not None:
            return Piece(len(data), piece.data, piece.count, piece.offsets)
        return unclosed_quote(data, offset)

    def _ends(self, data: bytes, most: int) -> list[int]:
        ends: list[int] = []
        at = 0
        while len(ends) < MAX_BATCH_RECORDS and (found := self._record.match(data, at)):
            at = found.end()
            if at > most and ends:
                break
            ends.append(at)
        return ends


def unclosed_quote(data: bytes, offset: int) -> Refused:
    """The first line of `data`, whose quote nothing closes."""
    length = data.find(b"\n") + 1 or len(data)
    return Refused(
        length,
        data[: min(length, LETTER_BYTES)],
        "UNCLOSED_QUOTE",
        f'a field that begins with a quote is never closed, in the line at byte {offset}; write a quote as ""',
    )


def too_large(data: bytes, offset: int, length: int) -> Refused:
    """A record of `length` bytes that begins with `data`."""
    return Refused(
        length,
        data[:LETTER_BYTES],
        "RECORD_TOO_LARGE",
        f"the record at byte {offset} has {length} bytes, more than {MAX_RECORD_BYTES}; its beginning is kept",
    )


def cutter_for(record_format: Format) -> Cutter:
    """The cutter of a format."""
    return CsvCutter(record_format) if record_format.name == "csv" else LineCutter(record_format)
