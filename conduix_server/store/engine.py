"""The connection to the database: which drivers, with which settings, and one server only on SQLite."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy import URL, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from conduix.errors import StateBusy, UsageError, from_os_error
from conduix.lockfile import Held, hold

WRITES = "conduix_writes"
"""Execution option of a connection whose transaction will write."""

BUSY_SECONDS = 10
READ_SECONDS = 30
DRIVERS = {"sqlite": "sqlite+aiosqlite", "mysql": "mysql+asyncmy", "mariadb": "mysql+asyncmy"}


def parse_url(text: str) -> URL:
    """The address with the driver that we use. Raises UsageError for another kind of database or no address at all."""
    try:
        url = make_url(text)
    except ArgumentError:
        raise UsageError(
            "the database address cannot be read", remedy="write sqlite:///path or mysql://user:password@host:3306/name"
        ) from None
    kind = url.get_backend_name()
    if kind not in DRIVERS:
        raise UsageError(f"{kind} is no database of Conduix", remedy="use sqlite://, mysql:// or mariadb://")
    if kind == "sqlite" and url.database in {None, "", ":memory:"}:
        raise UsageError("SQLite needs a file", remedy="write sqlite:///absolute/path.db")
    return url.set(drivername=DRIVERS[kind])


def create_engine(url: URL, *, migrating: bool = False) -> AsyncEngine:
    """Connects nothing yet. `migrating`: tables may be rebuilt on SQLite, a statement may take as long as it needs.

    Raises UsageError where the driver is not installed.
    """
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, foreign_keys=not migrating)
    if find_spec("asyncmy") is None:
        raise UsageError("the driver for MySQL and MariaDB is missing", remedy="pip install 'conduix[sql]'")
    return create_async_engine(
        url,
        isolation_level="READ COMMITTED",
        pool_size=10,
        max_overflow=10,
        pool_timeout=BUSY_SECONDS,
        pool_pre_ping=True,
        connect_args={
            "charset": "utf8mb4",
            "connect_timeout": 5,
            "read_timeout": None if migrating else READ_SECONDS,
            # shorter than the read timeout: who waits for a row is told so, and does not take it for an outage
            "init_command": f"SET SESSION innodb_lock_wait_timeout = {BUSY_SECONDS}",
        },
    )


def _sqlite(url: URL, *, foreign_keys: bool) -> AsyncEngine:
    engine = create_async_engine(url, connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine.sync_engine, "connect")
    def settings(connection: DBAPIConnection, _record: object) -> None:
        # the driver would begin late, at the first write: two readers that go on to write would block each other
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


class ServerLock:
    """Held by the one server of a SQLite database as long as it lives; the system releases it when the process dies.

    Raises StateBusy, with the pid of the other server; SystemicError and DiskError where the file cannot be made.
    """

    def __init__(self, database: Path) -> None:
        self.path = database.with_name(database.name + ".lock")
        try:
            self._fd = hold(self.path, 0o600)
        except Held as held:
            raise StateBusy(
                f"{database} is held by another server (pid {held.pid})",
                remedy="stop that server, give this one a state_dir of its own, or use MySQL or MariaDB for several",
            ) from None
        except OSError as error:
            raise from_os_error(error, "lock the database", str(self.path)) from None

    def release(self) -> None:
        """Lets the next server in."""
        os.close(self._fd)
