"""One output file: its length, the part that is written, the gzip member that is open, and the rename at the end."""

from __future__ import annotations

import hashlib
import re
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conduix.engine.failpoints import armed, failpoint
from conduix.engine.files import Files, OpenFile
from conduix.errors import SystemicError, WrittenDataGone, from_os_error

_UNSAFE = re.compile(r"[^A-Za-z0-9._@=+-]+|^\.+")
_LONGEST_NAME = 150
_GZIP = 31
"""zlib's window bits for a gzip member; it writes no time, so that equal records make equal bytes."""


@contextmanager
def classed(doing: str, path: Path) -> Iterator[None]:
    """Turn an OSError into the classed error of `doing` something to `path`."""
    try:
        yield
    except OSError as error:
        raise from_os_error(error, doing, str(path)) from error


def file_name_of(shard: str) -> str:
    """A shard's id as a part of a file name: the same for the same id, another one for another."""
    name = _UNSAFE.sub("_", shard)[:_LONGEST_NAME]
    return name if name == shard else f"{name}-{hashlib.sha256(shard.encode()).hexdigest()[:8]}"


def part_of(path: Path) -> Path:
    """What is written until the run is complete."""
    return path.with_name(path.name + ".part")


def length_of(path: Path) -> int | None:
    """The length of a regular file in bytes; None if there is none.

    Raises:
        SystemicError: it is a directory or a device.
    """
    with classed("look at", path):
        try:
            status = path.stat()
        except FileNotFoundError:
            return None
    if not stat.S_ISREG(status.st_mode):
        what = "a directory" if stat.S_ISDIR(status.st_mode) else "no ordinary file"
        raise SystemicError(
            f"cannot write {path}: it is {what}",
            system=str(path),
            remedy="name a file; for standard output write type: stdout, for nothing type: drop",
        )
    return status.st_size


class Target:
    """A file that grows. `place` is where it is written: the path itself, or its part."""

    def __init__(self, place: Path, files: Files, *, packed: bool) -> None:
        self.place = place
        self.length = 0
        self.begun = False
        """Does it hold a record, or is one on its way into it?"""
        self.durable = True
        """Is all that was written on the disk?"""
        self.before = b""
        """Stands before the next record: ends a line that somebody else left open."""
        self._named = False
        """Is the file's name on the disk?"""
        self._files = files
        self._file: OpenFile | None = None
        self._packed = packed
        self._member: zlib._Compress | None = None

    def resume(self, length: int) -> None:
        """Forget everything from `length` on.

        Raises:
            WrittenDataGone: it is shorter than that.
            ConnectorError: it cannot be written.
        """
        self.close()
        found = length_of(self.place)
        if (found or 0) < length:
            there = "is gone" if found is None else f"has {found} bytes"
            raise WrittenDataGone(
                f"{self.place} {there}, but {length} bytes were written there and counted in the checkpoint",
                remedy="put the file back as it was, or start again with --fresh",
            )
        with classed("write", self.place):
            file = self._files.open(self.place)
            try:
                if file.length > length:
                    file.truncate(length)
            finally:
                file.close()
        self.length = length
        self.begun = self._named = length > 0
        self.durable = True

    def append(self, data: bytes) -> None:
        """Write at the end.

        Raises:
            ConnectorError: the disk or file refuses; the file is then to be resumed at a known length.
        """
        self.begun = True
        self.durable = False
        data, self.before = self.before + data, b""
        self._write(self._compressed(data) if self._packed else data)

    def _write(self, data: bytes) -> None:
        with classed("write", self.place):
            if self._file is None:
                self._file = self._files.open(self.place)
                if self._file.length != self.length:
                    raise WrittenDataGone(
                        f"{self.place} has {self._file.length} bytes, but {self.length} were written: "
                        "something else writes to it",
                        remedy="let one pipeline write one file",
                    )
            half = len(data) // 2 if armed("sink.half_written") else 0
            self._file.write(data[:half])
            failpoint("sink.half_written")
            self._file.write(data[half:])
            self.length = self._file.length

    def _compressed(self, data: bytes) -> bytes:
        if self._member is None:
            self._member = zlib.compressobj(6, zlib.DEFLATED, _GZIP)
        return self._member.compress(data)

    def end_member(self) -> None:
        """End the open gzip member, so that what was written so far is a complete file."""
        if self._member is not None:
            member, self._member = self._member, None
            self._write(member.flush())

    def fsync(self) -> None:
        """Make it durable. Blocks."""
        with classed("write", self.place):
            file = self._file or self._files.open(self.place)
            try:
                file.fsync()
            finally:
                if self._file is None:
                    file.close()
            if not self._named:
                self._files.fsync_dir(self.place.parent)
        self.durable = self._named = True

    def close(self) -> None:
        """Release the file; an open gzip member is given up."""
        self._member = None
        if self._file is not None:
            self._file.close()
            self._file = None


def inode_of(path: Path) -> int | None:
    """The inode of a file; None if there is none."""
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def publish(path: Path, length: int, inode: int, files: Files) -> None:
    """Give the complete part its name, unless that is done already. Blocks; durable only after fsync of the directory.

    A part of another length is not ours: a later run has begun it.

    Raises:
        WrittenDataGone: neither the part nor the file is what was prepared.
    """
    part = part_of(path)
    with classed("rename", part):
        if inode_of(path) == inode:
            return
        if length_of(part) == length:
            files.rename(part, path)
            failpoint("commit.renamed")
            return
        if length_of(path) == length:
            return
    raise WrittenDataGone(
        f"the output prepared for {path} is gone: {length} bytes were written, {part.name} has "
        f"{_told(length_of(part))}, {path.name} has {_told(length_of(path))}",
        remedy="put the file back, or start again with --fresh",
    )


def _told(length: int | None) -> str:
    return "no bytes, it is not there" if length is None else f"{length}"
