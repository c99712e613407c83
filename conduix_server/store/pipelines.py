"""Pipelines and their revisions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, select

from conduix.errors import AlreadyExists, NotFound, Resource
from conduix_server.store import desired
from conduix_server.store.agents import to_json
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
    facts: str = "{}",
    by: str = "",
    **values: Any,
) -> Pipeline:
    """A pipeline with revision 1. Raises AlreadyExists where the name is taken."""
    if await tx.first(select(Pipeline.id).where(Pipeline.name == name)) is not None:
        raise AlreadyExists(NAME, name, remedy="update it, or take another name")
    await tx.add(
        Pipeline(
            id=pipeline_id,
            name=name,
            config_yaml=document,
            created_by=by,
            created_at=tx.now,
            updated_at=tx.now,
            **values,
        )
    )
    added = await get(tx, pipeline_id)
    await _add_revision(tx, added, digest, facts, by)
    tx.changed(NAME, pipeline_id, "CREATED")
    return added


async def get(tx: Transaction, pipeline_id: str, *, lock: bool = False) -> Pipeline:
    """Raises NotFound."""
    return await tx.get(Pipeline, pipeline_id, name=NAME, lock=lock)


async def by_name(tx: Transaction, name: str, *, lock: bool = False) -> Pipeline:
    """Raises NotFound."""
    found = await named(tx, [name], lock=lock)
    if not found:
        raise NotFound(NAME, name, remedy="list them: conduix get pipelines")
    return found[0]


async def named(tx: Transaction, names: Collection[str], *, lock: bool = False) -> Sequence[Pipeline]:
    """Those of these names that there are, by name."""
    query = select(Pipeline).where(Pipeline.name.in_(sorted(names))).order_by(Pipeline.name)
    return await tx.all(query.with_for_update() if lock else query)


async def some(tx: Transaction, pipeline_ids: Collection[str]) -> Sequence[Pipeline]:
    """Those of these that there are, by name."""
    return await tx.all(select(Pipeline).where(Pipeline.id.in_(sorted(pipeline_ids))).order_by(Pipeline.name))


async def matching(tx: Transaction, conditions: Collection[ColumnElement[bool]]) -> Sequence[Pipeline]:
    """All that fulfil all `conditions`, by name."""
    return await tx.all(select(Pipeline).where(*conditions).order_by(Pipeline.name))


def has_label(key: str, value: str) -> ColumnElement[bool]:
    """A condition. Labels stand in the table as `to_json` writes them."""
    return func.instr(Pipeline.labels, to_json({key: value})[1:-1]) > 0


async def page(tx: Transaction, ask: PageRequest, conditions: Collection[ColumnElement[bool]] = ()) -> Page[Pipeline]:
    """Those that fulfil all `conditions`, ordered by `name`, `created_at` or `updated_at`."""
    query = select(Pipeline).where(*conditions)
    orders = {"name": Pipeline.name, "created_at": Pipeline.created_at, "updated_at": Pipeline.updated_at}
    return await fetch_page(tx, query, ask, orders=orders, key=Pipeline.id)


async def revise(
    tx: Transaction,
    pipeline_id: str,
    document: str,
    digest: str,
    *,
    version: int | None,
    facts: str = "{}",
    by: str = "",
    **columns: Any,
) -> Pipeline:
    """The pipeline with this document as its next revision; the same digest as now makes none.

    `columns` are those that the document determines. Raises NotFound, EtagStale, and AlreadyExists where it is given a
    name that is taken.
    """
    values = {"config_yaml": document, "updated_at": tx.now, "revision": Pipeline.revision + 1, **columns}
    before = await tx.get(Pipeline, pipeline_id, name=NAME, lock=True)
    newest = await revision(tx, pipeline_id, before.revision)
    if newest.digest == digest and version in {None, before.version}:
        return before
    if columns.get("name", before.name) != before.name and await named(tx, [columns["name"]]):
        raise AlreadyExists(NAME, columns["name"], remedy="take another name")
    after = await change(tx, Pipeline, pipeline_id, resource=NAME, version=version, **values)
    await _add_revision(tx, after, digest, facts, by)
    return after


async def update(tx: Transaction, pipeline_id: str, *, version: int | None, **values: Any) -> Pipeline:
    """Changes columns that the document does not determine. Raises NotFound and EtagStale."""
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


async def _add_revision(tx: Transaction, pipeline: Pipeline, digest: str, facts: str, by: str) -> None:
    await tx.add(
        Revision(
            pipeline_id=pipeline.id,
            number=pipeline.revision,
            digest=digest,
            document=pipeline.config_yaml,
            facts=facts,
            created_by=by,
            created_at=tx.now,
        )
    )
