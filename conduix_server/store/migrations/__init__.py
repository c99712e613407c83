"""The schema's history, and which point of it a database has reached.

A server works only on a database of exactly its own schema: `check_head` refuses any other and says what to run.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from conduix.errors import FailedPrecondition, SchemaMismatch, Unavailable
from conduix_server.store.engine import create_engine
from conduix_server.store.errors import translated
from conduix_server.store.transaction import unbroken

FOLDER = Path(__file__).parent
LOCK_SECONDS = 60


def history() -> list[str]:
    """The names of all steps, the oldest first."""
    return [step.revision for step in reversed(list(ScriptDirectory(str(FOLDER)).walk_revisions()))]


async def current(engine: AsyncEngine) -> str | None:
    """The step that the database has reached, None for an empty one."""
    with translated():
        async with engine.connect() as connection:
            return await unbroken(connection.run_sync(_reached))


async def check_head(engine: AsyncEngine) -> None:
    """Raises SchemaMismatch unless the database has exactly the schema of this code."""
    reached, steps = await current(engine), history()
    if reached == steps[-1]:
        return
    if reached is None:
        raise SchemaMismatch("the database is empty", remedy="run conduix-server --migrate")
    if reached in steps:
        raise SchemaMismatch(
            f"the database is older than this server: {reached}, needed is {steps[-1]}",
            remedy="make a backup, then run conduix-server --migrate",
        )
    raise SchemaMismatch(
        f"the database is newer than this server: it does not know {reached}",
        remedy="start the server of that release, or restore the backup from before the migration",
    )


async def upgrade(url: URL, target: str = "head") -> None:
    """Brings the database to `target`; one process at a time.

    Raises Unavailable, and FailedPrecondition for tables that are not ours.
    """
    await _migrate(url, lambda config: command.upgrade(config, target))


async def downgrade(url: URL, target: str) -> None:
    """Goes back to `target` (`base`: to nothing). What newer tables and columns hold is lost, the rest stays."""
    await _migrate(url, lambda config: command.downgrade(config, target))


async def _migrate(url: URL, work: Callable[[Config], None]) -> None:
    engine = create_engine(url, migrating=True)
    try:
        with translated():
            async with engine.connect() as connection:
                await unbroken(connection.run_sync(_locked, work))
    finally:
        await unbroken(engine.dispose())


def _locked(connection: Connection, work: Callable[[Config], None]) -> None:
    if connection.dialect.name == "sqlite":
        _run(connection, work)
        return
    wait = {"seconds": LOCK_SECONDS}
    if connection.execute(text("SELECT GET_LOCK('conduix_migrations', :seconds)"), wait).scalar() != 1:
        raise Unavailable("another server is migrating this database", retry_after=LOCK_SECONDS)
    try:
        _run(connection, work)
    finally:
        if not connection.invalidated:
            connection.execute(text("SELECT RELEASE_LOCK('conduix_migrations')"))


def _run(connection: Connection, work: Callable[[Config], None]) -> None:
    if _reached(connection) is None and set(inspect(connection).get_table_names()) - {"alembic_version"}:
        raise FailedPrecondition(
            "the database holds tables that Conduix did not make", remedy="give Conduix a database of its own"
        )
    connection.rollback()
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(FOLDER))
    work(config)
    connection.commit()
    if connection.dialect.name == "sqlite":
        dangling: list[Any] = list(connection.execute(text("PRAGMA foreign_key_check")))
        if dangling:
            raise FailedPrecondition(f"rows refer to what is gone: {dangling[:5]}", remedy="restore the backup")


def _reached(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
