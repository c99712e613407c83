"""`conduix loadtest`: load a server with simulated agents; the program that does it comes with the agent."""

from __future__ import annotations

import argparse
import os
import sys

from conduix_tui.cli.arguments import Parser, examples
from conduix_tui.cli.terminal import Terminal

DESCRIPTION = """Load a server. `agents` connects simulated agents and prints what it cost: all further arguments are
those of `python -m conduix_agent.loadtest`, whose --help lists them."""
EXAMPLES = examples("conduix loadtest agents --count 1000", "conduix loadtest agents --help")


def add_arguments(parser: Parser) -> None:
    """What is simulated, and everything after it."""
    parser.add_argument("kind", metavar="KIND", choices=("agents",), help="what is simulated: agents")
    parser.add_argument("rest", metavar="...", nargs=argparse.REMAINDER, help="arguments of that program")


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Become that program: its output, its signals and its exit status are the command's own."""
    terminal.out.flush()
    os.execv(sys.executable, [sys.executable, "-m", "conduix_agent.loadtest", args.kind, *args.rest])  # noqa: S606 - our own program
