"""Which files there are, how they are cut into shards, and whether they are still those that were cut."""

from __future__ import annotations

import errno
import glob
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from conduix.engine.api import Shard
from conduix.engine.connectors.file.options import FileSourceOptions, format_of, packing_of
from conduix.errors import SourceChanged, SystemicError, from_os_error


@dataclass(frozen=True, slots=True)
class Found:
    """A file as it was when the work was cut."""

    path: str
    """As the user wrote it, patterns filled in."""
    size: int
    mtime_ns: int
    inode: int


def find_files(patterns: Sequence[str]) -> list[Found]:
    """The files that paths and patterns name, in that order, each pattern's sorted; no file twice.

    Raises:
        SystemicError: nothing matches, a directory, no regular file, no right to read it.
    """
    found: dict[str, Found] = {}
    for pattern in patterns:
        for path in _matches(pattern):
            found.setdefault(os.path.abspath(path), _inspect(path))
    return list(found.values())


def _matches(pattern: str) -> list[str]:
    if not glob.has_magic(pattern) or os.path.lexists(pattern):
        return [pattern]
    paths = sorted(glob.glob(pattern, recursive=True))
    paths = [path for path in paths if not os.path.isdir(path)]
    if not paths:
        raise SystemicError(
            f"no file matches {pattern} (looked from {os.getcwd()})",
            system=pattern,
            remedy="check the pattern; `**` goes through directories, `*` does not",
        )
    return paths


def open_regular(path: str) -> tuple[int, os.stat_result]:
    """Open a file for reading; the descriptor is the caller's.

    Raises:
        SystemicError: it is missing, a directory, a device or pipe, or may not be read.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe without writer must not block
    except OSError as error:
        raise from_os_error(error, "read", path) from error
    try:
        status = os.fstat(fd)
        if stat.S_ISDIR(status.st_mode):
            raise from_os_error(OSError(errno.EISDIR, os.strerror(errno.EISDIR)), "read", path)
        if not stat.S_ISREG(status.st_mode):
            raise SystemicError(
                f"cannot read {path}: it is a pipe or device, which cannot be read twice",
                system=path,
                remedy="read it with type: stdin",
            )
    except SystemicError:
        os.close(fd)
        raise
    return fd, status


def _inspect(path: str) -> Found:
    fd, status = open_regular(path)
    os.close(fd)
    return Found(path, status.st_size, status.st_mtime_ns, status.st_ino)


def cut_files(options: FileSourceOptions) -> list[Shard]:
    """One shard for each file, or for each range of a large uncompressed jsonl or lines file.

    Raises:
        SystemicError: see `find_files`; or a name does not tell the format.
    """
    return [shard for found in find_files(options.patterns) for shard in _cut(found, options)]


def _cut(found: Found, options: FileSourceOptions) -> Iterator[Shard]:
    try:
        format_name = format_of(found.path, options.format)
    except ValueError as error:
        raise SystemicError(str(error), system=found.path, remedy="see above") from error
    packing = packing_of(found.path, options.compression)
    spec = {
        "path": os.path.abspath(found.path),
        "format": format_name,
        "packing": packing,
        "size": found.size,
        "mtime_ns": found.mtime_ns,
        "inode": found.inode,
    }
    ranges = packing == "none" and format_name in {"jsonl", "lines"} and found.size > max(options.split.above, 1)
    if not ranges or found.size <= options.split.size:
        yield Shard(found.path, {**spec, "start": 0, "end": found.size})
        return
    for start in range(0, found.size, options.split.size):
        end = min(start + options.split.size, found.size)
        yield Shard(f"{found.path}@{start}", {**spec, "start": start, "end": end})


def open_unchanged(shard: Shard) -> int:
    """Open a shard's file if it is still the one that was cut.

    Growing is no change, because a shard ends where the file ended when it was cut; a packed file must not grow.

    Raises:
        SourceChanged: gone, shorter, another file; says both values.
        SystemicError: it may not be read.
    """
    spec = shard.spec
    path = str(spec["path"])
    if not os.path.lexists(path):
        raise _changed(path, f"is gone; it had {spec['size']} bytes and inode {spec['inode']} when this run began")
    fd, status = open_regular(path)
    size, inode = int(spec["size"]), int(spec["inode"])
    if status.st_ino == inode and (status.st_size == size or (status.st_size > size and spec["packing"] == "none")):
        return fd
    os.close(fd)
    if status.st_ino != inode:
        raise _changed(path, f"is another file: inode {status.st_ino}, it was {inode} when this run began")
    how = "shorter" if status.st_size < size else "longer"
    raise _changed(path, f"became {how}: {status.st_size} bytes, it had {size} when this run began")


def _changed(path: str, what: str) -> SourceChanged:
    return SourceChanged(f"{path} {what}", remedy="put the file back, or start again with --fresh")
