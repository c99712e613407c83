"""Runs a program that ends when its parent does, however that comes: `python -m conduix_tui.cli.up.leash PID ARGV...`.

The kernel sends SIGTERM to it when its parent dies. That is asked for in a process of its own, before the program takes
its place: code between fork and exec is not safe beside gRPC's threads.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def leashed(*argv: str) -> list[str]:
    """The command that runs `argv` until it ends, or we do."""
    return [sys.executable, "-m", "conduix_tui.cli.up.leash", str(os.getpid()), *argv]


def main() -> None:
    """Become the program; end at once if the parent is gone already."""
    parent, *argv = sys.argv[1:]
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):
        sys.exit("whoever started this is gone")
    os.execv(argv[0], argv)  # noqa: S606 - what `conduix up` asks for


if __name__ == "__main__":
    main()
