"""The fused stretch: pure stages, one after the other, as one function over a whole batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Port:
    """What a stretch makes for one of its output ports."""

    kind: Literal["jsonl", "lines", "rows"]
    offsets: bool
    """Must its batches carry the position of every record?"""
