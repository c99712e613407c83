"""The calls of PipelineService that are about documents: validated, created, changed, applied, compared, deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from conduix.errors import InvalidArgument
from conduix.rpc.errors import diagnostic_message
from conduix.rpc.interceptors import Context
from conduix.spec.diagnostics import Diagnostic, DocumentError
from conduix.v1 import pipeline_service_pb2 as pb
from conduix.v1.pipeline_service_pb2_grpc import PipelineServiceServicer
from conduix_server.control import documents, pipelines
from conduix_server.control.documents import Document
from conduix_server.policy import current_user
from conduix_server.services.listing import version_of
from conduix_server.services.mutation import mutate
from conduix_server.services.shown import shown_pipeline, shown_pipelines
from conduix_server.store.store import Store
from conduix_server.store.transaction import Transaction

_MASKED: Final = frozenset({"document", "labels"})


class DocumentCalls(PipelineServiceServicer):
    """Documents are read in threads beside the calls: one may take seconds."""

    def __init__(self, store: Store) -> None:
        self._store = store

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


def _paths(request: pb.UpdatePipelineRequest) -> frozenset[str]:
    paths = frozenset(request.update_mask.paths)
    if not paths or not paths <= _MASKED:
        shown = ", ".join(sorted(paths)) or "empty"
        raise InvalidArgument.of_field("update_mask", f"{shown}: name document, labels or both")
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
