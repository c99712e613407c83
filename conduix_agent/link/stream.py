"""The transport STREAM: one bidirectional call to one server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import grpc

from conduix.errors import Unavailable
from conduix.mesh.transport import Mode
from conduix.rpc.errors import remote_errors
from conduix.v1 import mesh_service_pb2 as pb
from conduix_agent.link.channel import MeshChannel

OPEN_WITHIN = 10.0
CLOSE_WITHIN = 2.0
"""Seconds that a server has to end the call from its side."""

Call = grpc.aio.StreamStreamCall[pb.AgentMessage, pb.ServerMessage]


class StreamTransport:
    """A `conduix.mesh.transport.Transport` over MeshService.Connect. One task sends, one reads, no more."""

    mode = Mode.STREAM

    def __init__(self, call: Call) -> None:
        self._call = call

    @classmethod
    async def open(cls, channel: MeshChannel) -> StreamTransport:
        """Returns once the server took the call; where it did not, the channel is closed.

        Raises:
            ConduixError: what the server said, or that it is not there.
        """
        try:
            return cls(await _taken(channel))
        except BaseException:
            await channel.close()
            raise

    async def send(self, message: pb.AgentMessage) -> None:
        """Hand a message to gRPC; waits while 4 MiB of others do. Raises Unavailable once the call ended."""
        try:
            await self._call.write(message)
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError) as error:
            raise Unavailable("the stream to the server has ended") from error

    async def messages(self) -> AsyncIterator[pb.ServerMessage]:
        """What comes, until the server ends the call. Raises ConduixError where it ended with an error."""
        with remote_errors():
            while isinstance(message := await self._call.read(), pb.ServerMessage):  # else it is gRPC's EOF
                yield message

    async def close(self) -> None:
        """Half-close, and wait a moment for the server's end: a cancelled call leaves memory behind in gRPC."""
        with suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):  # it has ended already
            await self._call.done_writing()
        try:
            async with asyncio.timeout(CLOSE_WITHIN):
                await self._call.code()
        except TimeoutError:
            self._call.cancel()


async def _taken(channel: MeshChannel) -> Call:
    call = channel.stub.Connect(metadata=channel.metadata)
    try:
        async with asyncio.timeout(OPEN_WITHIN):
            await call.initial_metadata()
    except TimeoutError:
        call.cancel()
        raise Unavailable(f"{channel.address} did not answer within {OPEN_WITHIN:.0f} s") from None
    if call.done():
        with remote_errors():
            await call.read()
        raise Unavailable(f"{channel.address} ended the call at once")
    return call
