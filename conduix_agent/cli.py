"""Entry point of `conduix-agent`: settings, one command, an exit status."""

from __future__ import annotations

import asyncio
import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from enum import IntEnum

from conduix.errors import ConduixError, UsageError
from conduix.settings import describe
from conduix_agent import snapshot
from conduix_agent.arguments import flags, parse
from conduix_agent.settings import load_settings


class Exit(IntEnum):
    """What the exit status means; the same as that of `conduix`."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run `conduix-agent` with these arguments (default: the process's own); returns the exit status."""
    given = parse(sys.argv[1:] if argv is None else argv)
    try:
        return _status(given) if given.command == "status" else _run(given)
    except ConduixError as error:
        sys.stderr.write(f"error: {error.message} ({error.code})\n")
        if error.remedy:
            sys.stderr.write(f"remedy: {error.remedy}\n")
        return Exit.USAGE if isinstance(error, UsageError) else Exit.FAILED
    except KeyboardInterrupt:
        return Exit.INTERRUPTED


def _run(given: Namespace) -> int:
    loaded = load_settings(given.config, os.environ, flags(given))
    if given.print_config:
        sys.stdout.write(describe(loaded))
        return Exit.DONE
    # what only the agent itself needs: `status` answers without it
    from conduix.telemetry import logs  # noqa: PLC0415
    from conduix_agent.app import run_agent  # noqa: PLC0415
    from conduix_agent.host.host import AgentHost, HostSetup  # noqa: PLC0415

    logs.configure(loaded.value.logging.level, loaded.value.logging.format)
    os.environ.update(loaded.value.allow.environment())  # workers have this process's environment
    asyncio.run(
        run_agent(loaded.value, lambda directory, uplink, shutdown: AgentHost(HostSetup(directory, shutdown), uplink))
    )
    return Exit.DONE


def _status(given: Namespace) -> int:
    directory = load_settings(given.config, os.environ, {"state_dir": given.state_dir}).value.state_dir
    try:
        found = snapshot.ask(directory.absolute())
    except UsageError as error:  # nothing was asked wrongly: there is nobody
        sys.stderr.write(f"error: {error.message}\nremedy: {error.remedy}\n")
        return Exit.FAILED
    sys.stdout.write(snapshot.as_json(found) if given.output == "json" else snapshot.as_text(found))
    return Exit.DONE
