"""Files that one process holds as long as it lives, and that tell the others who it is."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class Held(Exception):
    """Another process holds the file; `pid` is its number, as far as it is known."""

    def __init__(self, pid: str) -> None:
        super().__init__(f"held by process {pid}")
        self.pid = pid


def hold(path: Path, mode: int) -> int:
    """The descriptor that holds `path`, made with these rights where it is missing; closing it lets the next one in.

    Raises:
        Held: another process holds it.
        OSError: it cannot be opened or written.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, mode)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(fd, 0)
        os.pwrite(fd, str(os.getpid()).encode(), 0)
    except BlockingIOError:
        pid = os.read(fd, 32).decode() or "unknown"
        os.close(fd)
        raise Held(pid) from None
    except BaseException:
        os.close(fd)
        raise
    return fd
