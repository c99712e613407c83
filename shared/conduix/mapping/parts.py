"""Positions of records that were made of others: several may stand for one place in the source."""

from __future__ import annotations

from hashlib import blake2b
from typing import Self

MOST_PARTS = 1 << 20
"""What one record may become at most, so that an index says which parts of parts it counts."""

_GREATEST = 1 << 62


class Part(int):
    """The position of a record that a stage made of the one there; `index` tells which of those it is."""

    index: int

    def __new__(cls, position: int, index: int) -> Self:
        """`position` may itself be a Part: then the index is that of a part of it.

        The same part always has the same index, whatever batches the records came in.
        """
        made = super().__new__(cls, position)
        inside = index_of(position) * MOST_PARTS + index
        made.index = inside if inside < _GREATEST else _short(inside)
        return made


def index_of(position: int) -> int:
    """Which of the records that were made of the one at this position; 0 for that record itself."""
    return position.index if isinstance(position, Part) else 0


def _short(index: int) -> int:
    # beyond three levels the number of a part no longer fits into 64 bits
    digest = blake2b(b"%d" % index, digest_size=8).digest()
    return int.from_bytes(digest, "big") % _GREATEST
