"""The spool's file: frames behind one another, each with its length and a checksum.

What is durable when: `append` writes and survives the process; `sync` makes all of it survive a power cut; `replace`
writes a new file, syncs it and renames it over the old one, so that one of the two is there whole: the new one for
certain after the next `sync`, which syncs the directory too. Nothing is sent before a `sync`.
A tail that is torn, by a crash within `append`, is cut off at the next start: it was never synced, so nothing of it was
ever sent.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from conduix.engine.files import Files, OpenFile

_HEAD = struct.Struct(">II")
"""Length and CRC-32 of the frame that follows."""


class SpoolFile:
    """A `conduix.mesh.spool.Storage`. One process has it open at a time: the state directory's lock sees to that."""

    def __init__(self, path: Path, files: Files | None = None) -> None:
        """Open `path`, made if missing. Raises OSError."""
        self._path = path
        self._files = files or Files()
        missing = not path.exists()
        self._file = self._files.open(path)
        self._dirty, self._renamed = False, missing
        self._read = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return self._file.length

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """Every whole frame; what follows the last one is cut off."""
        at = 0
        while (frame := self._frame(at)) is not None:
            yield at, frame
            at += _HEAD.size + len(frame)
        if at < self._file.length:
            self._file.truncate(at)
            self._file.fsync()

    def append(self, frame: bytes) -> int:
        """Write a frame behind the last one. Raises OSError, the file then ends where it ended."""
        at = self._file.length
        try:
            self._file.write(_framed(frame))
        except OSError:
            self._file.truncate(at)
            raise
        self._dirty = True
        return at

    def read(self, ref: int) -> bytes:
        """A frame. Raises OSError where the disk no longer gives it back as it was."""
        frame = self._frame(ref)
        if frame is None:
            raise OSError(f"{self._path}: the frame at byte {ref} is damaged")
        return frame

    def sync(self) -> None:
        """Make durable whatever was appended. Raises OSError."""
        if self._dirty:
            self._file.fsync()
            self._dirty = False
        if self._renamed:
            self._files.fsync_dir(self._path.parent)
            self._renamed = False

    def replace(self, frames: Iterable[bytes]) -> list[int]:
        """Write a new file with these frames in the place of this one. Raises OSError, the old one is then in use."""
        new_path = self._path.with_suffix(".new")
        self._files.unlink(new_path)
        new = self._files.open(new_path)
        try:
            refs = _write_all(new, frames)
            new.fsync()
            self._files.rename(new_path, self._path)
        except OSError:
            new.close()
            self._files.unlink(new_path)
            raise
        self.close()
        self._file, self._dirty, self._renamed = new, False, True
        self._read = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        return refs

    def close(self) -> None:
        """Release the descriptors; makes nothing durable."""
        self._file.close()
        os.close(self._read)

    def _frame(self, at: int) -> bytes | None:
        head = os.pread(self._read, _HEAD.size, at)
        if len(head) < _HEAD.size:
            return None
        length, checksum = _HEAD.unpack(head)
        if length > self._file.length:
            return None
        frame = os.pread(self._read, length, at + _HEAD.size)
        return frame if length and len(frame) == length and zlib.crc32(frame) == checksum else None


def _framed(frame: bytes) -> bytes:
    return _HEAD.pack(len(frame), zlib.crc32(frame)) + frame


def _write_all(file: OpenFile, frames: Iterable[bytes]) -> list[int]:
    refs = []
    for frame in frames:
        refs.append(file.length)
        file.write(_framed(frame))
    return refs
