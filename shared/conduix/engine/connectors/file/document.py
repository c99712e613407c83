"""Reads a json file as a stream: the items of its array are the records, any other document is one record.

Numbers stay what they are: whole ones int, others float. A position is the number of the next item, so going on in
the middle reads the file again from its beginning.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from conduix.engine.api import MAX_BATCH_RECORDS, Batch, Json, Rows
from conduix.engine.connectors.file.content import Content
from conduix.engine.connectors.records import MAX_RECORD_BYTES
from conduix.errors import SystemicError

_CHUNK = 64 * 1024


class DocumentReader:
    """Items from `offset` on. `reopen` gives the content from its beginning once more; `mark`: length of the BOM."""

    def __init__(
        self,
        content: Content,
        reopen: Callable[[], Content],
        path: str,
        *,
        shard: str,
        mark: int,
        offset: int,
        batch_bytes: int,
    ) -> None:
        self.content = content
        self.offset = offset
        self._reopen = reopen
        self._path = path
        self._shard = shard
        self._mark = mark
        self._batch_bytes = batch_bytes
        self._begin(big_numbers=False)

    def _begin(self, *, big_numbers: bool) -> None:
        """Begin at the start of the file. `big_numbers`: some do not fit 64 bits, which takes the slow way."""
        self._big_numbers = big_numbers
        self._at = self._mark
        self._parsed = 0
        """Items parsed so far; those before `offset` were read in an earlier life."""
        self._since_item = 0
        self._items: list[Json] = []
        self._parser: Any = None
        self._ended = False

    def read(self) -> Batch | None:
        """The next items; None at the end.

        Raises:
            SystemicError: it is no JSON; says where.
        """
        began = self._at
        while not self._ended and len(self._items) < MAX_BATCH_RECORDS:
            if self._items and self._at - began >= self._batch_bytes:
                break
            self._feed()
        values, self._items = self._items[:MAX_BATCH_RECORDS], self._items[MAX_BATCH_RECORDS:]
        if not values:
            return None
        first = self.offset
        self.offset += len(values)
        return Batch(self._shard, {"offset": first}, {"offset": self.offset}, Rows(values), len(values))

    def _feed(self) -> None:
        import ijson  # noqa: PLC0415 - the command line must start fast

        data = self.content.at(self._at, min(_CHUNK, self._batch_bytes))
        try:
            if self._parser is None:
                self._choose_parser(data)
            if data:
                self._parser.send(data)
            else:
                self._parser.close()
                self._ended = True
        except ijson.JSONError as error:
            if "integer overflow" in str(error) and not self._big_numbers:
                self.content.close()
                self.content = self._reopen()
                self._begin(big_numbers=True)
                return
            raise self._broken(str(error)) from error
        self._at += len(data)
        self._take(len(data))

    def _choose_parser(self, data: bytes) -> None:
        import ijson  # noqa: PLC0415 - the command line must start fast

        self._events = ijson.sendable_list()
        prefix = "item" if data.lstrip()[:1] == b"[" else ""
        self._parser = ijson.items_coro(self._events, prefix, use_float=not self._big_numbers)

    def _take(self, length: int) -> None:
        """Move what was parsed to the items, leaving out those that were read before."""
        fresh = self._events[max(0, self.offset - self._parsed) :] if self._events else []
        self._since_item = 0 if self._events else self._since_item + length
        self._parsed += len(self._events)
        del self._events[:]
        if self._since_item > MAX_RECORD_BYTES:
            raise SystemicError(
                f"item {self._parsed} of {self._path} is longer than {MAX_RECORD_BYTES} bytes",
                system=self._path,
                remedy="a record must fit into memory: split it, or write the records as JSON lines",
            )
        self._items += [_without_decimals(item) for item in fresh] if self._big_numbers else fresh

    def _broken(self, message: str) -> SystemicError:
        offset, line, column = self._locate()
        cause = message.split("\n", maxsplit=1)[0].removeprefix("parse error: ").strip()
        remedy = "mend the file"
        if self._at == self._mark and offset == 0:
            cause = "the file is empty"
            remedy = "a document without records is []"
        elif "trailing garbage" in cause:
            cause = "something follows the end of the document"
            remedy = "if every line is a document, write format: jsonl"
        return SystemicError(
            f"{self._path} is no JSON at line {line}, column {column} (byte {offset}): {cause}",
            system=self._path,
            remedy=remedy,
        )

    def _locate(self) -> tuple[int, int, int]:
        """Byte, line and column at which the document breaks: parsed again, byte by byte where it does."""
        import ijson  # noqa: PLC0415 - the command line must start fast

        self.content.close()
        self.content = self._reopen()
        events = ijson.sendable_list()
        parser = ijson.basic_parse_coro(events)
        at = line_start = self._mark
        line = 1
        while data := self.content.at(at, _CHUNK):
            del events[:]
            step = data if at + len(data) <= self._at else None
            for piece in [step] if step else [data[i : i + 1] for i in range(len(data))]:
                try:
                    parser.send(piece)
                except ijson.JSONError:
                    return at, line, at - line_start + 1
                newlines = piece.count(b"\n")
                if newlines:
                    line += newlines
                    line_start = at + piece.rfind(b"\n") + 1
                at += len(piece)
        return at, line, at - line_start + 1


def _without_decimals(value: Json) -> Json:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list):
        return [_without_decimals(item) for item in value]
    if isinstance(value, dict):
        return {key: _without_decimals(item) for key, item in value.items()}
    return value
