"""Pipelines and their revisions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from conduix.errors import AlreadyExists, NotFound, Resource
from conduix_server.store import desired
from conduix_server.store.paging import Page, PageRequest, fetch_page
from conduix_server.store.tables import Pipeline, Revision
from conduix_server.store.transaction import Transaction
from conduix_server.store.versions import change, remove

NAME = Resource.PIPELINE


async def create(
    tx: Transaction,
    pipeline_id: str,
    name: str,
    document: str,
    digest: str,
    *,
    description: str = "",
    replicas: int = 1,
    by: str = "",
) -> Pipeline:
    """A pipeline with revision 1. Raises AlreadyExists where the name is taken."""
    if await tx.first(select(Pipeline.id).where(Pipeline.name == name)) is not None:
        raise AlreadyExists(NAME, name, remedy="update it, or take another name")
    await tx.add(
        Pipeline(
            id=pipeline_id,
            name=name,
            description=description,
            config_yaml=document,
            created_by=by,
            created_at=tx.now,
            updated_at=tx.now,
            replicas=replicas,
        )
    )
    added = await get(tx, pipeline_id)
    await _add_revision(tx, added, document, digest, by)
    tx.changed(NAME, pipeline_id, "CREATED")
    return added


async def get(tx: Transaction, pipeline_id: str) -> Pipeline:
    """Raises NotFound."""
    return await tx.get(Pipeline, pipeline_id, name=NAME)


async def by_name(tx: Transaction, name: str) -> Pipeline:
    """Raises NotFound."""
    found = await tx.first(select(Pipeline).where(Pipeline.name == name))
    if found is None:
        raise NotFound(NAME, name)
    return found


async def page(tx: Transaction, ask: PageRequest, *, name_contains: str = "") -> Page[Pipeline]:
    """Ordered by `name`, `created_at` or `updated_at`."""
    query = select(Pipeline)
    if name_contains:
        query = query.where(Pipeline.name.contains(name_contains, autoescape=True))
    orders = {"name": Pipeline.name, "created_at": Pipeline.created_at, "updated_at": Pipeline.updated_at}
    return await fetch_page(tx, query, ask, orders=orders, key=Pipeline.id)


async def revise(
    tx: Transaction, pipeline_id: str, document: str, digest: str, *, version: int | None, by: str = ""
) -> Pipeline:
    """The pipeline with this document as its next revision; the same digest as now makes none.

    Raises NotFound and EtagStale.
    """
    values: dict[str, Any] = {"config_yaml": document, "updated_at": tx.now, "revision": Pipeline.revision + 1}
    before = await tx.get(Pipeline, pipeline_id, name=NAME, lock=True)
    newest = await revision(tx, pipeline_id, before.revision)
    if newest.digest == digest and version in {None, before.version}:
        return before
    after = await change(tx, Pipeline, pipeline_id, resource=NAME, version=version, **values)
    await _add_revision(tx, after, document, digest, by)
    return after


async def update(
    tx: Transaction,
    pipeline_id: str,
    *,
    version: int | None,
    name: str | None = None,
    description: str | None = None,
    replicas: int | None = None,
) -> Pipeline:
    """Changes what is not None and is not in the document. Raises NotFound, EtagStale and AlreadyExists."""
    other = select(Pipeline.id).where(Pipeline.name == name, Pipeline.id != pipeline_id)
    if name is not None and await tx.first(other) is not None:
        raise AlreadyExists(NAME, name, remedy="take another name")
    given = {"name": name, "description": description, "replicas": replicas}
    values = {key: value for key, value in given.items() if value is not None}
    return await change(tx, Pipeline, pipeline_id, resource=NAME, version=version, updated_at=tx.now, **values)


async def delete(tx: Transaction, pipeline_id: str, *, version: int | None) -> None:
    """With its revisions, runs, reports and checkpoints; its agents are told. Raises NotFound and EtagStale."""
    await desired.withdraw(tx, pipeline_id)
    await remove(tx, Pipeline, pipeline_id, resource=NAME, version=version)


async def revision(tx: Transaction, pipeline_id: str, number: int) -> Revision:
    """Raises NotFound."""
    return await tx.get(Revision, pipeline_id, number, name=Resource.REVISION)


async def revisions(tx: Transaction, pipeline_id: str, ask: PageRequest) -> Page[Revision]:
    """Ordered by `number`. Raises NotFound where there is no such pipeline."""
    await get(tx, pipeline_id)
    query = select(Revision).where(Revision.pipeline_id == pipeline_id)
    return await fetch_page(tx, query, ask, orders={"number": Revision.number}, key=Revision.number)


async def _add_revision(tx: Transaction, pipeline: Pipeline, document: str, digest: str, by: str) -> None:
    await tx.add(
        Revision(
            pipeline_id=pipeline.id,
            number=pipeline.revision,
            digest=digest,
            document=document,
            created_by=by,
            created_at=tx.now,
        )
    )
