"""Both databases: a SQLite file, and a real MariaDB that all tests of a process share."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path

import pytest
from sqlalchemy import URL

from conduix_server.store import migrations
from conduix_server.store.engine import create_engine, parse_url
from conduix_server.store.store import Store
from conduix_server.store.tables import Base
from tests.integration.store.world import Clock
from tests.services import mariadb

KINDS = ("sqlite", "mariadb")


@pytest.fixture(scope="session")
def maria() -> Iterator[URL]:
    if (given := mariadb.override()) is not None:
        yield given
        return
    server = mariadb.MariaDB.launched()
    yield server.url
    server.remove()


@pytest.fixture(params=KINDS)
async def empty(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[URL]:
    """An empty database."""
    if request.param == "sqlite":
        yield parse_url(f"sqlite:///{tmp_path}/conduix.db")
        return
    async with aclosing(mariadb.database(request.getfixturevalue("maria"))) as own:
        yield await anext(own)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "conduix.db"
    asyncio.run(migrations.upgrade(parse_url(f"sqlite:///{path}")))
    return path


@pytest.fixture(scope="session")
def migrated_maria(maria: URL) -> Iterator[URL]:
    with asyncio.Runner() as runner:
        own = mariadb.database(maria)
        url = runner.run(anext(own))
        runner.run(migrations.upgrade(url))
        yield url
        runner.run(own.aclose())


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> URL:
    """A database on the newest schema, without rows."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "conduix.db")
        return parse_url(f"sqlite:///{tmp_path}/conduix.db")
    url: URL = request.getfixturevalue("migrated_maria")
    asyncio.run(_delete_rows(url))
    return url


async def _delete_rows(url: URL) -> None:
    engine = create_engine(url)
    async with engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            await connection.execute(table.delete())
    await engine.dispose()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(database: URL, clock: Clock) -> AsyncIterator[Store]:
    async with Store(address(database), clock) as opened:
        yield opened


def address(url: URL) -> str:
    """As a person would write it."""
    return url.render_as_string(hide_password=False)
