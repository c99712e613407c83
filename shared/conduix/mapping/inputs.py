"""The records of a batch as a program takes them: lines of JSON, of text or of csv, or rows."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any, ClassVar

import msgspec

from conduix.errors import MappingError
from conduix.mapping.compiler.order import InputForm, PortKind

# the default of 128 KiB a field is less than a record may have
csv.field_size_limit(1 << 30)

_decode = msgspec.json.Decoder().decode

_PIECE = 64 * 1024
"""So much text is looked at in one go: more does not stay in the cache, which takes a third longer."""


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
        items: gives the records as they came; called when somebody asks.
        offsets: gives the position of each in the shard; called when somebody asks.
        metas: the metadata of each; empty: none has any.
    """

    form: ClassVar[InputForm]
    port_kind: ClassVar[PortKind | None] = None
    """The kind of port that can carry the lines themselves."""

    def __init__(
        self,
        count: int,
        items: Callable[[], Sequence[Any]],
        offsets: Callable[[], Sequence[int]],
        metas: Sequence[Mapping[str, Any]],
    ) -> None:
        self.count = count
        self.metas = metas
        self._items = items
        self._offsets = offsets

    @cached_property
    def items(self) -> Sequence[Any]:
        """The records as they came: lines without their newlines, rows, values."""
        return self._items()

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
        return payload_of(self.items[index])


def payload_of(value: Any) -> bytes:
    """The record as JSON; what is no Unicode is escaped, so that a letter can always be written."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        # the only encoder that writes lone surrogates
        return json.dumps(value).encode()
    except RecursionError:
        return b'"nested too deep to be written"'


class RowsInput(Input):
    """Decoded records."""

    form = "value"

    def __init__(
        self, items: Sequence[Any], offsets: Callable[[], Sequence[int]], metas: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        super().__init__(len(items), lambda: items, offsets, metas)


class JsonInput(Input):
    """Lines of JSON."""

    form = "struct"
    port_kind = "jsonl"

    def __init__(
        self, data: bytes, offsets: Callable[[], Sequence[int]], metas: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        # a third of what `split` takes: it looks for newlines by memchr, not byte by byte
        self._with_newlines = io.BytesIO(data).readlines()
        super().__init__(len(self._with_newlines), lambda: _lines(data), offsets, metas)
        self.data = data
        self._is_text = _is_utf8(data)

    def in_one(self, decode: Callable[[bytes], Any]) -> list[Any] | None:
        """All records, decoded before the first is looked at, which is faster than in turns; None: one cannot be."""
        if not self._is_text:
            return None
        try:
            return list(map(decode, self._with_newlines))
        except (msgspec.DecodeError, RecursionError):
            return None

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
        lines = _lines(data)
        super().__init__(len(lines), lambda: lines, offsets, metas)

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
        *,
        delimiter: str = ",",
    ) -> None:
        self._columns = columns
        self._delimiter = delimiter
        self._text, clean = _as_text(data)
        rows = self._rows(clean=clean)
        super().__init__(len(rows), lambda: rows, offsets, metas)

    def _reader(self) -> Any:
        # records end at a newline only: a lone carriage return outside of quotes is no end of a line, but an error
        return csv.reader(io.StringIO(self._text, newline="\n"), delimiter=self._delimiter)

    def _rows(self, *, clean: bool) -> list[Any]:
        try:
            rows: list[Any] = list(self._reader())
        except csv.Error:
            rows = [row for row, _ in self._one_by_one()]
        return rows if clean else [row if _is_clean(row) else Unreadable("no UTF-8 text") for row in rows]

    def _one_by_one(self) -> Iterator[tuple[Any, int]]:
        """Each row, or why it cannot be read, and the number of the line where it ends."""
        reader = self._reader()
        while True:
            try:
                row = next(reader, None)
            except csv.Error as error:
                row = Unreadable(f"no csv: {error}")
            if row is None:
                return
            yield row, reader.line_num

    def whole(self, index: int) -> Any:
        """The row as an object. Raises Unreadable: blank, another number of fields than columns, no UTF-8."""
        row = self.items[index]
        if isinstance(row, Unreadable):
            raise row
        if not row:
            raise Unreadable("an empty line", blank=True)
        if len(row) != len(self._columns):
            fields = "field" if len(row) == 1 else "fields"
            raise Unreadable(f"{len(row)} {fields} where there are {len(self._columns)} columns")
        return dict(zip(self._columns, row, strict=True))

    def raw(self, index: int) -> bytes:
        """The lines of the row, without the last newline."""
        ends = [end for _, end in islice(self._one_by_one(), index + 1)]
        start = ends[-2] if index else 0
        lines = self._text.split("\n")[start : ends[-1]]
        return "\n".join(lines).encode("utf-8", "surrogateescape").removesuffix(b"\r")


def _lines(data: bytes) -> list[bytes]:
    """The lines without their newlines."""
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    rest = memoryview(data)
    try:
        while len(rest) > _PIECE:
            rest = rest[codecs.utf_8_decode(rest[:_PIECE], "strict", False)[1] :]
        str(rest, "utf-8")
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
