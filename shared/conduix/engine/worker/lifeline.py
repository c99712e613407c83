"""What ties a worker process to its agent: it ends with it, and leaves every signal to it."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import struct
import sys
from typing import NoReturn

FD = 3
"""The worker's end of the socket pair."""
ORPHANED = 3
"""Exit status of a worker whose agent is gone."""

_PR_SET_PDEATHSIG = 1
_LEFT_TO_THE_AGENT = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""A terminal sends them to the whole group; the agent decides what becomes of its workers."""


def tie() -> socket.socket:
    """Tie this process to the one that made its socket pair; returns the worker's end of it.

    Ends the process where nothing stands on descriptor 3, or whoever made the pair is not its parent any more.
    """
    for number in _LEFT_TO_THE_AGENT:
        signal.signal(number, signal.SIG_IGN)
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    try:
        line = socket.socket(fileno=FD)
        maker = _maker_of(line)
    except OSError as error:
        sys.exit(f"conduix.engine.worker is started by an agent, with a socket pair on descriptor {FD}: {error}")
    if os.getppid() != maker:  # it died before the line above, which then has no effect
        end_at_once(ORPHANED)
    os.set_inheritable(FD, False)
    return line


def _maker_of(line: socket.socket) -> int:
    """The process that made the socket pair."""
    pid, _uid, _gid = struct.unpack("3i", line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return int(pid)


def end_at_once(status: int) -> NoReturn:
    """End the process whatever its threads do: one that is stuck in an fsync would keep it for ever."""
    os._exit(status)
