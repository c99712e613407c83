"""Timestamps: reading RFC 3339 and Unix times, writing them, time zones, calendar fields."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from conduix.errors import MappingError
from conduix.mapping.values import Timestamp, WrongType, number, text

SECOND = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
RFC3339_NANO = "2006-01-02T15:04:05.999999999Z07:00"


def read(value: Any) -> Timestamp:
    """A timestamp, Unix seconds (with decimals), or a text in RFC 3339, as a timestamp.

    Raises:
        MappingError: the text is no RFC 3339, or the value is of another type.
    """
    if isinstance(value, Timestamp):
        return value
    if isinstance(value, str | bytes):
        from conduix.mapping.golayout import parser  # noqa: PLC0415 - layouts are made of timestamps

        return parser(RFC3339_NANO)(text(value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WrongType("number or string", value)
    exact = number(value)
    if isinstance(exact, int):
        return Timestamp(exact * SECOND, UTC)
    if not math.isfinite(exact):
        raise MappingError(f"{exact} is no Unix time")
    seconds = math.trunc(exact)
    return Timestamp(seconds * SECOND + int((exact - seconds) * 1e9), UTC)


def local(timestamp: Timestamp) -> datetime:
    """The calendar fields in the timestamp's zone, without what is below a second.

    Raises:
        MappingError: the year is not within 1 to 9999.
    """
    try:
        return (_EPOCH + timedelta(seconds=timestamp.nanos // SECOND)).astimezone(timestamp.zone)
    except (OverflowError, ValueError) as error:
        raise MappingError(f"the time {timestamp.nanos} ns is not within the years 1 to 9999") from error


def moment(
    year: int, month: int, day: int, *, hour: int = 0, minute: int = 0, second: int = 0, nanos: int = 0,
    zone: tzinfo = UTC,
) -> Timestamp:  # fmt: skip
    """The timestamp of calendar fields in a zone; fields may go past their ends (second 90 is a minute and a half).

    Raises:
        MappingError: the date is not within the years 1 to 9999.
    """
    months = year * 12 + month - 1
    try:
        midnight = datetime(months // 12, months % 12 + 1, 1)  # noqa: DTZ001 - the zone comes with the next step
        at = midnight + timedelta(days=day - 1, hours=hour, minutes=minute, seconds=second)
        seconds = round((at.replace(tzinfo=zone) - _EPOCH).total_seconds())
    except (OverflowError, ValueError) as error:
        raise MappingError(f"the date {year}-{month}-{day} is not within the years 1 to 9999") from error
    return Timestamp(seconds * SECOND + nanos, zone)


def offset_seconds(at: datetime) -> int:
    """How many seconds the local time is before UTC."""
    return round((at.utcoffset() or timedelta()).total_seconds())


def fixed_zone(seconds: int, name: str = "") -> tzinfo:
    """A zone of a fixed offset."""
    if seconds == 0 and not name:
        return UTC
    if abs(seconds) >= 86400:
        raise MappingError(f"an offset of {seconds} s is more than a day")
    return timezone(timedelta(seconds=seconds), name) if name else timezone(timedelta(seconds=seconds))


@lru_cache(maxsize=1024)
def zone(name: str) -> tzinfo:
    """The zone of an IANA name; `UTC`, `Local` and an empty name are read too.

    Raises:
        MappingError: there is no such zone.
    """
    if name in {"", "UTC"}:
        return UTC
    if name == "Local":
        return datetime.now(UTC).astimezone().tzinfo or UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise MappingError(f"failed to parse timezone location name: unknown time zone {name}") from error


def rfc3339(timestamp: Timestamp) -> str:
    """The text form: `2020-08-14T11:50:26.371Z`, with as many decimals as are needed."""
    at = local(timestamp)
    fraction = timestamp.nanos % SECOND
    decimals = f".{fraction:09d}".rstrip("0") if fraction else ""
    offset = offset_seconds(at)
    if offset == 0:
        suffix = "Z"
    else:
        sign = "-" if offset < 0 else "+"
        suffix = f"{sign}{abs(offset) // 3600:02d}:{abs(offset) // 60 % 60:02d}"
    return f"{at:%H:%M:%S}".join((f"{at.year:04d}-{at.month:02d}-{at.day:02d}T", f"{decimals}{suffix}"))
