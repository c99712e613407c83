"""Standard output as a sink."""

from __future__ import annotations

import asyncio
import os
import select
import stat
from collections.abc import Sequence

from conduix.engine.api import Batch, Handle, Letter, Lines, NodeContext
from conduix.engine.connectors.records import Body
from conduix.engine.connectors.stdout import StdoutOptions
from conduix.errors import StateError, from_os_error


class StdoutClosed(StateError):
    """Nobody reads standard output any more; the run ends, because nobody ever will."""

    code = "STDOUT_CLOSED"


class StdoutSink:
    """Writes to standard output. What was written once cannot be taken back, so after a rewind it comes again."""

    min_flush = 0.0

    def __init__(self, options: StdoutOptions, context: NodeContext, fd: int = 1) -> None:
        self.accepts: tuple[Body, ...] = (options.format,)
        self._fd = fd
        self._rest = b""
        """The end of a line that a failing write has torn; it is written first."""

    async def open(self, handle: Handle | None) -> None:
        """Nothing to go back to."""

    async def write(self, batch: Batch) -> Sequence[Letter]:
        """Write the batch; waits, in a thread, while the reader is slow.

        Raises:
            StdoutClosed: the reader has gone.
            ConnectorError: the file that it is redirected to cannot be written.
        """
        if not isinstance(batch.body, Lines):
            raise TypeError(f"stdout takes lines, not {type(batch.body).__name__}")
        await asyncio.to_thread(self._write, self._rest + batch.body.data)
        return ()

    def _write(self, data: bytes) -> None:
        done = 0
        try:
            while done < len(data):
                try:
                    done += os.write(self._fd, memoryview(data)[done:])
                except BlockingIOError:  # a terminal that another program has set so
                    select.select((), (self._fd,), ())
        except BrokenPipeError as error:
            raise StdoutClosed(
                "nobody reads standard output any more (broken pipe)", remedy="write to a file to get all records"
            ) from error
        except OSError as error:
            begun = done > 0 and data[done - 1 : done] != b"\n"
            self._rest = data[done : data.find(b"\n", done) + 1] if begun else self._rest
            raise from_os_error(error, "write", "standard output") from error
        self._rest = b""

    async def flush(self) -> None:
        """Make it durable, if it is redirected to a file."""
        await asyncio.to_thread(self._fsync)

    def _fsync(self) -> None:
        try:
            if stat.S_ISREG(os.fstat(self._fd).st_mode):
                os.fsync(self._fd)
        except OSError as error:
            raise from_os_error(error, "write", "standard output") from error

    async def probe(self) -> None:
        """Only writing tells."""

    async def close(self) -> None:
        """Standard output stays open: it is not ours."""
