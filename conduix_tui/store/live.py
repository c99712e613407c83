"""Updates from a server: one stream a kind, which outlive the server's restarts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

from conduix.errors import ConduixError
from conduix.rpc.errors import RemoteError
from conduix.v1 import agent_service_pb2 as agent_pb
from conduix.v1 import common_pb2
from conduix.v1 import event_service_pb2 as event_pb
from conduix.v1 import pipeline_service_pb2 as pipeline_pb
from conduix.v1 import run_service_pb2 as run_pb
from conduix_tui.client.client import Client
from conduix_tui.client.watch import Snapshot, watch
from conduix_tui.store.updates import All, Ended, Interrupted, Kind, Put, Removed, Resumed, Update

MOST_WAITING = 50_000
"""Updates that wait to be shown; a server's stream waits while there are more."""
RETRY = 2.0
"""Seconds until a server is tried again that could not be reached at the very first call."""


class LiveOrigin:
    """Watches pipelines, agents, runs and events of one server."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._queue: asyncio.Queue[Update | None] = asyncio.Queue(MOST_WAITING)

    async def updates(self) -> AsyncIterator[Update]:
        """See `Origin`. Ends when all streams have ended for good."""
        calls: Mapping[Kind, tuple[Any, Any]] = {
            "pipeline": (self._client.pipelines.WatchPipelines, pipeline_pb.WatchPipelinesRequest),
            "agent": (self._client.agents.WatchAgents, agent_pb.WatchAgentsRequest),
            "run": (self._client.runs.WatchRuns, run_pb.WatchRunsRequest),
            "event": (self._client.events.WatchEvents, event_pb.WatchEventsRequest),
        }
        tasks = [asyncio.create_task(self._follow(kind, *call), name=f"watch-{kind}") for kind, call in calls.items()]
        left = len(tasks)
        try:
            while left:
                update = await self._queue.get()
                if update is None:
                    left -= 1
                else:
                    yield update
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self, kind: Kind, method: Any, request: Any) -> None:
        while True:
            try:
                await self._watch(kind, method, request())
            except RemoteError as error:
                if error.status != "UNAVAILABLE":
                    return await self._end(kind, error)
                await self._queue.put(Interrupted(kind, cause_of(error), RETRY))
                await asyncio.sleep(RETRY)
            except ConduixError as error:
                return await self._end(kind, error)

    async def _watch(self, kind: Kind, method: Any, request: Any) -> None:
        def interrupted(error: RemoteError, wait: float) -> None:
            # the queue may be full; that the line is broken is seen by its age as well
            if not self._queue.full():
                self._queue.put_nowait(Interrupted(kind, cause_of(error), wait))

        def resumed() -> None:
            if not self._queue.full():  # what fills it says the same
                self._queue.put_nowait(Resumed(kind))

        async for update in watch(self._client, method, request, interrupted=interrupted, resumed=resumed):
            if isinstance(update, Snapshot):
                items = [getattr(message, kind) for message in update.messages]
                await self._queue.put(All(kind, {item.id: item for item in items}))
                continue
            item = getattr(update, kind)
            removed = update.kind == common_pb2.CHANGE_KIND_REMOVED
            await self._queue.put(Removed(kind, item.id) if removed else Put(kind, item.id, item))

    async def _end(self, kind: Kind, error: ConduixError) -> None:
        await self._queue.put(Ended(kind, error.code, error.message, error.remedy))
        await self._queue.put(None)


def cause_of(error: RemoteError) -> str:
    """Of gRPC's chain of causes the last one says why nobody answers."""
    unanswered = error.code == error.status == "UNAVAILABLE"
    return error.message.rpartition(": ")[2] if unanswered else error.message
