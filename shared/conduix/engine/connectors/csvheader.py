"""The columns of csv: from the first record, or from the options."""

from __future__ import annotations

import csv

from conduix.engine.api import Format
from conduix.errors import SystemicError


def csv_format(
    first: bytes, path: str, *, header: bool, columns: tuple[str, ...] | None, delimiter: str
) -> tuple[Format, int]:
    """The format of csv whose first record is `first`, and how many bytes of that record are header.

    Raises:
        SystemicError: the first record is no UTF-8, or two columns have one name, or one has none.
    """
    try:
        text = first.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SystemicError(
            f"the header of {path} is not UTF-8: byte {error.start} is {first[error.start]:#04x}",
            system=path,
            remedy="convert the file, for example: iconv -f ISO-8859-1 -t UTF-8",
        ) from error
    names = next(csv.reader(text.splitlines(keepends=True), delimiter=delimiter), [])
    if header:
        return Format("csv", columns or _checked(names, path), delimiter), len(first)
    return Format("csv", columns or tuple(f"column_{i}" for i in range(1, len(names) + 1)), delimiter), 0


def unclosed_header(first: bytes, path: str) -> SystemicError:
    """The error for a first record whose quote is never closed."""
    return SystemicError(
        f"the header of {path} has a quote that is never closed: {first[:60].decode('utf-8', 'replace')}",
        system=path,
        remedy="close the quote, or name the columns: csv_columns, and csv_header: false",
    )


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
