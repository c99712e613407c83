"""The records of a batch as a program takes them: lines of JSON, of text or of csv, or rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import msgspec

from conduix.errors import MappingError
from conduix.mapping.compiler.batch import InputForm, PortKind

# the default of 128 KiB a field is less than a record may have
csv.field_size_limit(1 << 30)

_decode = msgspec.json.Decoder().decode


class Unreadable(MappingError):
    """A record that cannot be decoded. `blank`: it is white space only and holds no record."""

    code = "DECODE_FAILED"

    def __init__(self, message: str, *, blank: bool = False) -> None:
        super().__init__(message)
        self.blank = blank


class Input:
    """The records of one batch.

    Args:
        count: how many there are.
        offsets: gives the position of each in the shard; called when somebody asks.
        metas: the metadata of each; empty: none has any.
    """

    form: ClassVar[InputForm]
    port_kind: ClassVar[PortKind | None] = None
    """The kind of port that can carry the lines themselves."""

    def __init__(self, items: Sequence[Any], offsets: Callable[[], Sequence[int]], metas: Sequence[Mapping[str, Any]]):
        self.items = items
        self.count = len(items)
        self.metas = metas
        self._offsets = offsets

    @cached_property
    def offsets(self) -> Sequence[int]:
        """The position of each record in the shard."""
        return self._offsets()

    def decoder(self, projected: Callable[[bytes], Any] | None) -> Callable[[Any], Any] | None:  # noqa: ARG002
        """What turns an item into what the function takes; None: it takes the items."""
        return None

    def whole(self, index: int) -> Any:
        """The record as a plain value. Raises Unreadable."""
        return self.items[index]

    def is_text(self, index: int) -> bool:  # noqa: ARG002
        """Is the item readable text?"""
        return True

    def raw(self, index: int) -> bytes:
        """The record's own bytes, or its JSON."""
        return msgspec.json.encode(self.items[index])


class RowsInput(Input):
    """Decoded records."""

    form = "value"


class JsonInput(Input):
    """Lines of JSON."""

    form = "struct"
    port_kind = "jsonl"

    def __init__(
        self, data: bytes, offsets: Callable[[], Sequence[int]], metas: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        super().__init__(_lines(data), offsets, metas)
        self._is_text = _is_utf8(data)

    def decoder(self, projected: Callable[[bytes], Any] | None) -> Callable[[Any], Any]:
        """Decodes a line; where the batch is not all UTF-8, fields that nobody reads are looked at too."""
        decode = projected or _decode
        if self._is_text:
            return decode

        def checked(line: bytes) -> Any:
            line.decode()
            return decode(line)

        return checked

    def whole(self, index: int) -> Any:
        """The record. Raises Unreadable: blank, no UTF-8, no JSON, or a number out of range."""
        line = self.items[index]
        try:
            line.decode()
            return _decode(line)
        except UnicodeDecodeError as error:
            raise Unreadable(f"no UTF-8 text: {error.reason} at byte {error.start}") from error
        except RecursionError as error:
            raise Unreadable("no JSON: nested too deep") from error
        except msgspec.DecodeError as error:
            blank = not line.strip()
            raise Unreadable("an empty line" if blank else f"no JSON: {error}", blank=blank) from error

    def is_text(self, index: int) -> bool:
        """Is the line UTF-8?"""
        return self._is_text or _is_utf8(self.items[index])

    def raw(self, index: int) -> bytes:
        """The line without its newline."""
        line: bytes = self.items[index]
        return line


class TextInput(Input):
    """Lines of text: each is a string."""

    form = "text"
    port_kind = "lines"

    def __init__(
        self, data: bytes, offsets: Callable[[], Sequence[int]], metas: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        super().__init__(_lines(data), offsets, metas)

    def decoder(self, projected: Callable[[bytes], Any] | None) -> Callable[[Any], Any]:  # noqa: ARG002
        """Decodes a line."""
        return bytes.decode

    def whole(self, index: int) -> Any:
        """The line as a string. Raises Unreadable where it is no UTF-8."""
        try:
            return self.items[index].decode()
        except UnicodeDecodeError as error:
            raise Unreadable(f"no UTF-8 text: {error.reason} at byte {error.start}") from error

    def raw(self, index: int) -> bytes:
        """The line without its newline."""
        line: bytes = self.items[index]
        return line


class CsvInput(Input):
    """Rows of csv text: objects of strings."""

    form = "columns"

    def __init__(
        self,
        data: bytes,
        columns: Sequence[str],
        offsets: Callable[[], Sequence[int]],
        metas: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self._data = data
        self._columns = columns
        self._text, clean = _as_text(data)
        super().__init__(self._rows(clean=clean), offsets, metas)

    def _rows(self, *, clean: bool) -> list[Any]:
        reader = csv.reader(io.StringIO(self._text, newline=""))
        try:
            rows: list[Any] = list(reader)
        except csv.Error:
            rows = _rows_one_by_one(self._text)
        if not clean:
            rows = [row if _is_clean(row) else Unreadable("no UTF-8 text") for row in rows]
        return rows

    def whole(self, index: int) -> Any:
        """The row as an object. Raises Unreadable: blank, another number of fields than columns, no UTF-8."""
        row = self.items[index]
        if isinstance(row, Unreadable):
            raise row
        if not row:
            raise Unreadable("an empty line", blank=True)
        if len(row) != len(self._columns):
            raise Unreadable(f"{len(row)} fields where there are {len(self._columns)} columns")
        return dict(zip(self._columns, row, strict=True))

    def raw(self, index: int) -> bytes:
        """The lines of the row, without the last newline."""
        lines = self._text.splitlines(keepends=True) if "\r" not in self._text else self._text.split("\n")
        ends: list[int] = []
        reader = csv.reader(io.StringIO(self._text, newline=""))
        while len(ends) <= index:
            try:
                if next(reader, None) is None:
                    break
            except csv.Error:
                pass
            ends.append(reader.line_num)
        start = ends[index - 1] if index else 0
        joined = ("" if "\r" not in self._text else "\n").join(lines[start : ends[index]])
        return joined.encode("utf-8", "surrogateescape").rstrip(b"\r\n")


def _rows_one_by_one(text: str) -> list[Any]:
    """The rows of a text in which some cannot be read."""
    reader = csv.reader(io.StringIO(text, newline=""))
    rows: list[Any] = []
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            rows.append(Unreadable(f"no csv: {error}"))
            continue
        if row is None:
            return rows
        rows.append(row)


def _lines(data: bytes) -> list[bytes]:
    """The lines without their newlines."""
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _as_text(data: bytes) -> tuple[str, bool]:
    """The text, and whether all of it is UTF-8; other bytes are kept as lone surrogates."""
    try:
        return data.decode(), True
    except UnicodeDecodeError:
        return data.decode("utf-8", "surrogateescape"), False


def _is_clean(row: Any) -> bool:
    if isinstance(row, Unreadable):
        return True
    try:
        "".join(row).encode()
    except UnicodeEncodeError:
        return False
    return True
