"""Taps and logs: what agents send live, put together for one caller."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import orjson
from google.protobuf.timestamp_pb2 import Timestamp

from conduix.errors import FailedPrecondition, NotFound, PipelineInactive, Resource, Unavailable
from conduix.v1 import mesh_service_pb2
from conduix.v1 import pipeline_service_pb2 as pb
from conduix_server.control import documents, pipelines, runs
from conduix_server.control.feed import Feed, Overrun, Subscription
from conduix_server.mesh.commands import ask, require_here
from conduix_server.mesh.hub import Hub, Listener
from conduix_server.store import desired, outbox, reports
from conduix_server.store import pipelines as stored
from conduix_server.store import runs as stored_runs
from conduix_server.store.store import Store, new_id
from conduix_server.store.tables import Assignment
from conduix_server.store.transaction import Transaction

ASKED: Final = 10.0
"""Seconds in which an agent that is connected begins a tap or hands out its lines."""
RATE: Final = 50


class Streams:
    """Of agents that are connected to this server, `server_id`."""

    def __init__(self, store: Store, feed: Feed, hub: Hub, server_id: str) -> None:
        self._store = store
        self._feed = feed
        self._hub = hub
        self._server_id = server_id

    async def tap(self, request: pb.TapPipelineRequest, *, by: str) -> AsyncGenerator[pb.TapPipelineResponse, None]:
        """Until `limit` records came or the run ends.

        Raises PipelineInactive, NotFound of a node, AgentOffline, AgentElsewhere, and Unavailable where the pipeline
        was dealt anew: tap again.
        """
        held = await self._tapped(request)
        tap_id = new_id()
        kinds = [stored.NAME, stored_runs.NAME, reports.NAME]
        with self._hub.tap(tap_id) as records:
            async with (
                self._feed.subscribe(kinds, ids=[held.pipeline.id, held.run.id]) as changes,
                self._tapping(held, request, tap_id, by),
            ):
                over = asyncio.create_task(self._over(held, changes))
                try:
                    async for each in _until(records, over, request.limit):
                        yield each
                finally:
                    over.cancel()
                    await asyncio.gather(over, return_exceptions=True)

    async def _tapped(self, request: pb.TapPipelineRequest) -> runs.UnderWay:
        async with self._store.reading() as tx:
            row = await pipelines.resolve(tx, request.pipeline)
            held = await runs.under_way(tx, row, "tapped")
            text = (await stored.revision(tx, row.id, held.run.revision)).document
            await require_here(tx, held.agent_id, self._server_id)
        document, _ = await asyncio.to_thread(documents.examine, text)
        nodes = [node.id for node in document.spec.nodes] if document else [request.node]
        if request.node not in nodes:
            raise NotFound(Resource.NODE, request.node, remedy=f"{row.name} has {', '.join(nodes)}")
        return held

    @asynccontextmanager
    async def _tapping(
        self, held: runs.UnderWay, request: pb.TapPipelineRequest, tap_id: str, by: str
    ) -> AsyncIterator[None]:
        taps = [
            mesh_service_pb2.TapCommand(
                pipeline_id=held.pipeline.id,
                replica=row.replica,
                tap_id=tap_id,
                node=request.node,
                limit=request.limit,
                rate=request.rate or RATE,
            )
            for row in held.assignments
        ]
        try:
            await self._ask_all(held.agent_id, [mesh_service_pb2.Command(tap=tap) for tap in taps], by)
            yield
        finally:
            await self._store.run(lambda tx: _stop(tx, held.agent_id, taps, by))

    async def _ask_all(
        self, agent_id: str, commands: Sequence[mesh_service_pb2.Command], by: str
    ) -> list[mesh_service_pb2.CommandResult]:
        asked = [ask(self._store, self._feed, agent_id, each, within=ASKED, by=by) for each in commands]
        results = await asyncio.gather(*asked)
        for result in results:
            if result.outcome != mesh_service_pb2.COMMAND_OUTCOME_SUCCEEDED:
                raise FailedPrecondition(
                    f"the agent did not do it: {result.message or outbox.outcome(result)} ({result.code})",
                    remedy="look at the agent's log",
                )
        return list(results)

    async def _over(self, held: runs.UnderWay, changes: Subscription) -> None:
        """Returns when the run has ended. Raises Unavailable where it has another epoch now."""
        while True:
            async with self._store.reading() as tx:
                run = await stored_runs.get(tx, held.run.id)
                mine = await desired.of_pipeline(tx, held.pipeline.id)
            if run.ended_at is not None or not mine:
                return
            if mine[0].epoch != held.epoch:
                raise Unavailable(f"{held.pipeline.name} was dealt anew", remedy="tap it again", retry_after=1)
            try:
                await changes.batch()
            except Overrun:
                raise Unavailable("more has changed than was read", remedy="tap it again", retry_after=1) from None

    async def tail(self, request: pb.TailLogsRequest, *, by: str) -> AsyncGenerator[pb.TailLogsResponse, None]:
        """The last lines, oldest first; with `follow` those that come, without end.

        Raises PipelineInactive where it never ran, AgentOffline, AgentElsewhere.
        """
        async with self._store.reading() as tx:
            row = await pipelines.resolve(tx, request.pipeline)
            mine = await desired.of_pipeline(tx, row.id)
            if not mine:
                raise PipelineInactive(f"{row.name} runs nowhere and has no logs", remedy=f"conduix start {row.name}")
            await require_here(tx, mine[0].agent_id, self._server_id)
        with self._hub.logs(row.id) as live:
            before = await self._before(mine, request.lines, by)
            for line in before:
                yield line
            if not request.follow:
                return
            told = {_key(line) for line in before}
            async for heard in live:
                line = _live_line(heard.agent_id, heard.item)
                if _key(line) not in told:
                    yield line

    async def _before(self, mine: Sequence[Assignment], lines: int, by: str) -> list[pb.TailLogsResponse]:
        if not lines:
            return []
        agent_id = mine[0].agent_id
        tails = [
            mesh_service_pb2.TailCommand(pipeline_id=row.pipeline_id, replica=row.replica, lines=lines) for row in mine
        ]
        results = await self._ask_all(agent_id, [mesh_service_pb2.Command(tail=tail) for tail in tails], by)
        found = [_stored_line(agent_id, line) for result in results for line in orjson.loads(result.result or "[]")]
        return sorted(found, key=lambda line: line.at.ToNanoseconds())[-lines:]


async def _until(
    records: Listener[mesh_service_pb2.TapRecord], over: asyncio.Task[None], limit: int
) -> AsyncGenerator[pb.TapPipelineResponse, None]:
    sent = 0
    while not limit or sent < limit:
        coming = asyncio.ensure_future(anext(records))
        try:
            await asyncio.wait({coming, over}, return_when=asyncio.FIRST_COMPLETED)
            if not coming.done():
                over.result()
                return
        finally:
            coming.cancel()
        item = coming.result().item
        yield pb.TapPipelineResponse(node=item.node, replica=item.replica, record=item.record, dropped=item.dropped)
        sent += 1


async def _stop(tx: Transaction, agent_id: str, taps: Sequence[mesh_service_pb2.TapCommand], by: str) -> None:
    """Not waited for: the agent ends a tap also when its worker does, or its limit is reached."""
    for tap in taps:
        end = mesh_service_pb2.TapCommand(
            pipeline_id=tap.pipeline_id, replica=tap.replica, tap_id=tap.tap_id, stop=True
        )
        command = mesh_service_pb2.Command(command_id=new_id(), tap=end, deadline=tx.now + timedelta(seconds=ASKED))
        await outbox.put(tx, agent_id, command, by=by)


def _live_line(agent_id: str, line: mesh_service_pb2.LogLine) -> pb.TailLogsResponse:
    return pb.TailLogsResponse(
        at=line.at,
        level=line.level,
        logger=line.logger,
        message=line.message,
        replica=line.replica,
        agent_id=agent_id,
        dropped=line.dropped,
    )


def _stored_line(agent_id: str, line: dict[str, str]) -> pb.TailLogsResponse:
    at = Timestamp()
    at.FromJsonString(line["at"])
    return pb.TailLogsResponse(
        at=at,
        level=line["level"],
        logger=line["logger"],
        message=line["message"],
        replica=int(line["replica"]),
        agent_id=agent_id,
    )


def _key(line: pb.TailLogsResponse) -> tuple[int, int, str]:
    return line.at.ToNanoseconds(), line.replica, line.message
