"""Brings copies of checkpoints to a server: of each replica the newest one only, and never in a worker's way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from conduix.errors import ConduixError, FenceLost, Unavailable
from conduix.v1 import mesh_service_pb2 as pb
from conduix_agent.seam import Uplink

MOST_PART = 4_000_000
"""Bytes of a record, and of a cut, that a message carries."""
RETRY_FIRST = 0.5
RETRY_MOST = 30.0
_log = logging.getLogger(__name__)


class Copies:
    """What waits, and the task that sends it. `sleep` is for tests."""

    def __init__(self, uplink: Uplink, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._uplink = uplink
        self._sleep = sleep
        self._waiting: dict[tuple[str, int], pb.SaveCheckpointRequest] = {}
        self._some = asyncio.Event()
        self._none = asyncio.Event()
        self._none.set()

    def offer(self, copy: pb.SaveCheckpointRequest) -> None:
        """Send it when a server can be reached, unless a newer one comes first."""
        if len(copy.record) > MOST_PART or len(copy.cut) > MOST_PART:
            self._tell("checkpoint_not_copied", copy, f"checkpoint {copy.n} is too large for a copy on the server")
            return
        key = (copy.pipeline_id, copy.replica)
        self._waiting.pop(key, None)
        self._waiting[key] = copy
        self._none.clear()
        self._some.set()

    async def run(self) -> None:
        """Send, for ever; cancel it to end it."""
        pause = RETRY_FIRST
        while True:
            await self._some.wait()
            key, copy = next(iter(self._waiting.items()))
            try:
                await self._uplink.save_checkpoint(copy)
            except Unavailable:
                await self._sleep(pause)
                pause = min(pause * 2, RETRY_MOST)
                continue
            except FenceLost as error:
                self._tell("checkpoint_refused", copy, error.message)
            except ConduixError as error:
                _log.warning("checkpoint %d of %s has no copy: %s", copy.n, copy.pipeline_id, error.message)
            pause = RETRY_FIRST
            self._sent(key, copy)

    def _sent(self, key: tuple[str, int], copy: pb.SaveCheckpointRequest) -> None:
        if self._waiting.get(key) is copy:  # else a newer one came meanwhile
            del self._waiting[key]
        if not self._waiting:
            self._some.clear()
            self._none.set()

    async def sent(self, within: float) -> bool:
        """Wait until nothing waits any more, `within` seconds at most."""
        try:
            async with asyncio.timeout(within):
                await self._none.wait()
        except TimeoutError:
            return False
        return True

    def _tell(self, kind: str, copy: pb.SaveCheckpointRequest, message: str) -> None:
        self._uplink.event(
            pb.AgentEvent(kind=kind, pipeline_id=copy.pipeline_id, replica=copy.replica, message=message)
        )
