"""The record that entries run against: typed, or one after the other out of a file of JSON lines."""

from __future__ import annotations

import io
from typing import Any, BinaryIO

from conduix.errors import UsageError
from conduix.mapping.inputs import JsonInput, Unreadable
from conduix_tui.cli.map_input import open_input


class Samples:
    """The current record and its metadata; it begins as an empty object.

    Raises (all methods that change it):
        UsageError: no JSON, no such file, or no more records; the record stays what it was.
    """

    def __init__(self) -> None:
        self.value: Any = {}
        self.meta: dict[str, Any] = {}
        self.origin = "an empty record"
        self._file = ""
        self._stream: BinaryIO = io.BytesIO()
        self._number = 0
        self._seen: list[tuple[int, Any]] = []
        """Line and record of everything that was read of the file."""
        self._at = -1

    def typed(self, text: str) -> None:
        """A record as it was typed; it may stand on several lines."""
        self.value = _record(text.replace("\n", " ").encode(), "the record")
        self.origin = "typed"

    def typed_meta(self, text: str) -> None:
        """The metadata of this and of every later record."""
        meta = _record(text.replace("\n", " ").encode(), "the metadata")
        if not isinstance(meta, dict):
            raise UsageError("metadata is an object", remedy='write .meta {"topic": "orders"}')
        self.meta = meta

    def open(self, file: str) -> None:
        """The first record of a file."""
        opened = open_input(file)
        before = self._file, self._stream, self._number, self._seen, self._at
        self._file, self._stream, self._number, self._seen, self._at = file, opened, 0, [], -1
        try:
            self.next()
        except UsageError:
            opened.close()
            self._file, self._stream, self._number, self._seen, self._at = before
            raise
        before[1].close()

    def next(self) -> None:
        """The next record of the file."""
        if self._at + 1 == len(self._seen):
            self._seen.append(self._read())
        self._go_to(self._at + 1)

    def previous(self) -> None:
        """The one before."""
        if self._at < 1:
            raise UsageError("this is the first record", remedy="") if self._file else _no_file()
        self._go_to(self._at - 1)

    def close(self) -> None:
        """The file is not needed any more."""
        self._stream.close()

    def _go_to(self, place: int) -> None:
        self._at = place
        number, self.value = self._seen[place]
        self.origin = f"line {number} of {self._file}"

    def _read(self) -> tuple[int, Any]:
        if not self._file:
            raise _no_file()
        for line in self._stream:
            self._number += 1
            if line.strip():
                return self._number, _record(line.rstrip(b"\r\n"), f"line {self._number} of {self._file}")
        raise UsageError(
            f"{self._file} has no more records" if self._seen else f"{self._file} holds no records",
            remedy="" if self._seen else "name a file with a JSON value on each line",
        )


def _record(line: bytes, what: str) -> Any:
    try:
        return JsonInput(line, list).whole(0)
    except (Unreadable, IndexError) as error:
        reason = error.message if isinstance(error, Unreadable) else "it is empty"
        raise UsageError(
            f"{what}: {reason}", remedy="write a JSON value; in files one on each line, as `jq -c .` makes them"
        ) from error


def _no_file() -> UsageError:
    return UsageError("there is no file of records", remedy="write .input FILE, or start with --input FILE")
