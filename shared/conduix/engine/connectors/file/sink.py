"""The file sink: exactly once, by a committed length in the checkpoint and one rename at the end.

Overwriting with `visibility: committed` writes PATH.part; what stood at PATH stands there until the commit of the
last barrier renames the part. Going back to a handle truncates to the length that it names, so whatever was written
after that barrier is written again, once.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from conduix.engine.api import MAX_BATCH_BYTES, Batch, Handle, Json, Letter, NodeContext, Prepared, Shard
from conduix.engine.connectors.file.layout import ArrayLayout, Layout, LineLayout
from conduix.engine.connectors.file.options import SHARD, FileSinkOptions, delimiter_of, format_of, packing_of
from conduix.engine.connectors.file.table import TableLayout
from conduix.engine.connectors.file.target import (
    Target,
    classed,
    file_name_of,
    inode_of,
    length_of,
    part_of,
    publish,
)
from conduix.engine.failpoints import failpoint
from conduix.errors import ScaleRefused, StateError, SystemicError, UsageError

_OPEN_FILES = 64
"""So many files of a `{shard}` path are held open at once."""


class FileSink:
    """Writes files. The handle names the length of each: `{"lengths": {path: bytes}}`."""

    truth: Literal["sink", "handle"] = "handle"
    min_flush = 0.02

    def __init__(self, options: FileSinkOptions, context: NodeContext) -> None:
        overwrite = (options.mode or ("overwrite" if context.mode == "batch" else "append")) == "overwrite"
        ending = "committed" if overwrite and context.mode == "batch" else "immediate"
        self._options = options
        self._files = context.files
        self._overwrite = overwrite
        self._committed = (options.visibility or ending) == "committed"
        self._packed = packing_of(options.path, options.compression) == "gzip"
        self._layout = _layout_for(options, context.node)
        self.accepts = self._layout.accepts
        self._targets: dict[str, Target] = {}
        self._open: dict[str, Target] = {}
        """Those that hold a file open, the one used last at the end."""
        self._check(context.mode)

    def _check(self, mode: str) -> None:
        if self._committed and mode == "realtime":
            raise UsageError(
                f"{self._options.path}: a realtime pipeline has no end at which its output could be committed",
                remedy="write visibility: immediate, or leave it out",
            )
        if not self._overwrite and format_of(self._options.path, self._options.format) == "json":
            raise UsageError(
                f"{self._options.path}: a json file is one array and cannot be appended to",
                remedy="write format: jsonl, or mode: overwrite",
            )

    def _path(self, shard: str) -> Path:
        """Where a shard's records end up; a symbolic link is followed, so that its target is what is replaced."""
        return Path(os.path.realpath(self._options.path.replace(SHARD, file_name_of(shard))))

    async def start(self, shards: Sequence[Shard]) -> Handle:
        """What is there: the lengths to append at, or nothing where files are overwritten.

        Raises:
            ConnectorError: the directory is missing or not writable, or a path names no file.
        """
        names = [shard.id for shard in shards] if SHARD in self._options.path else [""]
        paths = dict.fromkeys(self._path(name) for name in names)
        for parent in dict.fromkeys(path.parent for path in paths):
            self._check_directory(parent)
        found = {str(path): length_of(path) or 0 for path in paths}
        return self._handle(dict.fromkeys(found, 0) if self._overwrite else found)

    def _check_directory(self, directory: Path) -> None:
        with classed("write into", directory):
            if self._options.mkdir or SHARD in os.path.dirname(self._options.path):
                self._files.mkdir(directory)
        if not directory.is_dir():
            raise SystemicError(
                f"cannot write {self._options.path}: the directory {directory} is missing",
                system=str(directory),
                remedy=f"mkdir -p {directory}    (or write mkdir: true)",
            )
        if not os.access(directory, os.W_OK | os.X_OK):
            raise SystemicError(
                f"cannot write {self._options.path}: no right to write into {directory}",
                system=str(directory),
                remedy="give the user that runs Conduix the right to it",
            )

    def _handle(self, lengths: dict[str, int]) -> dict[str, Json]:
        state = self._layout.state()
        return {"lengths": lengths} if state is None else {"lengths": lengths, "layout": state}

    def deal(self, handles: Sequence[Handle], groups: Sequence[Sequence[str]]) -> list[Handle]:
        """Give each file's length to the handle of the group that its shard is in.

        Raises:
            ScaleRefused: all shards share one file, or the files have other columns.
        """
        if SHARD not in self._options.path:
            raise ScaleRefused(
                f"{self._options.path} is one file, which {len(groups)} replicas cannot write",
                remedy=f"put {SHARD} into its path: one file for each shard",
            )
        lengths = {path: length for handle in handles for path, length in handle["lengths"].items()}
        layout = self._layout_of(handles)
        dealt: list[Handle] = []
        for group in groups:
            paths = [str(self._path(shard)) for shard in group]
            mine: dict[str, Json] = {"lengths": {path: lengths[path] for path in paths if path in lengths}}
            dealt.append(mine if layout is None else {**mine, "layout": layout})
        return dealt

    def _layout_of(self, handles: Sequence[Handle]) -> Json:
        known = [handle["layout"] for handle in handles if handle.get("layout") is not None]
        if any(layout != known[0] for layout in known):
            raise ScaleRefused(
                f"the replicas have begun to write {self._options.path} with different columns",
                remedy="name the columns: csv_columns; then start afresh",
            )
        return known[0] if known else None

    async def open(self, handle: Handle | None) -> None:
        """Truncate every file to the length that the handle names; a complete run is left alone.

        Raises:
            WrittenDataGone: a file is shorter than that.
            ConnectorError: it cannot be written.
        """
        await self.close()
        self._targets = {}
        if handle is None:
            handle = await self.start(())
        self._layout.restore(handle.get("layout"))
        if handle.get("inodes") is not None:
            return
        lengths: Mapping[str, int] = handle["lengths"]
        # all of them before the first is touched: if one fails, `probe` knows where
        self._targets = {path: self._target_at(Path(path)) for path in lengths}
        for path, target in self._targets.items():
            target.resume(lengths[path])
            if target.begun and not self._overwrite:
                with classed("read", target.place):
                    target.before = self._layout.follow(target.place, "gzip" if self._packed else "none")

    def _target_at(self, path: Path) -> Target:
        return Target(part_of(path) if self._committed else path, self._files, packed=self._packed)

    async def write(self, batch: Batch) -> Sequence[Letter]:
        """Append the batch to its file.

        Raises:
            ConnectorError: the disk refuses; the sink goes on after `open`.
        """
        failpoint("sink.write")
        target = await self._target(batch.shard)
        data, letters = self._layout.encode(batch, begun=target.begun)
        if data:
            target.append(data)
        return letters

    async def _target(self, shard: str) -> Target:
        path = str(self._path(shard)) if SHARD in self._options.path else next(iter(self._targets), "")
        target = self._targets.get(path)
        if target is None:
            raise StateError(
                f"shard {shard} has no file: it was not there when the run began, or the run is complete",
                remedy="start again with --fresh",
            )
        self._open.pop(path, None)
        self._open[path] = target
        if len(self._open) > _OPEN_FILES:
            oldest = self._open.pop(next(iter(self._open)))
            oldest.end_member()
            oldest.close()  # it is not durable yet: the next flush opens it once more
        return target

    async def flush(self) -> None:
        """Everything accepted is on the disk when this returns."""
        failpoint("sink.before_fsync")
        await self._make_durable([target for target in self._targets.values() if not target.durable])
        failpoint("sink.after_fsync")

    async def _make_durable(self, targets: Sequence[Target]) -> None:
        for target in targets:
            target.end_member()
        if targets:
            await asyncio.to_thread(_fsync_all, targets)

    async def prepare(self, n: int, *, final: bool) -> Prepared:
        """Make it durable and tell the lengths; at the end of the run complete each file, so that it can be renamed.

        Raises:
            ConnectorError: the disk refuses.
        """
        if final:
            for target in self._targets.values():
                if ending := self._layout.ending(begun=target.begun):
                    target.append(ending)
                target.durable = False  # a file without records must be there too
        await self.flush()
        handle = self._handle({path: target.length for path, target in self._targets.items()})
        if not (final and self._committed):
            return Prepared(handle, pending=False)
        handle["inodes"] = {path: inode_of(target.place) for path, target in self._targets.items()}
        return Prepared(handle, pending=True)

    async def commit(self, n: int, handle: Handle) -> None:
        """Give complete files their names. Does nothing where that is done, or where nothing is complete.

        Raises:
            WrittenDataGone: neither the part nor the file is what was prepared.
            ConnectorError: the directory refuses.
        """
        if handle.get("inodes") is not None:
            await self.close()
            await asyncio.to_thread(self._publish_all, handle)

    def _publish_all(self, handle: Handle) -> None:
        paths = {Path(path): int(length) for path, length in handle["lengths"].items()}
        for path, length in paths.items():
            publish(path, length, handle["inodes"][str(path)], self._files)
        for directory in dict.fromkeys(path.parent for path in paths):
            with classed("write into", directory):
                self._files.fsync_dir(directory)

    async def recover(self, shards: Sequence[str]) -> int | None:
        """The handle is the truth, so nobody asks."""
        return None

    async def discard_after(self, handle: Handle) -> None:
        """Truncate to the handle's lengths; see `open`."""
        await self.open(handle)

    async def probe(self) -> None:
        """Write a batch's worth of bytes beside the output, and take them away again.

        Raises:
            DiskError: the disk is still full or failing.
            ConnectorError: the directory is missing or not writable.
        """
        for parent in dict.fromkeys(Path(path).parent for path in self._targets):
            self._check_directory(parent)
            await asyncio.to_thread(self._try_to_write, parent / f".conduix-probe-{os.getpid()}")

    def _try_to_write(self, path: Path) -> None:
        with classed("write", path):
            file = self._files.open(path)
            try:
                file.write(bytes(MAX_BATCH_BYTES))
                file.fsync()
            finally:
                file.close()
                self._files.unlink(path)

    async def close(self) -> None:
        """Release the files; what was not made durable is forgotten by the next `open`."""
        for target in self._open.values():
            target.close()
        self._open = {}


def _layout_for(options: FileSinkOptions, node: str) -> Layout:
    name = format_of(options.path, options.format)
    if name == "json":
        return ArrayLayout()
    if name == "csv":
        delimiter = delimiter_of(options.path, options.csv_delimiter)
        return TableLayout(node, options.csv_columns, delimiter, header=options.csv_header)
    return LineLayout(name)


def _fsync_all(targets: Sequence[Target]) -> None:
    for target in targets:
        target.fsync()
