"""The databases of the store's tests, and the control side of a server on one of them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from conduix_server.store.store import Store
from tests.integration.control.world import World, serving
from tests.integration.store.conftest import clock, database, maria, migrated_file, migrated_maria, store

__all__ = ["clock", "database", "maria", "migrated_file", "migrated_maria", "store"]


@pytest.fixture
async def world(store: Store) -> AsyncIterator[World]:
    async with serving(store) as served:
        yield served
