"""Times read in the ways that records write them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import Any

from conduix.errors import MappingError, RecordInvalid
from conduix.mapping import timestamps
from conduix.mapping.functions.declare import STAGE, Family, Parameter
from conduix.mapping.functions.stages.casting import told
from conduix.mapping.strftime import parser
from conduix.mapping.values import Timestamp

family = Family("moments", prefix=STAGE)

_SCALES = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
_NAMES_ZONE = re.compile(r"%[zZs+]")


def _prepare(path: str, formats: list[str], unit: str, zone: str) -> Callable[[Any], Timestamp | None]:
    readers = [_reader(layout, timestamps.zone(zone)) for layout in formats]
    scale = _SCALES[unit]

    def read(value: Any) -> Timestamp | None:
        if value is None:
            return None
        try:
            if isinstance(value, str):
                return _first(readers, value) if readers else _utc(timestamps.read(value))
            return _counted(value, scale)
        except MappingError as error:
            wanted = f"a text such as {' or '.join(formats)}" if formats else "RFC 3339, such as 2026-01-31T12:00:00Z,"
            raise RecordInvalid(
                f"{path}: {told(value)} is no time: {wanted} is expected, or a number in {unit}"
            ) from error

    return read


@family.method("time", "A text or a number as a timestamp; null stays null.",
               Parameter("path", "string", "What errors call it."),
               Parameter("formats", "array", "Directives of strptime, tried in this order; none: RFC 3339."),
               Parameter("unit", "string", "What numbers count since 1970: `s`, `ms`, `us` or `ns`."),
               Parameter("zone", "string", "Where texts are from that do not say it."), prepare=_prepare)  # fmt: skip
def time(value: Any, path: str, formats: list[str], unit: str, zone: str) -> Timestamp | None:
    """The time, in UTC. Raises RecordInvalid where it is none."""
    return _prepare(path, formats, unit, zone)(value)


def _reader(layout: str, zone: tzinfo) -> Callable[[str], Timestamp]:
    read = parser(layout)
    if _NAMES_ZONE.search(layout):
        return lambda text: _utc(read(text))

    def read_there(text: str) -> Timestamp:
        found = read(text)
        at = timestamps.local(found)
        return _utc(
            timestamps.moment(
                at.year, at.month, at.day,
                hour=at.hour, minute=at.minute, second=at.second, nanos=found.nanos % timestamps.SECOND, zone=zone,
            )
        )  # fmt: skip

    return read_there


def _utc(timestamp: Timestamp) -> Timestamp:
    return Timestamp(timestamp.nanos, timestamps.zone("UTC"))


def _counted(value: Any, scale: int) -> Timestamp:
    """A number of units since 1970, each of `scale` nanoseconds."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise RecordInvalid("no number")
    nanos = value * scale if isinstance(value, int) else int(value * scale)
    timestamps.local(found := Timestamp(nanos, timestamps.zone("UTC")))  # refuses what no calendar has
    return found


def _first(readers: Sequence[Callable[[str], Timestamp]], text: str) -> Timestamp:
    for read in readers[:-1]:
        try:
            return read(text)
        except MappingError:
            continue  # the next form may fit; the last one tells
    return readers[-1](text)
