"""Records that a stage made of one: lists of them laid out one after the other, in batches of the usual size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from conduix.engine.api import MAX_BATCH_BYTES, MAX_BATCH_RECORDS
from conduix.mapping.parts import Part

_WEIGHED_FROM = 8
"""Of a list with so many items the first one is weighed: each may hold a copy of the whole record."""

_encode = msgspec.json.Encoder()


@dataclass(slots=True)
class Piece:
    """What becomes one batch."""

    items: list[Any] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    metas: list[Mapping[str, Any]] = field(default_factory=list)


def pieces(
    lists: Sequence[Sequence[Any]], offsets: Sequence[int], metas: Sequence[Mapping[str, Any]]
) -> Iterator[Piece]:
    """The items of the lists, in order, with the positions and metadata (where there are any) of their lists."""
    piece = Piece()
    full = 0
    for at, items in enumerate(lists):
        weight = _weight(items[0]) if len(items) >= _WEIGHED_FROM else 0
        for index, item in enumerate(items):
            if len(piece.items) == MAX_BATCH_RECORDS or (piece.items and full + weight > MAX_BATCH_BYTES):
                yield piece
                piece, full = Piece(), 0
            full += weight
            piece.items.append(item)
            if offsets:
                piece.offsets.append(Part(offsets[at], index))
            if metas:
                piece.metas.append(metas[at])
    if piece.items:
        yield piece


def _weight(item: Any) -> int:
    """Its length as JSON, in bytes."""
    try:
        return len(_encode.encode(item))
    except (ValueError, TypeError, RecursionError):
        return 0  # whoever writes it finds that it cannot be written, and says so
