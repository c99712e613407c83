"""A whole server inside the test's process, on both databases, and one on SQLite for what no database changes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import URL

from tests.integration.server.world import Served, serving
from tests.integration.store.conftest import address, database, maria, migrated_file, migrated_maria

__all__ = ["database", "maria", "migrated_file", "migrated_maria"]


@pytest.fixture
async def served(database: URL, tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(address(database), tmp_path) as running:
        yield running


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(None, tmp_path) as running:
        yield running
