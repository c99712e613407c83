"""Checkpoint records and the local store: write, fsync, rename, fsync the directory; the last three are kept."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec

from conduix.engine.api import Fence, Shard
from conduix.engine.failpoints import failpoint
from conduix.engine.files import Files, Step
from conduix.engine.runtime.ledger import Line
from conduix.engine.runtime.sealed import classed, read, seal, unseal
from conduix.errors import CheckpointDamaged, FenceLost

KEPT = 3
BlobKey = str
"""`{node}-{shard}-{n}-{sha256}`: names the blob and verifies it."""


class ShardRecord(msgspec.Struct, frozen=True):
    """One unfinished shard at a barrier."""

    position: dict[str, Any] | None
    """None: nothing of it was read yet."""
    ledger: dict[str, Line] = {}
    state: dict[str, list[BlobKey]] = {}
    """stateful node → a base and the deltas after it."""


class Checkpoint(msgspec.Struct, frozen=True):
    """What one replica knows at barrier n."""

    n: int
    fence: Fence
    revision: str
    phase: Literal["prepared", "complete"]
    shards: dict[str, ShardRecord]
    """Unfinished shards that were touched; an untouched one starts at its beginning."""
    finished: list[tuple[int, int]]
    """Ranges (first, last) of shards in the order of the cut, of which everything was read before this barrier."""
    totals: dict[str, Line]
    """node → ledger of the finished shards."""
    nodes: dict[str, dict[str, Any]]
    """committing sink → handle."""
    final: bool = False
    at: float = 0.0
    """Unix time, seconds."""


class Cut(msgspec.Struct, frozen=True):
    """What a run is about: cut once, before anything is read."""

    revision: str
    sources: dict[str, list[tuple[str, dict[str, Any]]]]
    """source node → shards (id, spec) in reading order."""

    def shards(self, node: str) -> list[Shard]:
        """The shards of one source."""
        return [Shard(shard_id, spec) for shard_id, spec in self.sources[node]]

    def order(self) -> list[str]:
        """All shard ids; an index into this list is what `Checkpoint.finished` names."""
        return [shard_id for shards in self.sources.values() for shard_id, _ in shards]


class CheckpointStore(Protocol):
    """Where the records of one replica are; its fence covers all shards that the replica holds."""

    damaged: list[str]
    """Names of records newer than the loaded one that did not verify."""

    async def claim(self, fence: Fence) -> None:
        """Compare-and-set, before anything is loaded. Raises FenceLost if a higher fence is there."""

    async def newest_n(self) -> int | None:
        """The highest n that was ever named, by whichever process: n never repeats. None: nothing was stored yet."""

    async def save_cut(self, cut: Cut) -> None:
        """Store what the run is about; durable on return."""

    async def load_cut(self) -> Cut | None:
        """What the run is about; None: nothing was started. Raises CheckpointDamaged."""

    async def load(self, at_most: int | None = None) -> Checkpoint | None:
        """The newest valid record (with n ≤ `at_most`); None: there is none.

        Raises CheckpointDamaged where a newer one does not verify that may have been committed by its sinks.
        """

    async def discard_after(self, n: int) -> None:
        """Records later than n are void: nobody goes on from them; `newest_n` still counts them."""

    async def save(self, record: Checkpoint) -> None:
        """Durable on return. Raises FenceLost."""

    async def probe(self) -> None:
        """Raise while nothing can be written."""

    async def put_blob(self, key: BlobKey, data: bytes) -> None:
        """Store state; durable on return."""

    async def get_blob(self, key: BlobKey) -> bytes:
        """Stored state, verified. Raises CheckpointDamaged."""


class LocalStore:
    """A directory that one process holds (by flock): `cut`, `fence`, `blob-{key}`, `ckpt-{n}`.

    Beside a record `ckpt-{n}.commits` tells that its sinks may have committed; given up it is called `ckpt-{n}.void`.
    """

    def __init__(self, directory: Path, files: Files) -> None:
        self._dir = directory
        self._files = files
        self._fence: Fence | None = None
        self._blobs: dict[int, frozenset[str]] = {}
        """Record → its blobs, of the records that this process wrote."""
        self.damaged: list[str] = []

    async def claim(self, fence: Fence) -> None:
        """Write our fence if none higher is there."""
        await asyncio.to_thread(self._claim, fence)

    def _claim(self, fence: Fence) -> None:
        with classed("write the checkpoint", self._dir):
            self._files.mkdir(self._dir)
        self._check(fence)
        self._write("fence", seal(fence))
        self._fence = fence
        failpoint("checkpoint.claimed")

    def _check(self, fence: Fence) -> None:
        found = self._found()
        if found is not None and found > fence:
            raise FenceLost(
                f"{self._dir} belongs to run {found.run_seq}, start {found.g}; ours is {fence.run_seq}, {fence.g}",
                remedy="let the newer one run",
            )

    def _found(self) -> Fence | None:
        """The fence that stands here; where it does not verify, that of the newest record."""
        path = self._dir / "fence"
        if not path.exists():
            return None
        fence = unseal(path, Fence)
        if fence is not None:
            return fence
        newest = self.newest()
        return newest.fence if newest is not None else None

    async def save_cut(self, cut: Cut) -> None:
        """Store what the run is about."""
        await asyncio.to_thread(self._write, "cut", seal(cut))

    async def load_cut(self) -> Cut | None:
        """What the run is about; None where nothing was started."""
        return await asyncio.to_thread(self._load_cut)

    def _load_cut(self) -> Cut | None:
        path = self._dir / "cut"
        cut = unseal(path, Cut) if path.exists() else None
        if cut is not None or not (path.exists() or self._numbers()):
            return cut
        raise CheckpointDamaged(
            f"{path} {'does not verify' if path.exists() else 'is gone'}: the list of shards is lost",
            remedy="restore the state directory, or start anew with --fresh",
        )

    async def load(self, at_most: int | None = None) -> Checkpoint | None:
        """The newest record that verifies; those that do not are listed in `damaged`."""
        return await asyncio.to_thread(self._load, at_most)

    def _load(self, at_most: int | None) -> Checkpoint | None:
        record = self._scan(at_most)
        for name in self.damaged:
            if (self._dir / f"{name}.commits").exists():
                raise CheckpointDamaged(
                    f"{self._dir / name} does not verify, and its output may have been committed already",
                    remedy="keep the output; restore the state directory, or start anew with --fresh",
                )
        return record

    def newest(self) -> Checkpoint | None:
        """The newest record that verifies, read without a claim; see `damaged`."""
        return self._scan(None)

    def _scan(self, at_most: int | None) -> Checkpoint | None:
        self.damaged.clear()
        for n in self._numbers():
            if at_most is None or n <= at_most:
                path = self._record(n)
                record = unseal(path, Checkpoint)
                if record is not None:
                    return record
                self.damaged.append(path.name)
        return None

    def _record(self, n: int, suffix: str = "") -> Path:
        return self._dir / f"ckpt-{n:010d}{suffix}"

    def _numbers(self) -> list[int]:
        """Of the records that are here, the newest first."""
        return sorted((_number(path) for path in self._dir.glob("ckpt-??????????")), reverse=True)

    async def newest_n(self) -> int | None:
        """The highest n that was ever named here."""
        return await asyncio.to_thread(self._newest_n)

    def _newest_n(self) -> int | None:
        return max(map(_number, self._dir.glob("ckpt-*"))) if self._numbers() else None

    async def discard_after(self, n: int) -> None:
        """Give up the records later than n."""
        await asyncio.to_thread(self._discard_after, n)

    def _discard_after(self, n: int) -> None:
        later = [number for number in self._numbers() if number > n]
        if not later:
            return
        with classed("write the checkpoint", self._dir):
            for number in later:
                self._files.rename(self._record(number), self._record(number, ".void"))
                self._blobs.pop(number, None)
            self._files.fsync_dir(self._dir)

    async def save(self, record: Checkpoint) -> None:
        """Store a record and forget what lies before the last three."""
        await asyncio.to_thread(self._save, record)

    def _save(self, record: Checkpoint) -> None:
        if self._fence is None or record.fence != self._fence:
            raise FenceLost(f"checkpoint {record.n} is of fence {record.fence}, claimed is {self._fence}")
        self._check(record.fence)
        if record.phase == "prepared":
            with classed("write the checkpoint", self._dir):
                self._files.open(self._record(record.n, ".commits")).close()  # durable with the record's own name
        self._write(self._record(record.n).name, seal(record), at=lambda step: failpoint(f"checkpoint.{step}"))
        self._blobs[record.n] = frozenset(
            key for shard in record.shards.values() for keys in shard.state.values() for key in keys
        )
        with classed("clean up", self._dir):
            self._prune()

    def _prune(self) -> None:
        numbers = self._numbers()
        kept, old = numbers[:KEPT], numbers[KEPT:]
        for n in old:
            self._files.unlink(self._record(n))
            self._blobs.pop(n, None)
        for path in self._dir.glob("ckpt-??????????.*"):
            if _number(path) < numbers[0] and not (path.suffix == ".commits" and _number(path) in kept):
                self._files.unlink(path)
        if not set(kept) <= self._blobs.keys():
            return  # a record of an earlier process is among them: its blobs are not known here
        wanted = frozenset[str]().union(*(self._blobs[n] for n in kept))
        for path in self._dir.glob("blob-*"):
            if path.name[5:] not in wanted:
                self._files.unlink(path)

    async def probe(self) -> None:
        """Write a record of the usual size and remove it."""
        await asyncio.to_thread(self._write, "probe", bytes(4096))
        self._files.unlink(self._dir / "probe")

    async def put_blob(self, key: BlobKey, data: bytes) -> None:
        """Store state under its key."""
        await asyncio.to_thread(self._write, f"blob-{key}", data)

    async def get_blob(self, key: BlobKey) -> bytes:
        """Stored state; its key verifies it."""
        return await asyncio.to_thread(self._get_blob, key)

    def _get_blob(self, key: BlobKey) -> bytes:
        path = self._dir / f"blob-{key}"
        data = read(path) if path.exists() else b""
        if hashlib.sha256(data).hexdigest() != key.rsplit("-", 1)[-1] or not path.exists():
            raise CheckpointDamaged(
                f"{path} does not verify", remedy="restore the state directory, or start anew with --fresh"
            )
        return data

    def stored(self, n: int) -> tuple[bytes, bytes] | None:
        """Record n and the cut, as they stand in their files; None: the record is not kept any more. Blocks."""
        try:
            return self._record(n).read_bytes(), (self._dir / "cut").read_bytes()
        except FileNotFoundError:
            return None

    def _write(self, name: str, data: bytes, at: Callable[[Step], None] = lambda _step: None) -> None:
        path = self._dir / name
        with classed("write the checkpoint", path):
            self._files.replace(path, data, at=at)


def _number(path: Path) -> int:
    return int(path.name[5:15])


def compress(indexes: Sequence[int]) -> list[tuple[int, int]]:
    """Sorted indexes as ranges (first, last)."""
    ranges: list[tuple[int, int]] = []
    for index in indexes:
        if ranges and ranges[-1][1] == index - 1:
            ranges[-1] = (ranges[-1][0], index)
        else:
            ranges.append((index, index))
    return ranges


def expand(ranges: Sequence[tuple[int, int]]) -> set[int]:
    """The indexes of ranges (first, last)."""
    return {index for first, last in ranges for index in range(first, last + 1)}


def state_key(node: str, shard: str, n: int, data: bytes) -> BlobKey:
    """A file name that verifies its content."""
    place = hashlib.sha256(f"{node}\0{shard}".encode()).hexdigest()[:16]
    return f"{place}-{n}-{hashlib.sha256(data).hexdigest()}"
