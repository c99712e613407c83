"""What was read, by which process, between which barriers: the measure of "read again at most one interval's"."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.orders import Expected

Span = tuple[int, int]
"""Bytes of the file: from, to."""


@dataclass(slots=True)
class Segment:
    """What one process read without going back: between two starts, or between a start and a rewind."""

    pid: int
    spans: list[Span] = field(default_factory=list)
    marks: list[tuple[int, int]] = field(default_factory=list)
    """(n, number of spans before it) of each barrier, where the source cut its batches."""

    def settled(self, durable: int) -> list[Span]:
        """What a complete checkpoint covers: that of the barrier before the last, for a barrier is asked for once the
        one before is complete; and that of barrier `durable`.
        """
        complete = [at for _, at in self.marks[:-1]] + [at for n, at in self.marks if n <= durable]
        return self.spans[: max(complete, default=0)]


def segments(path: Path) -> list[Segment]:
    """Split a trace where a process starts, or reads what it had read before."""
    found: list[Segment] = []
    furthest: dict[str, int] = {}
    for line in path.read_text().splitlines():
        pid, *what = json.loads(line)
        if not found or found[-1].pid != pid:
            found.append(Segment(pid))
            furthest.clear()
        if what[0] == "barrier":
            found[-1].marks.append((what[1], len(found[-1].spans)))
            continue
        shard, first, after = what[0], what[1]["offset"], what[2]["offset"]
        if first < furthest.get(shard, 0):
            found.append(Segment(pid))
            furthest.clear()
        furthest[shard] = after
        found[-1].spans.append((first, after))
    return found


@dataclass(frozen=True, slots=True)
class Rereads:
    """Of a run with all its resumes."""

    again: int
    """Records read more than once, each time counted."""
    beyond: int
    """Of them, those that lay before a barrier whose checkpoint was complete: there must be none."""
    missing: int
    """Records never read."""


def rereads(parts: Sequence[Segment], expected: Expected, durable: Mapping[int, int]) -> Rereads:
    """Count what was read again. `durable`: pid of a killed process → n of the newest checkpoint that it left."""
    again = beyond = 0
    read, settled = Covered(), Covered()
    last = {part.pid: index for index, part in enumerate(parts)}
    for index, part in enumerate(parts):
        again += sum(expected.records(*span) for span in read.common(part.spans))
        beyond += sum(expected.records(*span) for span in settled.common(part.spans))
        read.add(part.spans)
        # barriers of earlier segments may have been given up in a rewind, whatever came to be durable later
        settled.add(part.settled(durable.get(part.pid, -1) if last[part.pid] == index else -1))
    whole = expected.records(0, expected.starts[-1] + 1)
    return Rereads(again, beyond, whole - sum(expected.records(*span) for span in read.spans))


class Covered:
    """A set of bytes, as spans that do not touch, in order."""

    def __init__(self) -> None:
        self.spans: list[Span] = []

    def add(self, spans: Iterable[Span]) -> None:
        """Unite."""
        merged: list[Span] = []
        for first, after in sorted([*self.spans, *spans]):
            if merged and first <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(merged[-1][1], after))
            else:
                merged.append((first, after))
        self.spans = merged

    def common(self, spans: Iterable[Span]) -> list[Span]:
        """Cut."""
        return [(max(a, c), min(b, d)) for a, b in spans for c, d in self.spans if max(a, c) < min(b, d)]
