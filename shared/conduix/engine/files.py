"""The one module that makes bytes durable: every write, fsync, truncate and rename of the engine goes through here.

A test passes a `Files` with an observer and replays its log cut at every operation, with what was not fsynced
dropped: that finds a missing fsync, which kill -9 alone never does (the page cache survives the process).
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["open", "write", "truncate", "fsync", "rename", "unlink", "mkdir", "fsync_dir"]


@dataclass(frozen=True, slots=True)
class Op:
    """One durable operation, in the order in which it was done."""

    kind: Kind
    path: str
    inode: int = 0
    offset: int = 0
    """write: where; truncate: the new length."""
    data: bytes = b""
    target: str = ""
    """rename: the new name."""


Observer = Callable[[Op], None]
Step = Literal["written", "fsynced", "renamed"]
"""How far a file is that takes the place of another."""


class OpenFile:
    """A file that is written at its end."""

    def __init__(self, path: Path, fd: int, observer: Observer | None) -> None:
        self.path = path
        self._fd = fd
        self._observer = observer
        stat = os.fstat(fd)
        self.inode = stat.st_ino
        self.length = stat.st_size

    def write(self, data: bytes) -> None:
        """Append; a failing disk leaves a shorter tail, never a hole. Raises OSError."""
        view = memoryview(data)
        while view:
            done = os.pwrite(self._fd, view, self.length)
            if self._observer is not None:
                self._observer(Op("write", str(self.path), self.inode, self.length, bytes(view[:done])))
            self.length += done
            view = view[done:]

    def truncate(self, length: int) -> None:
        """Forget everything from `length` on."""
        os.ftruncate(self._fd, length)
        if self._observer is not None:
            self._observer(Op("truncate", str(self.path), self.inode, length))
        self.length = length

    def fsync(self) -> None:
        """What was written is durable when this returns."""
        os.fsync(self._fd)
        if self._observer is not None:
            self._observer(Op("fsync", str(self.path), self.inode))

    def close(self) -> None:
        """Release the descriptor; makes nothing durable."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class Files:
    """Durable file operations. `observer` sees each one (tests)."""

    def __init__(self, observer: Observer | None = None) -> None:
        self._observer = observer

    def _saw(self, op: Op) -> None:
        if self._observer is not None:
            self._observer(op)

    def open(self, path: Path) -> OpenFile:
        """Open for writing at the end; created if missing (its directory entry is not durable yet: `fsync_dir`)."""
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        file = OpenFile(path, fd, self._observer)
        self._saw(Op("open", str(path), file.inode))
        return file

    def mkdir(self, path: Path) -> None:
        """Make a directory and its parents durably."""
        missing = [p for p in (path, *path.parents) if not p.exists()]
        for directory in reversed(missing):
            directory.mkdir(exist_ok=True)
            self._saw(Op("mkdir", str(directory)))
            self.fsync_dir(directory.parent)

    def rename(self, source: Path, target: Path) -> None:
        """Replace `target` by `source` in one step; durable only after `fsync_dir`."""
        os.replace(source, target)
        self._saw(Op("rename", str(source), target=str(target)))

    def replace(
        self, path: Path, data: bytes, *, mode: int | None = None, at: Callable[[Step], None] = lambda _step: None
    ) -> None:
        """Put `data` in the place of what `path` holds, whole or not at all; durable on return.

        `mode`: the file's rights, before anything is in it. `at` is told of every step. Raises OSError.
        """
        temporary = path.with_name(f"{path.name}.tmp")
        file = self.open(temporary)
        try:
            if mode is not None:
                os.chmod(temporary, mode)
            file.truncate(0)
            file.write(data)
            at("written")
            file.fsync()
        finally:
            file.close()
        at("fsynced")
        self.rename(temporary, path)
        at("renamed")
        self.fsync_dir(path.parent)

    def unlink(self, path: Path) -> None:
        """Remove a file that may be gone already."""
        try:
            os.unlink(path)
        except FileNotFoundError:
            return
        self._saw(Op("unlink", str(path)))

    def fsync_dir(self, path: Path) -> None:
        """Make the names in a directory durable."""
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        except OSError as error:
            if error.errno != errno.EINVAL:  # some file systems cannot, and need not
                raise
        finally:
            os.close(fd)
        self._saw(Op("fsync_dir", str(path)))
