"""Pipelines and their documents: created, changed, applied, compared, deleted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from conduix.errors import InvalidArgument
from conduix.v1.pipeline_service_pb2 import (
    APPLY_ACTION_CREATED,
    APPLY_ACTION_UNCHANGED,
    APPLY_ACTION_UPDATED,
    ApplyAction,
    PipelineRef,
)
from conduix_server.control import documents, operations
from conduix_server.control.documents import Document, Facts
from conduix_server.control.runs import require_ended
from conduix_server.store import agents, pipelines
from conduix_server.store.store import new_id
from conduix_server.store.tables import Pipeline
from conduix_server.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Change:
    """What applying a document does, or would do; `pipeline` is None for one that is not there yet."""

    action: ApplyAction
    document: Document
    pipeline: Pipeline | None
    diff: str = ""


async def resolve(tx: Transaction, ref: PipelineRef, *, lock: bool = False) -> Pipeline:
    """The pipeline with this id or name. Raises NotFound."""
    if ref.WhichOneof("ref") == "id":
        return await pipelines.get(tx, ref.id, lock=lock)
    return await pipelines.by_name(tx, ref.name, lock=lock)


async def create(tx: Transaction, document: Document, *, by: str) -> Pipeline:
    """Raises AlreadyExists."""
    columns = {key: value for key, value in document.columns.items() if key != "name"}
    return await pipelines.create(
        tx,
        new_id(),
        document.name,
        document.text,
        document.digest,
        facts=document.facts.write(),
        replicas=document.facts.parallelism,
        by=by,
        **columns,
    )


async def update(
    tx: Transaction,
    pipeline: Pipeline,
    *,
    version: int | None,
    by: str,
    document: Document | None = None,
    labels: Mapping[str, str] | None = None,
) -> Pipeline:
    """Another document (a revision, if it means another thing), or other labels. Raises EtagStale, AlreadyExists."""
    if document is not None:
        facts = document.facts
        columns = dict(document.columns)
        before = await pipelines.revision(tx, pipeline.id, pipeline.revision)
        # who has scaled it by hand keeps that, until the document says another number
        if before.facts == "{}" or Facts.read(before.facts).parallelism != facts.parallelism:
            columns["replicas"] = facts.parallelism
        pipeline = await pipelines.revise(
            tx, pipeline.id, document.text, document.digest, version=version, facts=facts.write(), by=by, **columns
        )
        version = None
    if labels is not None:
        pipeline = await pipelines.update(tx, pipeline.id, version=version, labels=agents.to_json(dict(labels)))
    return pipeline


async def compare(tx: Transaction, given: Sequence[Document], *, lock: bool = False) -> list[Change]:
    """What applying these documents would do; changes nothing. Raises InvalidArgument where two have one name."""
    _check_names(given)
    there = {row.name: row for row in await pipelines.named(tx, [each.name for each in given], lock=lock)}
    return [await _compare(tx, each, there.get(each.name)) for each in given]


async def apply(tx: Transaction, given: Sequence[Document], *, by: str) -> list[Change]:
    """Creates and updates by name. Raises InvalidArgument where two have one name."""
    done = []
    for change in await compare(tx, given, lock=True):
        pipeline = change.pipeline
        if pipeline is None:
            pipeline = await create(tx, change.document, by=by)
        elif change.action == APPLY_ACTION_UPDATED:
            pipeline = await update(tx, pipeline, version=None, by=by, document=change.document)
        done.append(Change(change.action, change.document, pipeline, change.diff))
    return done


async def delete(tx: Transaction, pipeline: Pipeline, *, version: int | None) -> None:
    """With all that belongs to it; its operations end. Raises PipelineActive, EtagStale."""
    await require_ended(tx, pipeline)
    await operations.withdraw(tx, pipeline.id)
    await pipelines.delete(tx, pipeline.id, version=version)


async def stored_texts(tx: Transaction, names: Collection[str]) -> list[str]:
    """The newest documents of these pipelines, as far as there are any."""
    return [row.config_yaml for row in await pipelines.named(tx, names)]


@lru_cache(maxsize=256)
def form_of(text: str) -> str:
    """The normal form of a stored document, as diffs show it; the text itself where it does not load any more."""
    document, _ = documents.examine(text)
    return document.form if document is not None else text


async def _compare(tx: Transaction, document: Document, there: Pipeline | None) -> Change:
    if there is None:
        return Change(
            APPLY_ACTION_CREATED, document, None, documents.diff("", document.form, document.name, revision=0)
        )
    newest = await pipelines.revision(tx, there.id, there.revision)
    if newest.digest == document.digest:
        return Change(APPLY_ACTION_UNCHANGED, document, there)
    shown = documents.diff(form_of(newest.document), document.form, document.name, revision=there.revision)
    return Change(APPLY_ACTION_UPDATED, document, there, shown)


def _check_names(given: Sequence[Document]) -> None:
    first: dict[str, int] = {}
    for index, document in enumerate(given):
        if first.setdefault(document.name, index) != index:
            field = f"documents[{index}].document"
            wrong = f"its name {document.name!r} is that of documents[{first[document.name]}] too"
            raise InvalidArgument.of_field(field, wrong, remedy="give each its own name")
