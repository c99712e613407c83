"""Storage of a spool in memory: a process that dies leaves all that was written, a power cut only what was synced."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


class MemoryStorage:
    def __init__(self, frames: list[bytes] | None = None) -> None:
        self._frames = list(frames or [])
        self._durable = len(self._frames)
        self._base = 0

    @property
    def size(self) -> int:
        return sum(map(len, self._frames))

    def frames(self) -> Iterator[tuple[int, bytes]]:
        yield from enumerate(self._frames)

    def append(self, frame: bytes) -> int:
        self._frames.append(frame)
        return self._base + len(self._frames) - 1

    def read(self, ref: int) -> bytes:
        assert ref >= self._base, "a reference from before the storage was rewritten"
        return self._frames[ref - self._base]

    def sync(self) -> None:
        self._durable = len(self._frames)

    def replace(self, frames: Iterable[bytes]) -> list[int]:
        self._base += len(self._frames)
        self._frames = list(frames)
        self._durable = len(self._frames)
        return list(range(self._base, self._base + self._durable))

    def after_death(self) -> MemoryStorage:
        return MemoryStorage(self._frames)

    def after_power_cut(self) -> MemoryStorage:
        return MemoryStorage(self._frames[: self._durable])
