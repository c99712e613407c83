"""csv: records as rows under the names of their columns."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import orjson

from conduix.engine.api import Batch, Json, Letter, Rows, record_place
from conduix.engine.connectors.csvheader import csv_format
from conduix.engine.connectors.file.content import open_content
from conduix.engine.connectors.file.cut import open_regular
from conduix.engine.connectors.file.layout import ends_with_newline
from conduix.engine.connectors.file.options import Packing
from conduix.engine.connectors.file.reader import first_csv_record
from conduix.engine.connectors.records import Body
from conduix.errors import RecordError, SystemicError


class TableLayout:
    """Rows under a header. The columns are those that were named, else the keys of the first record.

    null and a missing key are an empty field, true and false are written so, lists and objects as JSON. What does
    not fit the columns is refused.
    """

    accepts: tuple[Body, ...] = ("rows",)

    def __init__(self, node: str, columns: tuple[str, ...] | None, delimiter: str, *, header: bool) -> None:
        self._node = node
        self._named = columns
        self._columns = columns
        self._delimiter = delimiter
        self._header = header

    def encode(self, batch: Batch, *, begun: bool) -> tuple[bytes, Sequence[Letter]]:
        """See `Layout.encode`."""
        if not isinstance(batch.body, Rows):
            raise TypeError(f"a csv sink takes rows, not {type(batch.body).__name__}")
        rows: list[list[str]] = []
        letters: list[Letter] = []
        for index, value in enumerate(batch.body.values):
            problem = self._problem(value)
            if problem:
                letters.append(self._letter(batch, index, value, problem))
            else:
                rows.append([_field(value.get(name)) for name in self._columns or ()])
        if not rows:
            return b"", letters
        return (b"" if begun else self._head()) + self._written(rows), letters

    def _problem(self, value: Json) -> str:
        if not isinstance(value, dict):
            return f"a csv record is an object with a field for each column, this is {_kind(value)}"
        if self._columns is None:
            if not value:
                return "the first record has no fields, so there are no columns; name them: csv_columns"
            self._columns = tuple(value)
        if not value.keys() <= set(self._columns):
            other = next(key for key in value if key not in self._columns)
            return f"{other!r} is no column ({', '.join(self._columns)}); add it to csv_columns, or drop it before"
        return ""

    def _letter(self, batch: Batch, index: int, value: Json, problem: str) -> Letter:
        position, part = record_place(batch, index)
        return Letter(self._node, batch.shard, position, part, orjson.dumps(value), RecordError.code, problem)

    def _head(self) -> bytes:
        return self._written([list(self._columns or ())]) if self._header else b""

    def _written(self, rows: Sequence[Sequence[str]]) -> bytes:
        lines = _Lines()
        csv.writer(lines, delimiter=self._delimiter).writerows(rows)
        return "".join(lines).encode()

    def ending(self, *, begun: bool) -> bytes:
        """See `Layout.ending`: without records the header alone, if there is one."""
        return b"" if begun or self._columns is None else self._head()

    def state(self) -> Json:
        """See `Layout.state`: the columns."""
        return self._columns and list(self._columns)

    def restore(self, state: Json) -> None:
        """See `Layout.restore`."""
        self._columns = self._named if state is None else tuple(state)

    def follow(self, place: Path, packing: Packing) -> bytes:
        """See `Layout.follow`: go on under the columns that the file has.

        Raises:
            SystemicError: its header cannot be read, or is another one than was named.
        """
        before = b"\n" if packing == "none" and not ends_with_newline(place) else b""
        if not self._header:
            return before
        path = str(place)
        fd, status = open_regular(path)
        content = open_content(fd, path, packing, status.st_size)
        try:
            first = first_csv_record(content, path, 0, self._delimiter)
            found, _ = csv_format(first, path, header=True, columns=None, delimiter=self._delimiter)
        finally:
            content.close()
        if self._named is not None and found.columns != self._named:
            raise SystemicError(
                f"{path} has the columns {', '.join(found.columns)}, not {', '.join(self._named)}",
                system=path,
                remedy="write csv_columns as they stand in the file, or mode: overwrite",
            )
        self._columns = found.columns
        return before


class _Lines(list[str]):
    r"""Takes the rows from a csv writer, which ends them with `\r\n`.

    Asked to end them with a newline alone, it would not quote a field that holds a `\r`.
    """

    def write(self, row: str) -> None:
        self.append(row[:-2] + "\n")


def _field(value: Json) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else orjson.dumps(value).decode()


def _kind(value: Json) -> str:
    if value is None:
        return "null"
    names = {bool: "a bool", int: "a number", float: "a number", str: "a string", list: "a list"}
    return names.get(type(value), type(value).__name__)
