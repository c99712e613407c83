"""MariaDB for tests: installed once, its data directory made once and copied for every server.

`python -m tests.services.mariadb` installs it (`make services ONLY=mariadb`). `CONDUIX_TEST_MARIADB_URL` names a server
to use instead; its user must be allowed to create databases.
"""

from __future__ import annotations

import asyncio
import getpass
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Self

from sqlalchemy import URL, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.services.installing import BUILD, apt_install, only_one
from tests.services.process import Process

PACKAGES = ("mariadb-server-core", "mariadb-client-core")
OVERRIDE = "CONDUIX_TEST_MARIADB_URL"
TEMPLATE = BUILD / "mariadb"


class MariaDB:
    """A server with nothing in it. `kill` and `start` are the outage that a test wants; the data stays."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process = Process(self._command, folder / "log")

    @classmethod
    def launched(cls) -> Self:
        """Installed, copied, started."""
        install()
        # a socket's path has at most 107 characters: not below the long folders of pytest
        folder = Path(tempfile.mkdtemp(prefix="cdx-maria-"))
        shutil.copytree(_template(), folder / "data")
        server = cls(folder)
        server.start()
        return server

    @property
    def url(self) -> URL:
        """Of the server, no database named."""
        return URL.create("mysql+asyncmy", "root", host="127.0.0.1", port=self._process.port)

    def start(self) -> None:
        """Again, on the same port."""
        self._process.start()

    def kill(self) -> None:
        """As a power cut would."""
        self._process.stop(9)

    def remove(self) -> None:
        """Ends it and deletes its data."""
        self.kill()
        shutil.rmtree(self._folder)

    def _command(self, port: int) -> list[str]:
        data = self._folder / "data"
        return [
            _program("mariadbd"),
            "--no-defaults",
            f"--user={getpass.getuser()}",
            f"--datadir={data}",
            f"--socket={self._folder / 's'}",
            f"--pid-file={self._folder / 'pid'}",
            f"--tmpdir={self._folder}",
            "--bind-address=127.0.0.1",
            f"--port={port}",
            "--innodb-buffer-pool-size=32M",
            "--innodb-log-file-size=8M",
            # what is written survives the process, which is what tests kill; only a real power cut could lose it
            "--innodb-flush-log-at-trx-commit=2",
            "--innodb-flush-method=nosync",
            "--max-connections=100",
        ]


async def database(server: URL) -> AsyncGenerator[URL, None]:
    """Yields one database of its own on that server, dropped when closed."""
    name = f"conduix_{uuid.uuid4().hex[:12]}"
    await _run(server, f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    try:
        yield server.set(database=name)
    finally:
        await _run(server, f"DROP DATABASE {name}")


def override() -> URL | None:
    """The server that somebody wants the tests to use."""
    return make_url(os.environ[OVERRIDE]).set(drivername="mysql+asyncmy") if OVERRIDE in os.environ else None


def install() -> None:
    """Installs the packages where the programs are missing. Raises RuntimeError, with what to do, where it cannot."""
    if _find("mariadbd") and _find("mariadb-install-db"):
        return
    with only_one("mariadb"):
        if not _find("mariadbd"):
            apt_install(*PACKAGES, instead=f"set {OVERRIDE} to a server's address")


def _template() -> Path:
    with only_one("mariadb"):
        if not (TEMPLATE / "mysql").is_dir():
            making = TEMPLATE.with_suffix(".making")
            shutil.rmtree(making, ignore_errors=True)
            _install_db(making)
            making.rename(TEMPLATE)
    return TEMPLATE


def _install_db(folder: Path) -> None:
    options = ["--auth-root-authentication-method=normal", "--skip-test-db", "--innodb-log-file-size=8M"]
    command = [_program("mariadb-install-db"), "--no-defaults", f"--user={getpass.getuser()}", f"--datadir={folder}"]
    made = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    if made.returncode:
        raise RuntimeError(f"mariadb-install-db failed: {made.stdout}{made.stderr}")


def _find(program: str) -> str | None:
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def _program(name: str) -> str:
    found = _find(name)
    assert found is not None, f"{name}: installed above"
    return found


async def _run(server: URL, statement: str) -> None:
    engine = create_async_engine(server, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


async def _print_version() -> None:
    server = MariaDB.launched()
    try:
        engine = create_async_engine(server.url)
        async with engine.connect() as connection:
            version = (await connection.execute(text("SELECT VERSION()"))).scalar_one()
        await engine.dispose()
    finally:
        server.remove()
    print(f"mariadb {version}: installed, starts, answers")  # noqa: T201 - a command for a person


if __name__ == "__main__":
    asyncio.run(_print_version())
