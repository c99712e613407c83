"""The file source: reads shards of files in the order in which they were cut, one after the other.

Reading is done in the event loop, not in a thread: 256 KiB from the page cache take less than the hop to a thread.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Mapping, Sequence

from conduix.engine.api import Batch, NodeContext, Position, Shard
from conduix.engine.connectors.file.cut import cut_files, open_unchanged
from conduix.engine.connectors.file.options import FileSourceOptions
from conduix.engine.connectors.file.shard import OpenShard, counts_bytes, open_shard


class FileSource:
    """Reads files. A position is a byte offset in the unpacked file; in a json file it is the number of the item."""

    replayable = True
    ends = True

    def __init__(self, options: FileSourceOptions, context: NodeContext) -> None:
        self._options = options
        self._context = context
        self._waiting: deque[Shard] = deque()
        self._open: OpenShard | None = None
        self._before: tuple[object, int, int] | None = None
        """Path and end of the range that was read last, and where its last record ended."""
        self._positions: dict[str, Position] = {}
        self._finished: list[str] = []
        self._sizes: dict[str, int] = {}
        self._read: dict[str, int] = {}

    async def cut(self) -> Sequence[Shard]:
        """One shard a file, or several ranges of a large one.

        Raises:
            SystemicError: no such file, no match, no right, no known format.
        """
        return cut_files(self._options)

    async def open(self, shards: Sequence[Shard], held: Mapping[str, Position | None]) -> None:
        """Go to the held positions, once it is sure that every file is still the one that was cut.

        Raises:
            SourceChanged: a file is gone, shorter or another one.
        """
        await self.close()
        self._waiting = deque(shards)
        await self.probe()
        self._before = None
        self._positions = {shard: position for shard, position in held.items() if position is not None}
        self._finished = []
        # shards that are no longer given are finished: a rewind does not make the progress fall back to nothing
        self._read = dict(self._sizes)
        for shard in shards:
            self._sizes[shard.id] = _size(shard)
            self._read[shard.id] = self._already_read(shard)

    def _already_read(self, shard: Shard) -> int:
        return _size(shard) - self.left(shard, self._positions.get(shard.id))

    def left(self, shard: Shard, position: Position | None) -> int:
        """Bytes that are to be read; all of them where a position does not tell."""
        if position is None or not counts_bytes(shard):
            return _size(shard)
        return max(0, int(shard.spec["end"]) - int(position["offset"]))

    async def read(self) -> Batch | None:
        """The next records; None once every shard was read.

        Raises:
            SourceChanged: the file that is next is not the one that was cut.
            ConnectorError: it cannot be read, unpacked or understood.
        """
        while current := self._current():
            batch = current.reader.read()
            self._read[current.shard.id] = current.read_bytes()
            if batch is not None:
                self._positions[batch.shard] = batch.next
                return batch
            self._finish(current)
        return None

    def _current(self) -> OpenShard | None:
        if self._open is None and self._waiting:
            shard = self._waiting[0]
            begins = None
            if self._before is not None and self._before[:2] == (shard.spec["path"], shard.spec["start"]):
                begins = self._before[2]
            held = self._positions.get(shard.id)
            self._open = open_shard(shard, held, begins, self._options, self._context)
            self._waiting.popleft()
        return self._open

    def _finish(self, current: OpenShard) -> None:
        spec = current.shard.spec
        self._before = (spec["path"], spec["end"], current.reader.offset)
        self._finished.append(current.shard.id)
        self._read[current.shard.id] = self._sizes[current.shard.id]
        current.close()
        self._open = None

    def positions(self) -> Mapping[str, Position]:
        """Where reading goes on, for each shard that was touched in this run."""
        return dict(self._positions)

    def finished(self) -> Sequence[str]:
        """Shards that were read to their end."""
        return tuple(self._finished)

    def progress(self) -> tuple[int, int]:
        """Bytes read, and bytes in all; of packed files the packed ones."""
        return sum(self._read.values()), sum(self._sizes.values())

    async def committed(self, n: int, positions: Mapping[str, Position]) -> None:
        """Nothing is kept, so nothing is let go."""

    async def flushed(self, k: int, *, durable: bool) -> None:
        """Nobody waits for an answer."""

    async def probe(self) -> None:
        """See that every file that is still to be read can be opened.

        Raises:
            SourceChanged, ConnectorError: see `open`.
        """
        for shard in {shard.spec["path"]: shard for shard in self._waiting}.values():
            os.close(open_unchanged(shard))

    async def close(self) -> None:
        """Release the open file."""
        if self._open is not None:
            self._open.close()
            self._open = None


def _size(shard: Shard) -> int:
    return int(shard.spec["end"]) - int(shard.spec["start"])
