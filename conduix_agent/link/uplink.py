"""The way to the servers, as the host sees it: `conduix_agent.seam.Uplink`."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from conduix.errors import FenceLost, NotFound, Resource, Unavailable, from_os_error
from conduix.mesh.reports import Reports
from conduix.rpc.errors import RemoteError, shorten
from conduix.v1 import mesh_service_pb2 as pb
from conduix.v1 import pipeline_service_pb2 as pb_pipeline
from conduix_agent.link.channel import MeshChannel, calls
from conduix_agent.link.revisions import Revisions
from conduix_agent.link.telemetry import Telemetry

log = logging.getLogger(__name__)

COUNTS_EVERY = 1.0
"""Seconds between two reports of a replica of which nothing but its counts changed."""
FETCH_WITHIN = 10.0
SAVE_WITHIN = 20.0
_MOST_TEXT = 16 << 10

_AT_ONCE = ("epoch", "run_id", "state", "reason", "detail", "remedy", "attempt", "restarts", "revision", "starts")
"""Fields of a status that an operator waits for."""

Key = tuple[str, int]


class LinkUplink:
    """See the protocol."""

    def __init__(self, reports: Reports, revisions: Revisions, telemetry: Telemetry) -> None:
        self._reports = reports
        self._revisions = revisions
        self._telemetry = telemetry
        self._poke: Callable[[], None] = _nobody
        self._failed: Callable[[Exception], None] = _raise
        self.agent_id = ""
        self.channel: MeshChannel | None = None
        """Of the server that holds the session; None: there is none."""
        self._passed: dict[Key, tuple[float, pb_pipeline.ReplicaStatus]] = {}
        """When a replica was last reported, and as what."""
        self._held: dict[Key, pb_pipeline.ReplicaStatus] = {}
        """Newer than that, but only in its counts."""
        self._timers: dict[Key, asyncio.TimerHandle] = {}

    # the host's side

    def observe(self, status: pb_pipeline.ReplicaStatus) -> None:
        """See the protocol."""
        key = (status.pipeline_id, status.replica)
        mine = pb_pipeline.ReplicaStatus()
        mine.CopyFrom(status)
        mine.agent_id = self.agent_id
        at, before = self._passed.get(key, (float("-inf"), None))
        due = at + COUNTS_EVERY - time.monotonic()
        if before is None or due <= 0 or any(getattr(before, name) != getattr(mine, name) for name in _AT_ONCE):
            self._pass_on(key, mine)
            return
        self._held[key] = mine
        if key not in self._timers:
            self._timers[key] = asyncio.get_running_loop().call_later(due, self._pass_held, key)

    def forget(self, pipeline_id: str, replica: int) -> None:
        """See the protocol."""
        key = (pipeline_id, replica)
        self._stop_timer(key)
        self._held.pop(key, None)
        self._passed.pop(key, None)
        self._reports.forget(pipeline_id, replica)
        self._poke()

    def event(self, event: pb.AgentEvent) -> None:
        """See the protocol."""
        kept = pb.AgentEvent()
        kept.CopyFrom(event)
        kept.message = shorten(kept.message, _MOST_TEXT)
        kept.at.GetCurrentTime()
        try:
            self._reports.record(pb.TRAFFIC_CLASS_EVENT, pb.Report(event=kept))
        except OSError as error:
            self._failed(from_os_error(error, "write", "the spool"))
        self._poke()

    def telemetry(self, item: pb.LogLine | pb.TapRecord) -> None:
        """See the protocol."""
        self._telemetry.offer(item)

    async def fetch_revision(self, pipeline_id: str, number: int) -> pb.FetchRevisionResponse:
        """See the protocol. What was fetched once is on disk."""
        kept = await asyncio.to_thread(self._revisions.get, pipeline_id, number)
        if kept is not None:
            return kept
        channel = self._reached()
        request = pb.FetchRevisionRequest(pipeline_id=pipeline_id, number=number)
        try:
            with calls():
                fetched = await channel.stub.FetchRevision(request, timeout=FETCH_WITHIN, metadata=channel.metadata)
        except RemoteError as error:
            if error.status == "NOT_FOUND":
                raise NotFound(Resource.REVISION, f"{number} of pipeline {pipeline_id}") from error
            raise _unavailable(error) from error
        try:
            await asyncio.to_thread(self._revisions.put, pipeline_id, fetched)
        except OSError as error:
            log.warning("revision %d is not kept: a restart of it waits for a server: %s", number, error)
        return fetched

    async def save_checkpoint(self, copy: pb.SaveCheckpointRequest) -> None:
        """See the protocol."""
        channel = self._reached()
        try:
            with calls():
                await channel.stub.SaveCheckpoint(copy, timeout=SAVE_WITHIN, metadata=channel.metadata)
        except RemoteError as error:
            if error.code == FenceLost.code:
                raise FenceLost(error.message, remedy=error.remedy) from error
            raise _unavailable(error) from error

    # the link's side

    def bind(self, *, poke: Callable[[], None], failed: Callable[[Exception], None]) -> None:
        """From now on: `poke` when there is something to send, `failed` when the disk refused a write."""
        self._poke, self._failed = poke, failed

    def connected(self, channel: MeshChannel | None) -> None:
        """A session was opened on this channel; None: it ended."""
        self.channel = channel
        self._telemetry.connected(channel)

    def flush(self) -> None:
        """Report what was held back."""
        for key in list(self._held):
            self._pass_held(key)

    def _pass_held(self, key: Key) -> None:
        held = self._held.get(key)
        if held is not None:
            self._pass_on(key, held)

    def _pass_on(self, key: Key, status: pb_pipeline.ReplicaStatus) -> None:
        self._stop_timer(key)
        self._held.pop(key, None)
        self._passed[key] = (time.monotonic(), status)
        self._reports.observe(status)
        self._poke()

    def _stop_timer(self, key: Key) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()

    def _reached(self) -> MeshChannel:
        if self.channel is None:
            raise Unavailable("no server is connected at the moment", remedy="it goes on by itself when one is")
        return self.channel


def _nobody() -> None:
    """Nobody sends yet; what is there goes with the first session."""


def _raise(error: Exception) -> None:
    raise error


def _unavailable(error: RemoteError) -> RemoteError | Unavailable:
    """Whatever passes by itself is one error for the host; what a server refused stays what it was."""
    if error.status in {"UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "ABORTED", "RESOURCE_EXHAUSTED"}:
        return Unavailable(error.message, remedy=error.remedy, retry_after=error.retry_after)
    return error
