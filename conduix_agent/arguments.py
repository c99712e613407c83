"""The command line of `conduix-agent`."""

from __future__ import annotations

import argparse
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import conduix
from conduix.errors import UsageError

_EXAMPLES = """examples:
  conduix-agent run --servers conduix.example.com:50051 --join-token-file token --tls-authority ca.pem
  conduix-agent run --config /etc/conduix/agent.yaml --label zone=eu --label disk=ssd
  conduix-agent status

Every option of `run` can stand in agent.yaml or in the environment: `run --print-config` shows all of them.
exit status: 0 ended in good order, 1 failed, 2 wrong usage or settings, 143 ended at once by a second signal"""


def parse(argv: Sequence[str]) -> Namespace:
    """The arguments; `run` where no command is given. Exits with 2 where they are wrong."""
    words = list(argv)
    if not words or (words[0].startswith("-") and words[0] not in {"-h", "--help", "--version"}):
        words = ["run", *words]
    return _parser().parse_args(words)


def flags(arguments: Namespace) -> dict[str, Any]:
    """Key of a setting → what its flag said, None where it was not given."""
    labels = dict(_pair(text) for text in arguments.label) if arguments.label else None
    return {
        "servers": arguments.servers,
        "join_token_file": arguments.join_token_file,
        "name": arguments.name,
        "labels": labels,
        "state_dir": arguments.state_dir,
        "http_host": arguments.http_host,
        "http_port": arguments.http_port,
        "tls.authority": arguments.tls_authority,
        "logging.level": arguments.log_level,
        "logging.format": arguments.log_format,
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="conduix-agent",
        description="Runs pipelines on this host, as its servers say.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"conduix-agent {conduix.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    run = commands.add_parser("run", help="run the agent (the default)", allow_abbrev=False)
    run.add_argument("--config", type=Path, metavar="FILE", help="settings; default /etc/conduix/agent.yaml")
    run.add_argument("--servers", metavar="H:P,…", help="servers, tried in turn")
    run.add_argument("--join-token-file", metavar="FILE", help="file with the join token, for the first start")
    run.add_argument("--name", help="name of this agent; default: the host's")
    run.add_argument("--label", action="append", metavar="K=V", help="label that placement chooses by; repeatable")
    run.add_argument("--state-dir", metavar="DIR", help="identity, spool and state of all pipelines")
    run.add_argument("--http-host", metavar="HOST", help="where /health, /ready and /metrics listen")
    run.add_argument("--http-port", metavar="PORT", help="their port; 0: none")
    run.add_argument("--tls-authority", metavar="FILE", help="PEM: the authority of the servers' certificates")
    run.add_argument("--log-level", choices=("debug", "info", "warning", "error"), help="default info")
    run.add_argument("--log-format", choices=("text", "json"), help="default text")
    run.add_argument("--print-config", action="store_true", help="print every setting and where it came from, and end")
    status = commands.add_parser("status", help="ask the agent of a state directory how it stands", allow_abbrev=False)
    status.add_argument("--config", type=Path, metavar="FILE", help="settings that name the state directory")
    status.add_argument("--state-dir", metavar="DIR", help="state directory of the agent")
    status.add_argument("-o", "--output", choices=("text", "json"), default="text", help="default text")
    return parser


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"--label {text}: a label is written NAME=VALUE", remedy="for example --label zone=eu")
    return name, value
