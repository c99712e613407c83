"""Log lines and taps on their way to a server: a bounded queue, a stream of its own; what does not fit is counted."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import AsyncIterator
from typing import TypeAlias

from conduix.errors import ConduixError
from conduix.v1 import mesh_service_pb2 as pb
from conduix_agent.link.channel import MeshChannel, calls

log = logging.getLogger(__name__)

MOST_ITEMS = 1000
MOST_BYTES = 4 << 20
"""Of what waits."""
MOST_ITEM = 256 << 10
"""Bytes of one record or line; a larger one is dropped."""
RETRY_AFTER = 1.0

Item: TypeAlias = pb.LogLine | pb.TapRecord


class Telemetry:
    """Everything of one agent that may be lost. `run` brings it to whichever server is there."""

    def __init__(self) -> None:
        self._waiting: deque[Item] = deque()
        self._bytes = 0
        self._lost: Counter[str] = Counter()
        """By what it was about, since the last item that went out."""
        self.dropped = 0
        """Since the start of the process."""
        self._channel: MeshChannel | None = None
        self._changed = asyncio.Event()

    def connected(self, channel: MeshChannel | None) -> None:
        """Where it goes from now on; None: nowhere, nothing is kept."""
        self._channel = channel
        if channel is None:
            self._drop_all()
        self._changed.set()

    def offer(self, item: Item) -> None:
        """Take an item, or count it as dropped."""
        size = item.ByteSize()
        full = len(self._waiting) >= MOST_ITEMS or self._bytes + size > MOST_BYTES
        if self._channel is None or full or size > MOST_ITEM:
            self._drop(item)
            return
        item.dropped += self._lost.pop(_topic(item), 0)
        self._waiting.append(item)
        self._bytes += size
        self._changed.set()

    async def run(self) -> None:
        """Send until cancelled. A stream that breaks is opened again after a second, if there still is a server."""
        while True:
            channel = self._channel
            if channel is None or not self._waiting:
                self._changed.clear()
                await self._changed.wait()
                continue
            try:
                with calls():
                    await channel.stub.StreamTelemetry(self._requests(channel), metadata=channel.metadata)
            except ConduixError as error:
                log.debug("telemetry to %s broke: %s", channel.address, error.message)
                await asyncio.sleep(RETRY_AFTER)

    async def _requests(self, channel: MeshChannel) -> AsyncIterator[pb.StreamTelemetryRequest]:
        while self._channel is channel:
            while self._waiting:
                item = self._waiting.popleft()
                self._bytes -= item.ByteSize()
                yield _request(item)
            self._changed.clear()
            await self._changed.wait()

    def _drop(self, item: Item) -> None:
        self.dropped += 1
        self._lost[_topic(item)] += 1 + item.dropped

    def _drop_all(self) -> None:
        for item in self._waiting:
            self._drop(item)
        self._waiting.clear()
        self._bytes = 0


def _topic(item: Item) -> str:
    return item.tap_id if isinstance(item, pb.TapRecord) else item.pipeline_id


def _request(item: Item) -> pb.StreamTelemetryRequest:
    if isinstance(item, pb.TapRecord):
        return pb.StreamTelemetryRequest(tap=item)
    return pb.StreamTelemetryRequest(log=item)
