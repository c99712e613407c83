"""A disk that loses power: the log of every durable operation, and what may be left of it after each prefix.

What is on such a disk is what was fsynced; of the rest any part may be there too, in any order. Two models: `worst`
drops all that was not fsynced, `some` keeps a part of it drawn by seed, cuts writes in two, and keeps names without
their data. The directories' own inode numbers do not matter; those of files do (a handle names them), so every file
is kept by a hard link in `pool` and gets its content back instead of being made anew.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from conduix.engine.files import Op

Names = dict[str, int]
"""Path → inode; 0: a directory."""


class Recorder:
    """Observes the file operations below `root` and keeps their log."""

    def __init__(self, root: Path, pool: Path) -> None:
        self.root = root
        self.pool = pool
        self.log: list[Op] = []
        self.saved: list[tuple[int, int]] = []
        """(length of the log, n) when checkpoint n was told to be durable."""
        self.before = _scan(root)
        pool.mkdir()
        for path, inode in self.before.names.items():
            if inode:
                os.link(path, pool / str(inode))

    def __call__(self, op: Op) -> None:
        """See `conduix.engine.files.Observer`."""
        if op.kind == "open" and not (self.pool / str(op.inode)).exists():
            os.link(op.path, self.pool / str(op.inode))
        self.log.append(op)

    def durable_n(self, prefix: int) -> int:
        """The highest n that was told to be durable within the first `prefix` operations; -1: none."""
        return max((n for length, n in self.saved if length <= prefix), default=-1)


@dataclass(slots=True)
class Image:
    """What is on a disk: names, and the content of every inode."""

    names: Names = field(default_factory=dict)
    contents: dict[int, bytes] = field(default_factory=dict)


def _scan(root: Path) -> Image:
    image = Image()
    for path in sorted(root.rglob("*")):
        image.names[str(path)] = path.stat().st_ino if path.is_file() else 0
        if path.is_file():
            image.contents[path.stat().st_ino] = path.read_bytes()
    return image


@dataclass(slots=True)
class _Change:
    """What one operation does to the names: all of it or nothing."""

    directory: str
    names: dict[str, int | None]
    moved: tuple[str, str] | None = None
    """A directory that was renamed, with whatever of its content is there: from and to."""


class Disk:
    """Plays a log; `crash` says what is left."""

    def __init__(self, root: Path, before: Image) -> None:
        self._root = str(root)
        self._names: Names = dict(before.names)
        self._contents = dict(before.contents)
        self._seen: Names = dict(before.names)
        self._changes: list[_Change] = []
        self._writes: dict[int, list[Op]] = {}

    def play(self, op: Op) -> None:
        """Take in the next operation."""
        parent = os.path.dirname(op.path)
        if op.kind == "open" and op.path not in self._seen:
            self._change(parent, {op.path: op.inode})
        elif op.kind == "mkdir":
            self._change(parent, {op.path: 0})
        elif op.kind == "unlink":
            self._change(parent, {op.path: None})
        elif op.kind == "rename" and self._seen[op.path] == 0:
            self._take(_Change(parent, {}, (op.path, op.target)))
        elif op.kind == "rename":
            self._change(parent, {op.path: None, op.target: self._seen[op.path]})
        elif op.kind in {"write", "truncate"}:
            self._writes.setdefault(op.inode, []).append(op)
        elif op.kind == "fsync":
            self._contents[op.inode] = _written(self._contents.get(op.inode, b""), self._writes.pop(op.inode, ()))
        elif op.kind == "fsync_dir":
            _apply(self._names, [c for c in self._changes if c.directory == op.path])
            self._changes = [c for c in self._changes if c.directory != op.path]

    def _change(self, directory: str, names: dict[str, int | None]) -> None:
        self._take(_Change(directory, names))

    def _take(self, change: _Change) -> None:
        self._changes.append(change)
        _apply(self._seen, [change])

    def worst(self) -> Image:
        """Only what was fsynced."""
        return self._reachable(self._names, self._contents)

    def some(self, random: Random) -> Image:
        """What was fsynced and a part of the rest."""
        names, contents = dict(self._names), dict(self._contents)
        _apply(names, [c for c in self._changes if random.random() < 0.5])
        for inode, ops in self._writes.items():
            kept = [_torn(op, random) for op in ops if random.random() < 0.7]
            contents[inode] = _written(contents.get(inode, b""), kept)
        return self._reachable(names, contents)

    def _reachable(self, names: Names, contents: dict[int, bytes]) -> Image:
        """Names whose directories are there, and the files that have a name."""
        image = Image()
        for path in sorted(names):  # a directory sorts before what is in it
            parent = os.path.dirname(path)
            if parent != self._root and image.names.get(parent) != 0:
                continue
            image.names[path] = names[path]
            if names[path]:
                image.contents[names[path]] = contents.get(names[path], b"")
        return image


def _apply(names: Names, changes: Iterable[_Change]) -> None:
    for change in changes:
        if change.moved is not None:
            old, new = change.moved
            for path in [path for path in names if path == old or path.startswith(f"{old}/")]:
                names[new + path[len(old) :]] = names.pop(path)
        for path, inode in change.names.items():
            if inode is None:
                names.pop(path, None)
            else:
                names[path] = inode


def _written(content: bytes, ops: Iterable[Op]) -> bytes:
    """Content after writes and truncates; what no write filled is zeros."""
    file = bytearray(content)
    for op in ops:
        if op.kind == "truncate":
            del file[op.offset :]
        file.extend(bytes(max(0, op.offset - len(file))))
        file[op.offset : op.offset + len(op.data)] = op.data
    return bytes(file)


def _torn(op: Op, random: Random) -> Op:
    """The operation, or a part of a write."""
    if op.kind != "write" or random.random() < 0.7:
        return op
    return replace(op, data=op.data[: random.randrange(len(op.data) + 1)])


def materialise(image: Image, root: Path, pool: Path) -> None:
    """Make `root` hold what the image holds, with the inodes that its files had."""
    for path in root.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    for name in sorted(image.names):
        inode = image.names[name]
        if inode == 0:
            os.mkdir(name)
        else:
            os.link(pool / str(inode), name)
            Path(name).write_bytes(image.contents[inode])
