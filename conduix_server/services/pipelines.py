"""PipelineService: documents kept as revisions, the state that is wanted of pipelines, and what is reported of them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import aclosing
from functools import partial
from typing import Final, TypeVar

from google.protobuf.message import Message
from sqlalchemy import ColumnElement, select

from conduix.errors import NotFound, Resource
from conduix.rpc.interceptors import Context
from conduix.rpc.serving import Service
from conduix.v1 import mesh_service_pb2
from conduix.v1 import pipeline_service_pb2 as pb
from conduix.v1.common_pb2 import Paging
from conduix.v1.pipeline_service_pb2_grpc import add_PipelineServiceServicer_to_server
from conduix_server.control import checkpoints, pipelines, runs
from conduix_server.control.feed import Change, Feed
from conduix_server.mesh.hub import Hub
from conduix_server.policy import current_user
from conduix_server.services.documents import DocumentCalls
from conduix_server.services.history import History, metrics_message
from conduix_server.services.listing import one_of, page_info, page_request, parse_filter
from conduix_server.services.mutation import mutate
from conduix_server.services.shown import (
    operation_message,
    revision_message,
    shown_pipeline,
    shown_pipelines,
    views,
)
from conduix_server.services.streams import Streams
from conduix_server.services.watching import Watched, watch
from conduix_server.store import agents, reports
from conduix_server.store import pipelines as stored
from conduix_server.store.store import Store
from conduix_server.store.tables import Assignment, Operation, Pipeline
from conduix_server.store.transaction import Transaction

A = TypeVar("A", bound=Message)

FILTERS: Final = ("name", "mode", "desired_state", "label.")


class PipelineServicer(DocumentCalls):
    """Telemetry of agents that are connected to this server comes by `hub`."""

    def __init__(self, store: Store, feed: Feed, hub: Hub, history: History, server_id: str) -> None:
        super().__init__(store)
        self._history = history
        self._feed = feed
        self._streams = Streams(store, feed, hub, server_id)

    def service(self) -> Service:
        """For the RPC server."""
        return Service("conduix.v1.PipelineService", partial(add_PipelineServiceServicer_to_server, self))

    # lists

    async def ListPipelines(self, request: pb.ListPipelinesRequest, context: Context) -> pb.ListPipelinesResponse:
        """A page, with what is reported of each."""
        conditions = _conditions(request.paging)
        async with self._store.reading() as tx:
            page = await stored.page(tx, page_request(request.paging), conditions)
            shown = await shown_pipelines(tx, page.items)
        return pb.ListPipelinesResponse(pipelines=shown, page_info=page_info(page))

    async def GetPipeline(self, request: pb.GetPipelineRequest, context: Context) -> pb.GetPipelineResponse:
        """With its newest document."""
        async with self._store.reading() as tx:
            row = await pipelines.resolve(tx, request.pipeline)
            return pb.GetPipelineResponse(pipeline=await shown_pipeline(tx, row), document=row.config_yaml)

    async def GetPipelineStatus(
        self, request: pb.GetPipelineStatusRequest, context: Context
    ) -> pb.GetPipelineStatusResponse:
        """With its replicas, as their agent reported them last."""
        async with self._store.reading() as tx:
            row = await pipelines.resolve(tx, request.pipeline)
            (view,) = await views(tx, [row])
            return pb.GetPipelineStatusResponse(pipeline=await shown_pipeline(tx, row), replicas=view.statuses)

    async def ListRevisions(self, request: pb.ListRevisionsRequest, context: Context) -> pb.ListRevisionsResponse:
        """The oldest first, unless asked otherwise."""
        parse_filter(request.paging)
        async with self._store.reading() as tx:
            row = await pipelines.resolve(tx, request.pipeline)
            page = await stored.revisions(tx, row.id, page_request(request.paging))
        shown = [revision_message(each) for each in page.items]
        return pb.ListRevisionsResponse(revisions=shown, page_info=page_info(page))

    async def GetRevision(self, request: pb.GetRevisionRequest, context: Context) -> pb.GetRevisionResponse:
        """The newest, unless a number is given."""
        async with self._store.reading() as tx:
            row = await pipelines.resolve(tx, request.pipeline)
            found = await stored.revision(tx, row.id, request.number or row.revision)
        return pb.GetRevisionResponse(revision=revision_message(found))

    async def WatchPipelines(  # type: ignore[override, unused-ignore]  # generated for synchronous servers
        self, request: pb.WatchPipelinesRequest, context: Context
    ) -> AsyncIterator[pb.WatchPipelinesResponse]:
        """The list, then what changes in it, until the caller or the server leaves."""
        conditions = _conditions(Paging(filter=request.filter))

        async def read(tx: Transaction, batch: Collection[Change] | None) -> Sequence[pb.Pipeline]:
            some = [] if batch is None else [Pipeline.id.in_(await _touched(tx, batch))]
            return await shown_pipelines(tx, await stored.matching(tx, [*conditions, *some]))

        kinds = (stored.NAME, reports.NAME, agents.NAME)
        watched = Watched(kinds, stored.NAME, read, lambda key: pb.Pipeline(id=key))
        async with aclosing(watch(self._store, self._feed, watched, request.resume_token)) as seen:
            async for each in seen:
                yield pb.WatchPipelinesResponse(kind=each.kind, pipeline=each.item, resume_token=each.token)

    # what is wanted

    async def StartPipeline(self, request: pb.StartPipelineRequest, context: Context) -> pb.StartPipelineResponse:
        """Goes on with an unfinished run, else begins one."""
        return await self._operate(
            request,
            request.pipeline,
            pb.StartPipelineResponse,
            lambda tx, row, by: runs.start(tx, row, fresh=request.fresh, by=by),
        )

    async def StopPipeline(self, request: pb.StopPipelineRequest, context: Context) -> pb.StopPipelineResponse:
        """At a checkpoint, from which it can go on."""
        return await self._operate(
            request, request.pipeline, pb.StopPipelineResponse, lambda tx, row, by: runs.stop(tx, row, by=by)
        )

    async def PausePipeline(self, request: pb.PausePipelineRequest, context: Context) -> pb.PausePipelineResponse:
        """It keeps its workers."""
        return await self._operate(
            request, request.pipeline, pb.PausePipelineResponse, lambda tx, row, by: runs.pause(tx, row, by=by)
        )

    async def ResumePipeline(self, request: pb.ResumePipelineRequest, context: Context) -> pb.ResumePipelineResponse:
        """After a pause, whoever made it."""
        return await self._operate(
            request, request.pipeline, pb.ResumePipelineResponse, lambda tx, row, by: runs.resume(tx, row, by=by)
        )

    async def ScalePipeline(self, request: pb.ScalePipelineRequest, context: Context) -> pb.ScalePipelineResponse:
        """From now on so many replicas."""
        return await self._operate(
            request,
            request.pipeline,
            pb.ScalePipelineResponse,
            lambda tx, row, by: runs.scale(tx, row, request.replicas, by=by),
        )

    async def TriggerCheckpoint(
        self, request: pb.TriggerCheckpointRequest, context: Context
    ) -> pb.TriggerCheckpointResponse:
        """Of every replica; the operation ends with their answers."""
        return await self._operate(
            request,
            request.pipeline,
            pb.TriggerCheckpointResponse,
            lambda tx, row, by: checkpoints.trigger(tx, row, by=by),
        )

    async def _operate(
        self,
        request: Message,
        ref: pb.PipelineRef,
        answer: type[A],
        wanted: Callable[[Transaction, Pipeline, str], Awaitable[Operation]],
    ) -> A:
        by = current_user().username
        target: list[str] = []

        async def work(tx: Transaction) -> A:
            row = await pipelines.resolve(tx, ref, lock=True)
            target[:] = [row.id]
            return answer(operation=operation_message(await wanted(tx, row, by)))

        return await mutate(self._store, request, answer, work, target=lambda _: target[0] if target else "")

    async def GetPipelineMetrics(
        self, request: pb.GetPipelineMetricsRequest, context: Context
    ) -> pb.GetPipelineMetricsResponse:
        """As this server has seen it, since it was started."""
        async with self._store.reading() as tx:
            row = await pipelines.resolve(tx, request.pipeline)
        return metrics_message(self._history.points(row.id))

    # what agents have

    async def GetCheckpoint(self, request: pb.GetCheckpointRequest, context: Context) -> pb.GetCheckpointResponse:
        """The copy that the server has; the agent's may be newer."""
        async with self._store.reading() as tx:
            row = await pipelines.resolve(tx, request.pipeline)
            copies = {copy.replica: copy for copy in await reports.checkpoints(tx, row.id)}
        copy = copies.get(request.replica)
        if copy is None:
            remedy = "copies come every minute, and at pause and stop; conduix checkpoint makes one now"
            raise NotFound(Resource.CHECKPOINT, f"{row.name}/{request.replica}", remedy=remedy)
        record = mesh_service_pb2.LoadCheckpointResponse.FromString(copy.body).record
        # a line with its sha256, then JSON: as in the agent's file
        shown = json.dumps(json.loads(record.partition(b"\n")[2] or b"null"))
        return pb.GetCheckpointResponse(n=copy.number, at=copy.saved_at, record=shown, agent_id=copy.agent_id)

    async def TapPipeline(  # type: ignore[override, unused-ignore]  # generated for synchronous servers
        self, request: pb.TapPipelineRequest, context: Context
    ) -> AsyncIterator[pb.TapPipelineResponse]:
        """Records as they leave a node, as long as the run goes on."""
        async with aclosing(self._streams.tap(request, by=current_user().username)) as records:
            async for each in records:
                yield each

    async def TailLogs(  # type: ignore[override, unused-ignore]  # generated for synchronous servers
        self, request: pb.TailLogsRequest, context: Context
    ) -> AsyncIterator[pb.TailLogsResponse]:
        """Lines from before the call, then, if wanted, those that come."""
        async with aclosing(self._streams.tail(request, by=current_user().username)) as lines:
            async for each in lines:
                yield each


def _conditions(paging: Paging) -> list[ColumnElement[bool]]:
    wanted = parse_filter(paging, FILTERS)
    conditions = [stored.has_label(key, value) for key, value in wanted.labels.items()]
    if name := wanted.get("name"):
        conditions.append(Pipeline.name == name)
    if mode := wanted.get("mode").lower():
        conditions.append(Pipeline.mode == one_of("mode", mode, ("batch", "realtime")))
    if desired := wanted.get("desired_state").upper():
        conditions.append(Pipeline.desired_state == one_of("desired_state", desired, ("RUNNING", "PAUSED", "STOPPED")))
    return conditions


async def _touched(tx: Transaction, batch: Collection[Change]) -> list[str]:
    ids = {change.resource_id for change in batch if change.kind != agents.NAME}
    if homes := [change.resource_id for change in batch if change.kind == agents.NAME]:
        ids.update(await tx.all(select(Assignment.pipeline_id).where(Assignment.agent_id.in_(homes)).distinct()))
    return sorted(ids)
