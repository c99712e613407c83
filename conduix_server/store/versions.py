"""Changing a row only as long as it is the one that the caller has read."""

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy import delete, update

from conduix.errors import EtagStale, Resource
from conduix_server.store.tables import Agent, Operation, Pipeline, Run, User
from conduix_server.store.transaction import Transaction

Versioned = TypeVar("Versioned", Agent, Operation, Pipeline, Run, User)


async def change(
    tx: Transaction, kind: type[Versioned], key: str, *, resource: Resource, version: int | None, **values: Any
) -> Versioned:
    """The row with `values` and the next version. `version` is what the caller has read, None to overwrite.

    Raises NotFound, and EtagStale where another version is stored.
    """
    same = kind.id == key if version is None else (kind.id == key) & (kind.version == version)
    if not await tx.write(update(kind).where(same).values(version=kind.version + 1, **values)):
        raise await _other(tx, kind, key, resource, version)
    tx.changed(resource, key, "UPDATED")
    return await tx.get(kind, key, name=resource)


async def remove(tx: Transaction, kind: type[Versioned], key: str, *, resource: Resource, version: int | None) -> None:
    """Deletes the row with what belongs to it. Raises as `change` does."""
    same = kind.id == key if version is None else (kind.id == key) & (kind.version == version)
    if not await tx.write(delete(kind).where(same)):
        raise await _other(tx, kind, key, resource, version)
    tx.changed(resource, key, "DELETED")


async def _other(
    tx: Transaction, kind: type[Versioned], key: str, resource: Resource, version: int | None
) -> EtagStale:
    stored = await tx.get(kind, key, name=resource)
    return EtagStale(
        f"{resource} {key} has changed: version {stored.version} is stored, {version} was given",
        remedy="read it again and repeat the change on what is there now",
    )
