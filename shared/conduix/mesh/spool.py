"""What an agent has to report and no server has acknowledged: numbered, on disk, bounded in bytes.

Over the bound metrics go first, then logs, then events, dead-letter notices last; the oldest first. Each run of dropped
ones leaves one gap record. Results of commands are not here: they stand in the journal, which drops nothing.

Numbers never come twice, not even when power fails: a block of them is reserved durably before its first is used, and
`sync` comes before anything is sent. What a crash leaves unused of a block is a hole; `reports` tells the server so.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol

from conduix.errors import ConduixError
from conduix.v1 import mesh_service_pb2 as pb

MAX_BYTES = 64 << 20
MAX_RECORD = 1 << 20
_BLOCK = 1000
_FRAME = struct.Struct(">cBQQQ")
"""Kind of frame, class, first, last, count; then the report's bytes."""


DROP_ORDER = (
    pb.TRAFFIC_CLASS_METRIC,
    pb.TRAFFIC_CLASS_LOG,
    pb.TRAFFIC_CLASS_EVENT,
    pb.TRAFFIC_CLASS_RESULT,  # here: notices of dead letters
)


_CLASS = {int(traffic): traffic for traffic in DROP_ORDER}


class Storage(Protocol):
    """Frames in the order in which they were appended. Raises OSError, and then holds what it held before."""

    @property
    def size(self) -> int:
        """Bytes on the disk."""

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """Every whole frame, with the reference that `read` takes; called once, first."""

    def append(self, frame: bytes) -> int:
        """Write a frame; its reference. It survives the process; a power cut only after `sync`."""

    def read(self, ref: int) -> bytes:
        """A frame."""

    def sync(self) -> None:
        """Make durable whatever was appended; nothing to do where nothing was."""

    def replace(self, frames: Iterable[bytes]) -> list[int]:
        """Hold these frames instead, all or none of them; their references. A power cut before `sync` may undo it."""


class RecordTooLarge(ConduixError):
    """One report is larger than the spool takes; it was not recorded."""

    code = "REPORT_TOO_LARGE"


@dataclass(frozen=True, slots=True)
class Entry:
    """A record, or the gap that dropped ones left."""

    first: int
    number: int
    """The last number that it stands for."""
    traffic: pb.TrafficClass
    size: int
    ref: int
    dropped: int = 0
    """How many were dropped; 0: this is a record."""


class Spool:
    """The records of one agent, by number. `max_bytes` bounds the storage, except while it is being rewritten."""

    def __init__(self, storage: Storage, max_bytes: int = MAX_BYTES) -> None:
        self._storage = storage
        self._max_bytes = max_bytes
        self._entries: list[Entry] = []
        self._live = 0
        self.acked = 0
        """Everything up to it is stored by a server."""
        self._reserved = 0
        for ref, frame in storage.frames():
            self._load(ref, frame)
        self._entries = [entry for entry in self._entries if entry.number > self.acked]
        self._live = sum(entry.size for entry in self._entries)
        last = self._entries[-1].number if self._entries else 0
        self._next = max(self._reserved, self.acked, last) + 1

    def _load(self, ref: int, frame: bytes) -> None:
        kind, traffic, first, last, count = _FRAME.unpack_from(frame)
        if kind == b"A":
            self.acked = max(self.acked, last)
        elif kind == b"M":
            self._reserved = max(self._reserved, last)
        else:
            self._entries.append(Entry(first, last, _CLASS[traffic], len(frame), ref, count))

    def take(self) -> int:
        """The next number, for what is sent without being kept. Durably reserved when this returns."""
        if self._next > self._reserved:
            reserved = self._next + _BLOCK - 1
            self._storage.append(_FRAME.pack(b"M", 0, 0, reserved, 0))
            self._storage.sync()
            self._reserved = reserved
        number = self._next
        self._next += 1
        return number

    def append(self, traffic: pb.TrafficClass, report: pb.Report) -> int:
        """Record a report; its number. Raises RecordTooLarge, OSError."""
        body = report.SerializeToString()
        if len(body) > MAX_RECORD:
            raise RecordTooLarge(
                f"a report of {len(body)} bytes is over the spool's limit of {MAX_RECORD}", remedy="shorten its message"
            )
        number = self.take()
        frame = _FRAME.pack(b"R", traffic, number, number, 0) + body
        self._entries.append(Entry(number, number, traffic, len(frame), self._storage.append(frame)))
        self._live += len(frame)
        self._bound()
        return number

    def acknowledge(self, number: int) -> None:
        """Forget everything up to `number`. Lost in a power cut it only means that those are sent again."""
        if number <= self.acked:
            return
        self.acked = number
        self._next = max(self._next, number + 1)
        passed = bisect_right(self._entries, number, key=lambda entry: entry.number)
        self._live -= sum(entry.size for entry in self._entries[:passed])
        del self._entries[:passed]
        self._storage.append(_FRAME.pack(b"A", 0, 0, number, 0))
        self._bound()

    def after(self, number: int) -> Iterator[Entry]:
        """Entries with a higher number, in order."""
        start = bisect_right(self._entries, number, key=lambda entry: entry.number)
        yield from self._entries[start:]

    def report(self, entry: Entry) -> pb.Report:
        """What to send for an entry."""
        if entry.dropped:
            gap = pb.Gap(traffic=entry.traffic, first=entry.first, last=entry.number, count=entry.dropped)
            return pb.Report(number=entry.number, gap=gap)
        report = pb.Report.FromString(self._storage.read(entry.ref)[_FRAME.size :])
        report.number = entry.number
        return report

    def sync(self) -> None:
        """Everything recorded so far survives a power cut when this returns: before any of it is sent."""
        self._storage.sync()

    def _bound(self) -> None:
        """Keep the storage within its bound: leave out what is dead, then drop what is worth least."""
        if self._storage.size <= self._max_bytes:
            return
        room = self._max_bytes * 3 // 4  # to a quarter below, so that the next record does not do it all again
        if self._live > room:
            self._drop(self._live - room)
        frames = [_FRAME.pack(b"A", 0, 0, self.acked, 0), _FRAME.pack(b"M", 0, 0, self._reserved, 0)]
        refs = self._storage.replace(frames + [self._frame(entry) for entry in self._entries])[len(frames) :]
        self._entries = [replace(entry, ref=ref) for entry, ref in zip(self._entries, refs, strict=True)]

    def _drop(self, excess: int) -> None:
        for traffic in DROP_ORDER:
            for i, entry in enumerate(self._entries):
                if excess <= 0:
                    break
                if entry.traffic == traffic and not entry.dropped:
                    self._entries[i] = replace(entry, dropped=1, size=_FRAME.size, ref=-1)
                    excess -= entry.size - _FRAME.size
        self._entries = _merged(self._entries, excess > 0)
        self._live = sum(entry.size for entry in self._entries)

    def _frame(self, entry: Entry) -> bytes:
        if entry.dropped:
            return _FRAME.pack(b"R", entry.traffic, entry.first, entry.number, entry.dropped)
        return self._storage.read(entry.ref)


def _merged(entries: list[Entry], mixed: bool) -> list[Entry]:
    """One gap for each run of dropped entries of a class; `mixed`: of any class, named after what was worth most."""
    merged = entries[:1]
    for before, entry in pairwise(entries):
        if before.dropped and entry.dropped and (mixed or before.traffic == entry.traffic):
            last = merged[-1]
            traffic, dropped = min(last.traffic, entry.traffic), last.dropped + entry.dropped
            merged[-1] = replace(last, number=entry.number, traffic=traffic, dropped=dropped)
        else:
            merged.append(entry)
    return merged
