"""PipelineService: documents kept as revisions, the state that is wanted of pipelines, and what is reported of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import aclosing
from typing import Final, TypeVar

import grpc
from google.protobuf.message import Message
from sqlalchemy import ColumnElement, select

from conduix.errors import FieldViolation, InvalidArgument, NotFound, Resource
from conduix.rpc.errors import diagnostic_message
from conduix.rpc.interceptors import Context
from conduix.rpc.serving import Service
from conduix.spec.diagnostics import Diagnostic, DocumentError
from conduix.v1 import mesh_service_pb2
from conduix.v1 import pipeline_service_pb2 as pb
from conduix.v1.common_pb2 import Paging
from conduix.v1.pipeline_service_pb2_grpc import PipelineServiceServicer, add_PipelineServiceServicer_to_server
from conduix_server.control import checkpoints, documents, pipelines, runs
from conduix_server.control.documents import Document
from conduix_server.control.feed import Change, Feed
from conduix_server.mesh.hub import Hub
from conduix_server.policy import current_user
from conduix_server.services.history import History, metrics_message
from conduix_server.services.listing import one_of, page_info, page_request, parse_filter, version_of
from conduix_server.services.mutation import mutate
from conduix_server.services.shown import (
    operation_message,
    revision_message,
    shown_pipeline,
    shown_pipelines,
    timestamp,
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
_MASKED: Final = frozenset({"document", "labels"})


class PipelineServicer(PipelineServiceServicer):
    """Telemetry of agents that are connected to this server comes by `hub`."""

    def __init__(self, store: Store, feed: Feed, hub: Hub, history: History, server_id: str) -> None:
        self._store = store
        self._history = history
        self._feed = feed
        self._streams = Streams(store, feed, hub, server_id)

    def service(self) -> Service:
        """For the RPC server."""

        def add(server: grpc.aio.Server) -> None:
            add_PipelineServiceServicer_to_server(self, server)

        return Service("conduix.v1.PipelineService", add)

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

    async def WatchPipelines(  # type: ignore[override]  # generated for synchronous servers
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

    # documents

    async def ValidatePipeline(
        self, request: pb.ValidatePipelineRequest, context: Context
    ) -> pb.ValidatePipelineResponse:
        """Every problem; stores nothing."""
        document, found = await asyncio.to_thread(documents.examine, request.document, request.file)
        return pb.ValidatePipelineResponse(valid=document is not None, diagnostics=map(diagnostic_message, found))

    async def CreatePipeline(self, request: pb.CreatePipelineRequest, context: Context) -> pb.CreatePipelineResponse:
        """Only one that is not there yet."""
        document = await asyncio.to_thread(documents.read, request.document)
        by = current_user().username

        async def work(tx: Transaction) -> pb.CreatePipelineResponse:
            made = await shown_pipeline(tx, await pipelines.create(tx, document, by=by))
            return pb.CreatePipelineResponse(pipeline=made, warnings=_warnings(document))

        return await mutate(self._store, request, pb.CreatePipelineResponse, work, target=lambda made: made.pipeline.id)

    async def UpdatePipeline(self, request: pb.UpdatePipelineRequest, context: Context) -> pb.UpdatePipelineResponse:
        """What the mask names, of the resource as it was read."""
        paths = _paths(request)
        document = await asyncio.to_thread(documents.read, request.document) if "document" in paths else None
        version, by = version_of(request.etag), current_user().username
        labels = dict(request.labels) if "labels" in paths else None

        async def work(tx: Transaction) -> pb.UpdatePipelineResponse:
            row = await pipelines.resolve(tx, request.pipeline, lock=True)
            changed = await pipelines.update(tx, row, version=version, by=by, document=document, labels=labels)
            return pb.UpdatePipelineResponse(pipeline=await shown_pipeline(tx, changed), warnings=_warnings(document))

        return await mutate(self._store, request, pb.UpdatePipelineResponse, work, target=lambda made: made.pipeline.id)

    async def DeletePipeline(self, request: pb.DeletePipelineRequest, context: Context) -> pb.DeletePipelineResponse:
        """With its revisions and runs."""
        version = version_of(request.etag)
        gone: list[str] = []

        async def work(tx: Transaction) -> pb.DeletePipelineResponse:
            row = await pipelines.resolve(tx, request.pipeline, lock=True)
            gone[:] = [row.id]
            await pipelines.delete(tx, row, version=version)
            return pb.DeletePipelineResponse()

        return await mutate(self._store, request, pb.DeletePipelineResponse, work, target=lambda _: gone[0])

    async def ApplyPipelines(self, request: pb.ApplyPipelinesRequest, context: Context) -> pb.ApplyPipelinesResponse:
        """All or none."""
        given = await asyncio.to_thread(_read_all, request.documents)
        await self._learn_forms(given)
        by = current_user().username
        if request.dry_run:
            async with self._store.reading() as tx:
                return await _applied(tx, await pipelines.compare(tx, given))

        async def work(tx: Transaction) -> pb.ApplyPipelinesResponse:
            return await _applied(tx, await pipelines.apply(tx, given, by=by))

        return await mutate(
            self._store,
            request,
            pb.ApplyPipelinesResponse,
            work,
            target=lambda made: made.applied[0].pipeline.id if len(made.applied) == 1 else "",
        )

    async def DiffPipeline(self, request: pb.DiffPipelineRequest, context: Context) -> pb.DiffPipelineResponse:
        """What applying it would do."""
        document = await asyncio.to_thread(documents.read, request.document, request.file)
        await self._learn_forms([document])
        async with self._store.reading() as tx:
            (change,) = await pipelines.compare(tx, [document])
        return pb.DiffPipelineResponse(action=change.action, diff=change.diff)

    async def _learn_forms(self, given: Sequence[Document]) -> None:
        """Reads what is stored beside the calls, so that no transaction waits for it."""
        async with self._store.reading() as tx:
            texts = await pipelines.stored_texts(tx, [each.name for each in given])
        await asyncio.to_thread(lambda: [pipelines.form_of(text) for text in texts])

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
        return pb.GetCheckpointResponse(
            n=copy.number, at=timestamp(copy.saved_at), record=shown, agent_id=copy.agent_id
        )

    async def TapPipeline(  # type: ignore[override]  # generated for synchronous servers
        self, request: pb.TapPipelineRequest, context: Context
    ) -> AsyncIterator[pb.TapPipelineResponse]:
        """Records as they leave a node, as long as the run goes on."""
        async with aclosing(self._streams.tap(request, by=current_user().username)) as records:
            async for each in records:
                yield each

    async def TailLogs(  # type: ignore[override]  # generated for synchronous servers
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


def _paths(request: pb.UpdatePipelineRequest) -> frozenset[str]:
    paths = frozenset(request.update_mask.paths)
    if not paths or not paths <= _MASKED:
        wrong = FieldViolation("update_mask", f"{', '.join(sorted(paths)) or 'empty'}: name document, labels or both")
        raise InvalidArgument(f"update_mask: {wrong.description}", violations=[wrong])
    return paths


def _read_all(given: Sequence[pb.ApplyDocument]) -> list[Document]:
    found: list[Diagnostic] = []
    read: list[Document] = []
    for index, each in enumerate(given):
        name = each.file or (f"documents[{index}]" if len(given) > 1 else "")
        document, diagnostics = documents.examine(each.document, name)
        if document is None:
            found.extend(diagnostics)
        else:
            read.append(document)
    if found:
        raise DocumentError(found)
    return read


async def _applied(tx: Transaction, done: Sequence[pipelines.Change]) -> pb.ApplyPipelinesResponse:
    rows = [change.pipeline for change in done if change.pipeline is not None]
    shown = {each.id: each for each in await shown_pipelines(tx, rows)}
    return pb.ApplyPipelinesResponse(
        applied=[
            pb.Applied(
                action=change.action,
                pipeline=shown[change.pipeline.id] if change.pipeline else pb.Pipeline(name=change.document.name),
                diff=change.diff,
                warnings=_warnings(change.document),
            )
            for change in done
        ]
    )


def _warnings(document: Document | None) -> list[pb.Diagnostic]:
    return [diagnostic_message(each) for each in document.warnings] if document else []


async def _touched(tx: Transaction, batch: Collection[Change]) -> list[str]:
    ids = {change.resource_id for change in batch if change.kind != agents.NAME}
    if homes := [change.resource_id for change in batch if change.kind == agents.NAME]:
        ids.update(await tx.all(select(Assignment.pipeline_id).where(Assignment.agent_id.in_(homes)).distinct()))
    return sorted(ids)
