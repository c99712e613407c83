"""Standard input as a source: what was read is kept until a checkpoint covers it, so that a rewind can read it again.

That holds within one process only: another process finds the input consumed, so a run from stdin is never resumed.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence

from conduix.engine.api import JSONL, TEXT, Batch, Format, Letter, Lines, NodeContext, Position, Shard
from conduix.engine.connectors.csvheader import csv_format, unclosed_header
from conduix.engine.connectors.records import CsvCutter, Cutter, LineCutter, Piece, Refused, too_large, unclosed_quote
from conduix.engine.connectors.stdin import StdinOptions
from conduix.errors import SourceChanged, from_os_error

_MARK = b"\xef\xbb\xbf"
_KEPT_BYTES = 64 * 1024 * 1024
_READ_BYTES = 256 * 1024
_SHARD = "stdin"


class Kept:
    """Bytes from the last checkpoint to what was read last, by their offset in the whole input."""

    def __init__(self) -> None:
        self._data = bytearray()
        self.base = 0

    @property
    def end(self) -> int:
        """Offset behind the last byte."""
        return self.base + len(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def append(self, data: bytes) -> None:
        """Take in what was read."""
        self._data += data

    def at(self, offset: int, size: int) -> bytes:
        """At most `size` bytes from `offset` on."""
        with memoryview(self._data) as view:
            return bytes(view[offset - self.base : offset - self.base + size])

    def newline_behind(self, offset: int) -> bool:
        """Does a newline stand at `offset` or behind it?"""
        return self._data.find(b"\n", offset - self.base) >= 0

    def forget(self, offset: int) -> None:
        """Let go of everything before `offset`."""
        if offset > self.base:
            del self._data[: offset - self.base]
            self.base = offset


class StdinSource:
    """Reads a pipe, a terminal or a redirected file to its end.

    A position is a byte offset; `{"skip": true}` beside it: in the middle of a record that was too long.
    """

    replayable = False
    ends = True

    def __init__(self, options: StdinOptions, context: NodeContext, fd: int = 0, kept_bytes: int = _KEPT_BYTES) -> None:
        self._options = options
        self._context = context
        self._fd = fd
        self._most_kept = kept_bytes
        self._kept = Kept()
        self._cutter: Cutter | None = None
        self._first = 0
        """Where the first record begins: behind a byte order mark and a csv header."""
        self._at = 0
        self._searched = 0
        """Up to here there is no newline behind `_at`."""
        self._skipping = False
        self._ended = False
        self._touched = False
        self._asked = False
        self._freed = asyncio.Event()

    async def cut(self) -> Sequence[Shard]:
        """The whole input is one shard."""
        return [Shard(_SHARD, {})]

    async def open(self, shards: Sequence[Shard], held: Mapping[str, Position | None]) -> None:
        """Go back to a position that is still kept.

        Raises:
            SourceChanged: it is not: another process has read the input.
        """
        position = held.get(_SHARD)
        offset = int(position["offset"]) if position else self._first
        if not self._kept.base <= offset <= self._kept.end:
            raise SourceChanged(
                f"standard input cannot be read again from byte {offset}: another process has read it",
                remedy="run it anew with --fresh and give it the input again, or read from a file",
            )
        self._at = self._searched = offset
        self._skipping = bool(position and position.get("skip"))
        self._touched = position is not None

    async def read(self) -> Batch | None:
        """The next records, as many as there are; waits for one.

        Raises:
            SystemicError: the input cannot be read, or its csv header cannot be used.
        """
        while True:
            batch = self._next()
            if batch is not None:
                self._touched = True
                return batch
            if self._ended:
                return None
            await self._fill()

    def _next(self) -> Batch | None:
        cutter = self._cutter or self._begin()
        if cutter is None:
            return None
        if self._skipping:
            return self._skip(cutter)
        if self._ended or self._kept.newline_behind(self._searched):
            batch = self._records(cutter)
            if batch is not None:
                return batch
        self._searched = self._kept.end
        full = len(self._kept) >= self._most_kept and self._at == self._kept.base
        return self._too_long(cutter) if full else None

    def _begin(self) -> Cutter | None:
        """The cutter, once enough is there to see what comes before the first record."""
        head = self._kept.at(0, self._most_kept)
        if len(head) < len(_MARK) and not self._ended:
            return None
        first = len(_MARK) if head.startswith(_MARK) else 0
        cutter: Cutter = LineCutter(TEXT if self._options.format == "lines" else JSONL)
        if self._options.format == "csv":
            header = self._first_csv_record(head[first:])
            if header is None:
                return None
            record_format, length = csv_format(
                header,
                "standard input",
                header=self._options.csv_header,
                columns=self._options.csv_columns,
                delimiter=self._options.csv_delimiter,
            )
            cutter, first = CsvCutter(record_format), first + length
        self._cutter, self._first = cutter, first
        self._at = self._searched = max(self._at, first)
        return cutter

    def _first_csv_record(self, head: bytes) -> bytes | None:
        piece = CsvCutter(Format("csv", (), self._options.csv_delimiter)).cut(
            head + b"\n" if self._ended else head, 0, 1
        )
        if piece is not None:
            return head[: piece.length]
        if self._ended or len(self._kept) >= self._most_kept:
            raise unclosed_header(head, "standard input")
        return None

    def _records(self, cutter: Cutter) -> Batch | None:
        """Whole records of what is there; at the end of the input the last one needs no newline."""
        size = self._context.batch_bytes
        while data := self._kept.at(self._at, size):
            if piece := cutter.cut(data, self._at, self._context.batch_bytes):
                return self._batch(cutter, piece, piece.length)
            if len(data) < size:
                break
            size *= 4
        if not data or not self._ended:
            return None
        last = cutter.last(data, self._at)
        return self._batch(cutter, last, last.length) if isinstance(last, Piece) else self._letter(cutter, last)

    def _too_long(self, cutter: Cutter) -> Batch:
        """A record that fills all that may be kept: a letter with its beginning, the rest is left out as it comes."""
        data = self._kept.at(self._at, self._most_kept)
        if b"\n" in data:  # csv: a quote was opened and not closed
            return self._letter(cutter, unclosed_quote(data, self._at))
        self._skipping = True
        return self._letter(cutter, too_large(data, self._at, len(data)))

    def _skip(self, cutter: Cutter) -> Batch | None:
        data = self._kept.at(self._at, self._context.batch_bytes)
        length = data.find(b"\n") + 1
        self._skipping = length == 0
        return self._batch(cutter, Piece(0, b"", 0), length or len(data)) if data else None

    def _letter(self, cutter: Cutter, refused: Refused) -> Batch:
        position = {"offset": self._at}
        letter = Letter(self._context.node, _SHARD, position, 0, refused.payload, refused.code, refused.message)
        return self._batch(cutter, Piece(0, b"", 0), refused.length, (letter,))

    def _batch(self, cutter: Cutter, piece: Piece, length: int, letters: tuple[Letter, ...] = ()) -> Batch:
        first = self._at
        self._at = self._searched = first + length
        return Batch(
            shard=_SHARD,
            first={"offset": first},
            next=self._position(),
            body=Lines(piece.data, cutter.format),
            count=piece.count,
            offsets=piece.offsets,
            letters=letters,
        )

    def _position(self) -> Position:
        return {"offset": self._at, "skip": True} if self._skipping else {"offset": self._at}

    async def _fill(self) -> None:
        """Read what there is. Where no more may be kept, ask for a checkpoint and wait for it."""
        if len(self._kept) >= self._most_kept // 2 and not self._asked:
            self._asked = True
            self._context.demand()
        if len(self._kept) >= self._most_kept:
            self._freed.clear()
            await self._freed.wait()
            return
        await self._readable()
        try:
            data = os.read(self._fd, min(_READ_BYTES, self._most_kept - len(self._kept)))
        except BlockingIOError:  # somebody else was faster
            return
        except OSError as error:
            raise from_os_error(error, "read", "standard input") from error
        if data:
            self._kept.append(data)
        else:
            self._ended = True

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        try:
            loop.add_reader(self._fd, _set, ready)
        except OSError:  # a redirected file can always be read, so it cannot be waited for; reading tells what is wrong
            return
        try:
            await ready
        finally:
            loop.remove_reader(self._fd)

    def positions(self) -> Mapping[str, Position]:
        """Where reading goes on."""
        return {_SHARD: self._position()} if self._touched else {}

    def finished(self) -> Sequence[str]:
        """The input, once all of it was returned."""
        return (_SHARD,) if self._ended and self._at >= self._kept.end else ()

    def progress(self) -> None:
        """Nobody knows how much will come."""
        return

    async def committed(self, n: int, positions: Mapping[str, Position]) -> None:
        """Let go of what the checkpoint covers."""
        if _SHARD in positions:
            self._kept.forget(int(positions[_SHARD]["offset"]))
        self._asked = False
        self._freed.set()

    async def flushed(self, k: int, *, durable: bool) -> None:
        """Nobody waits for an answer."""

    async def probe(self) -> None:
        """The input is never away."""

    async def close(self) -> None:
        """Standard input stays open: it is not ours."""


def _set(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
