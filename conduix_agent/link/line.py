"""One connection while it lasts: its bounded queue, its one reader and its one writer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from conduix.errors import ConduixError
from conduix.mesh.lanes import Lane, Outbox
from conduix.mesh.transport import Transport
from conduix.v1 import mesh_service_pb2 as pb
from conduix_agent.link.channel import MeshChannel

FINISH_WITHIN = 3.0

Receive = Callable[[pb.ServerMessage], Awaitable[None]]


class Line:
    """A transport with what waits for it. `name` is never used for another connection."""

    def __init__(self, name: str, channel: MeshChannel, transport: Transport) -> None:
        self.name = name
        self.channel = channel
        self._transport = transport
        self._outbox: Outbox[pb.AgentMessage] = Outbox()
        self._wake = asyncio.Event()
        self._finishing = self._aborted = False
        self._writer: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        """The server's."""
        return self.channel.address

    def push(self, message: pb.AgentMessage, lane: Lane) -> None:
        """Queue a message for the writer. Raises MessageTooLarge, LaneFull."""
        self._outbox.push(message, lane)
        self._wake.set()

    def finish(self) -> None:
        """Write what waits, then end the connection; `run` returns within three seconds."""
        self._finishing = True
        self._wake.set()
        asyncio.get_running_loop().call_later(FINISH_WITHIN, self.abort)

    def abort(self) -> None:
        """End the connection, written or not."""
        self._aborted = True
        if self._writer is not None:
            self._writer.cancel()

    async def run(self, receive: Receive) -> None:
        """Carry messages until the connection ends, and release it. Raises ConduixError with the cause, if any."""
        reader = asyncio.create_task(self._read(receive))
        writer = self._writer = asyncio.create_task(self._write())
        try:
            await asyncio.wait({reader, writer}, return_when=asyncio.FIRST_COMPLETED)
            ended = reader if reader.done() else writer
            if not ended.cancelled():
                await ended
        finally:
            for task in (reader, writer):
                task.cancel()
                with suppress(asyncio.CancelledError, ConduixError):  # the cause is what ended first
                    await task
            await self.channel.close()

    async def _read(self, receive: Receive) -> None:
        async for message in self._transport.messages():
            await receive(message)

    async def _write(self) -> None:
        while not self._aborted:
            while (message := self._outbox.pop()) is not None:
                message.sent_at.GetCurrentTime()
                await self._transport.send(message)
            if self._finishing:
                await self._transport.close()
                return
            await self._wake.wait()
            self._wake.clear()
