"""A spool in memory: a simulated agent forgets everything with its process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


class MemoryStorage:
    """A `conduix.mesh.spool.Storage`."""

    def __init__(self) -> None:
        self._frames: list[bytes] = []

    @property
    def size(self) -> int:
        """Bytes that it holds."""
        return sum(map(len, self._frames))

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """Every frame with its reference."""
        yield from enumerate(self._frames)

    def append(self, frame: bytes) -> int:
        """Keep a frame; its reference."""
        self._frames.append(frame)
        return len(self._frames) - 1

    def read(self, ref: int) -> bytes:
        """A frame."""
        return self._frames[ref]

    def sync(self) -> None:
        """Memory has nothing behind it."""

    def replace(self, frames: Iterable[bytes]) -> list[int]:
        """Hold these frames instead; their references."""
        self._frames = list(frames)
        return list(range(len(self._frames)))
