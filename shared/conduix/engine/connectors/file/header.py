"""The columns of a csv file."""

from __future__ import annotations

import csv

from conduix.engine.api import Format
from conduix.engine.connectors.file.content import Content
from conduix.engine.connectors.records import MAX_RECORD_BYTES, CsvCutter
from conduix.errors import SystemicError


def csv_format(
    content: Content, path: str, start: int, *, header: bool, columns: tuple[str, ...] | None, delimiter: str
) -> tuple[Format, int]:
    """The format of a csv file and where its records begin; `start` is behind a byte order mark.

    Raises:
        SystemicError: the first record cannot be read, or two columns have one name, or one has none.
    """
    if columns is not None and not header:
        return Format("csv", columns, delimiter), start
    first = _first_record(content, path, start, delimiter)
    names = next(csv.reader(first.decode("utf-8").splitlines(keepends=True), delimiter=delimiter), [])
    if not header:
        return Format("csv", tuple(f"column_{i}" for i in range(1, len(names) + 1)), delimiter), start
    return Format("csv", columns or _checked(names, path), delimiter), start + len(first)


def _first_record(content: Content, path: str, start: int, delimiter: str) -> bytes:
    cutter = CsvCutter(Format("csv", (), delimiter))
    size = 64 * 1024
    while True:
        data = content.at(start, size)
        whole = data if len(data) == size else data + b"\n"
        if piece := cutter.cut(whole, start, 1):
            return _text(data[: piece.length], path)
        if len(data) < size or size > MAX_RECORD_BYTES:
            raise SystemicError(
                f"the header of {path} has a quote that is never closed: {data[:60].decode('utf-8', 'replace')}…",
                system=path,
                remedy="close the quote, or name the columns: csv_columns, and csv_header: false",
            )
        size *= 4


def _text(first: bytes, path: str) -> bytes:
    try:
        first.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SystemicError(
            f"the header of {path} is not UTF-8: byte {error.start} is {first[error.start]:#04x}",
            system=path,
            remedy="convert the file, for example: iconv -f ISO-8859-1 -t UTF-8",
        ) from error
    return first


def _checked(names: list[str], path: str) -> tuple[str, ...]:
    for number, name in enumerate(names, 1):
        if not name.strip():
            raise _bad_header(path, f"column {number} has no name")
        if (again := names.index(name) + 1) != number:
            raise _bad_header(path, f"columns {again} and {number} are both called {name!r}")
    return tuple(names)


def _bad_header(path: str, what: str) -> SystemicError:
    return SystemicError(
        f"the header of {path} cannot be used: {what}",
        system=path,
        remedy="mend the first line, or give the names with csv_columns: [name, …]; the header is then skipped",
    )
