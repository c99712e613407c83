"""What the program does instead of serving: `--check`, `--migrate`, `--create-admin`."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TextIO

from conduix.errors import ConduixError, UsageError
from conduix_server.app import bring_up, listeners, now, opened
from conduix_server.control import bootstrap
from conduix_server.settings import ServerSettings, join_address
from conduix_server.store import migrations
from conduix_server.store.store import Store


async def migrate(settings: ServerSettings) -> str:
    """Brings the schema to this release; what to tell. SQLite must have no server meanwhile."""
    settings.make_state_dir()
    async with Store(settings.database_url, now) as store:
        before = await migrations.current(store.engine)
        await bring_up(store)
        await migrations.check_head(store.engine)
    newest = migrations.history()[-1]
    return f"the schema is {newest}" + ("" if before == newest else f", it was {before or 'empty'}")


async def create_admin(settings: ServerSettings, username: str, file: Path | None) -> str:
    """What to tell: also the password, if it was made here."""
    password = bootstrap.new_password() if file is None else bootstrap.read_password(file)
    async with opened(settings) as store:
        await bootstrap.create_admin(store, username, password)
    said = f"admin {username.lower()} may sign in"
    return said if file is not None else f"{said}, with this password, shown once: {password}"


async def check(settings: ServerSettings, out: TextIO) -> bool:
    """Tries all that serving needs, one line each; did all of it go well?"""
    steps: dict[str, Callable[[], Awaitable[str]]] = {
        "listeners": lambda: _check_listeners(settings),
        "secret": lambda: _check_secret(settings),
        "database": lambda: _check_database(settings),
        "ports": lambda: _check_ports(settings),
    }
    well = True
    for name, step in steps.items():
        try:
            out.write(f"ok    {name}: {await step()}\n")
        except ConduixError as error:
            well = False
            out.write(f"FAIL  {name}: {error.message} ({error.code})\n")
            if error.remedy:
                out.write(f"      remedy: {error.remedy}\n")
    return well


async def _check_listeners(settings: ServerSettings) -> str:
    for listener in listeners(settings):
        if listener.tls is not None:
            listener.tls.credentials()
    return "in the clear, on loopback" if settings.token_mode else f"TLS, {settings.tls.certificate}"


async def _check_secret(settings: ServerSettings) -> str:
    return f"{len(settings.jwt_secret())} characters"


async def _check_database(settings: ServerSettings) -> str:
    settings.make_state_dir()
    async with Store(settings.database_url, now) as store:
        await store.ping()
        reached = await migrations.current(store.engine)
        if not store.is_sqlite or (reached is not None and reached not in migrations.history()):
            await migrations.check_head(store.engine)
        shown = store.url.render_as_string(hide_password=True)
    return f"{shown}, schema {reached or 'empty, made when the server starts'}"


async def _check_ports(settings: ServerSettings) -> str:
    here = settings.server
    wanted = {"grpc": (here.host, here.grpc_port), "http": (here.http_host or here.host, here.port)}
    if not settings.token_mode:
        wanted["mesh"] = (here.host, here.mesh_port)
    for host, port in wanted.values():
        _try_port(host, port)
    return " ".join(f"{name}={join_address(host, port)}" for name, (host, port) in wanted.items())


def _try_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), port))
        except OSError as error:
            raise UsageError(
                f"cannot listen on {join_address(host, port)}: {error.strerror or error}",
                remedy="end what uses that port, or configure another one",
            ) from None
