"""The databases of the store's tests, by the real clock, and one server on each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from sqlalchemy import URL

from conduix_server.store import migrations
from conduix_server.store.store import Store
from tests.integration.mesh.serving import Served, clock, serving
from tests.integration.store.conftest import address, database, maria, migrated_file, migrated_maria
from tests.services import mariadb

__all__ = ["database", "maria", "migrated_file", "migrated_maria"]


@pytest.fixture
async def store(database: URL) -> AsyncIterator[Store]:
    async with Store(address(database), clock) as opened:
        yield opened


@pytest.fixture
async def served(store: Store) -> AsyncIterator[Served]:
    async with serving(store) as one:
        yield one


@pytest.fixture
async def own_database(maria: URL) -> AsyncIterator[URL]:
    """One of MariaDB that nobody else has."""
    async with aclosing(mariadb.database(maria)) as made:
        url = await anext(made)
        await migrations.upgrade(url)
        yield url
