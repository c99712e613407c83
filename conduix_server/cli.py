"""Entry point of `conduix-server`: settings, one thing to do, an exit status."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from argparse import Namespace
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path
from typing import Any

import conduix
from conduix.errors import ConduixError, UsageError
from conduix.settings import describe
from conduix_server.settings import ServerSettings, load_settings

_EXAMPLES = """examples:
  JWT_SECRET=$(openssl rand -base64 48) conduix-server        SQLite, on loopback
  conduix-server --config /etc/conduix/server.yaml
  conduix-server --database-url mysql://conduix:…@db/conduix --migrate
  conduix-server --create-admin ann --password-file secret

Every setting can stand in server.yaml, most in the environment: --print-config shows all of them.
exit status: 0 ended in good order, 1 failed, 2 wrong usage or settings, 143 ended at once by a second signal"""


class Exit(IntEnum):
    """What the exit status means; the same as that of `conduix`."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run `conduix-server` with these arguments (default: the process's own); returns the exit status."""
    given = _parser().parse_args(argv)
    try:
        return _run(given)
    except ConduixError as error:
        sys.stderr.write(f"error: {error.message} ({error.code})\n")
        if error.remedy:
            sys.stderr.write(f"remedy: {error.remedy}\n")
        return Exit.USAGE if isinstance(error, UsageError) else Exit.FAILED
    except KeyboardInterrupt:
        return Exit.INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="conduix-server",
        description="Keeps pipelines, decides which agent runs what, and answers people and scripts over gRPC.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"conduix-server {conduix.__version__}")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings; default /etc/conduix/server.yaml")
    parser.add_argument("--host", help="address of the listeners; default 127.0.0.1")
    parser.add_argument("--port", metavar="HTTP", help="/health, /ready, /metrics; default 8080, 0: any free port")
    parser.add_argument("--grpc-port", metavar="P", help="people, scripts, enrolment; default 50051")
    parser.add_argument("--mesh-port", metavar="P", help="agents with certificates; default 50052")
    parser.add_argument("--database-url", metavar="U", help="default: SQLite in the state directory")
    parser.add_argument("--state-dir", metavar="D", help="default: see --print-config")
    parser.add_argument("--log-level", metavar="L", help="debug, info, warning or error; default info")
    parser.add_argument("--log-format", metavar="F", help="text or json; default text")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--check", action="store_true", help="try what serving needs, say what is wrong, and end")
    instead.add_argument("--migrate", action="store_true", help="bring the database's schema to this release, and end")
    instead.add_argument("--print-config", action="store_true", help="show every setting and where it is from, and end")
    instead.add_argument("--create-admin", metavar="NAME", help="add a person who may do everything, and end")
    parser.add_argument("--password-file", type=Path, metavar="FILE", help="the admin's; without it one is made up")
    return parser


def _flags(given: Namespace) -> dict[str, Any]:
    return {
        "server.host": given.host,
        "server.port": given.port,
        "server.grpc_port": given.grpc_port,
        "server.mesh_port": given.mesh_port,
        "database.url": given.database_url,
        "state_dir": given.state_dir,
        "logging.level": given.log_level,
        "logging.format": given.log_format,
    }


def _run(given: Namespace) -> int:
    if given.password_file is not None and given.create_admin is None:
        raise UsageError("--password-file belongs to --create-admin", remedy="give both, or neither")
    loaded = load_settings(given.config, os.environ, _flags(given))
    if given.print_config:
        sys.stdout.write(describe(loaded))
        return Exit.DONE
    # what --help and --print-config can do without
    from conduix.telemetry import logs  # noqa: PLC0415
    from conduix_server import tasks  # noqa: PLC0415

    settings = loaded.value
    logs.configure(settings.logging.level, settings.logging.format)
    if given.check:
        return Exit.DONE if asyncio.run(tasks.check(settings, sys.stdout)) else Exit.FAILED
    if given.migrate:
        sys.stdout.write(asyncio.run(tasks.migrate(settings)) + "\n")
        return Exit.DONE
    if given.create_admin is not None:
        sys.stdout.write(asyncio.run(tasks.create_admin(settings, given.create_admin, given.password_file)) + "\n")
        return Exit.DONE
    return Exit.DONE if asyncio.run(_serve(settings)) else Exit.FAILED


async def _serve(settings: ServerSettings) -> bool:
    from conduix_server.app import App  # noqa: PLC0415

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, _asked, stop, number)
    async with App(settings) as app:
        sys.stdout.write(app.ready_line + "\n")
        sys.stdout.flush()
        whole = await app.until(stop)
        await app.drain()
    return whole


def _asked(stop: asyncio.Event, number: signal.Signals) -> None:
    if stop.is_set():
        os._exit(128 + number)
    stop.set()
