"""Reading and writing times by the layouts of Go, which show how `Mon Jan 2 15:04:05 -0700 MST 2006` would look."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import lru_cache

from conduix.errors import MappingError
from conduix.mapping.timestamps import SECOND, fixed_zone, local, moment, offset_seconds
from conduix.mapping.values import Timestamp

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
MAX_LAYOUT = 1_000
DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")

_ELEMENT = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|002|__2|0[1-6]|15|1|2006|_2(?!006)|2|3|4|5|PM|pm"
    r"|[-Z]07:00:00|[-Z]070000|[-Z]07:00|[-Z]0700|[-Z]07|[.,](?:0+|9+)(?![0-9])"
)


@dataclass(frozen=True, slots=True)
class _Layout:
    """Pairs of a literal text and the element after it, then the text at the end."""

    source: str
    parts: tuple[tuple[str, str], ...]
    tail: str


@lru_cache(maxsize=512)
def _layout(source: str) -> _Layout:
    if len(source) > MAX_LAYOUT:
        raise MappingError(f"a layout of {len(source)} characters is longer than {MAX_LAYOUT}")
    parts: list[tuple[str, str]] = []
    end = 0
    for element in _ELEMENT.finditer(source):
        parts.append((source[end : element.start()], element[0]))
        end = element.end()
    return _Layout(source, tuple(parts), source[end:])


# writing


def formatter(source: str) -> Callable[[Timestamp], str]:
    """A callable that writes timestamps by the layout."""
    layout = _layout(source)

    def write(timestamp: Timestamp) -> str:
        at, fraction = local(timestamp), timestamp.nanos % SECOND
        return "".join(literal + _write(element, at, fraction) for literal, element in layout.parts) + layout.tail

    return write


def _write_offset(element: str, offset: int) -> str:
    if element[0] == "Z" and offset == 0:
        return "Z"
    hours, minutes, seconds = abs(offset) // 3600, abs(offset) // 60 % 60, abs(offset) % 60
    colon = ":" if ":" in element else ""
    written = f"{'-' if offset < 0 else '+'}{hours:02d}"
    if len(element) > 3:
        written += f"{colon}{minutes:02d}"
    return written + f"{colon}{seconds:02d}" if len(element) > 6 else written


def zone_name(at: datetime) -> str:
    """The zone's abbreviation, or its offset where it has none."""
    name = at.tzname() or ""
    if name.startswith("UTC") and name != "UTC":
        offset = offset_seconds(at)
        return _write_offset("-0700" if offset // 60 % 60 else "-07", offset)
    return name


_WRITERS: dict[str, Callable[[datetime], str]] = {
    "2006": lambda at: f"{at.year:04d}",
    "06": lambda at: f"{at.year % 100:02d}",
    "January": lambda at: MONTHS[at.month - 1],
    "Jan": lambda at: MONTHS[at.month - 1][:3],
    "1": lambda at: str(at.month),
    "01": lambda at: f"{at.month:02d}",
    "Monday": lambda at: DAYS[at.isoweekday() % 7],
    "Mon": lambda at: DAYS[at.isoweekday() % 7][:3],
    "2": lambda at: str(at.day),
    "_2": lambda at: f"{at.day:2d}",
    "02": lambda at: f"{at.day:02d}",
    "__2": lambda at: f"{at.timetuple().tm_yday:3d}",
    "002": lambda at: f"{at.timetuple().tm_yday:03d}",
    "15": lambda at: f"{at.hour:02d}",
    "3": lambda at: str(at.hour % 12 or 12),
    "03": lambda at: f"{at.hour % 12 or 12:02d}",
    "4": lambda at: str(at.minute),
    "04": lambda at: f"{at.minute:02d}",
    "5": lambda at: str(at.second),
    "05": lambda at: f"{at.second:02d}",
    "PM": lambda at: "PM" if at.hour >= 12 else "AM",
    "pm": lambda at: "pm" if at.hour >= 12 else "am",
    "MST": zone_name,
}


def _write(element: str, at: datetime, fraction: int) -> str:
    if element in _WRITERS:
        return _WRITERS[element](at)
    if element[0] in ".,":
        digits = f"{fraction:09d}"[: len(element) - 1].ljust(len(element) - 1, "0")
        if element[1] == "9":
            digits = digits.rstrip("0")
        return element[0] + digits if digits else ""
    return _write_offset(element, offset_seconds(at))


# reading


@dataclass(slots=True)
class _Fields:
    year: int = 0
    month: int | None = None
    day: int | None = None
    year_day: int | None = None
    hour: int = 0
    minute: int = 0
    second: int = 0
    nanos: int = 0
    afternoon: bool | None = None
    zone: tzinfo = field(default=UTC)


class _Mismatch(Exception):
    """The text does not fit the element; `reason` where it fits but makes no sense."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


@lru_cache(maxsize=512)
def parser(source: str) -> Callable[[str], Timestamp]:
    """A callable that reads texts by the layout; it raises a MappingError where a text does not fit."""
    if source in {"2006-01-02T15:04:05Z", "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05.999999999Z07:00"}:
        return lambda value: _parse_common(source, value)
    layout = _layout(source)
    return lambda value: _parse(layout, value)


def _parse_common(source: str, value: str) -> Timestamp:
    """The most common shape, `2020-08-14T11:50:26Z`, by a C function; any other by the layout."""
    if len(value) == 20 and value[19] == "Z" and value[4] == "-" == value[7] and value[10] == "T":
        try:
            return Timestamp(int(datetime.fromisoformat(value).timestamp()) * SECOND, UTC)
        except ValueError:
            pass  # the layout says what is wrong
    return _parse(_layout(source), value)


def _parse(layout: _Layout, value: str) -> Timestamp:
    fields, rest = _Fields(), value
    for position, (literal, element) in enumerate(layout.parts):
        rest = _skip(layout, value, rest, literal)
        held = rest
        try:
            rest = _read(element, rest, fields)
            if element in {"5", "05"} and not _fraction_follows(layout, position):
                rest = _read_fraction(rest, fields)
        except _Mismatch as mismatch:
            raise _failure(layout, value, held, element, mismatch.reason) from None
    rest = _skip(layout, value, rest, layout.tail)
    if rest:
        raise MappingError(f'parsing time "{value}": extra text: "{rest}"')
    return _assemble(fields, value)


def _fraction_follows(layout: _Layout, position: int) -> bool:
    following = layout.parts[position + 1 : position + 2]
    return bool(following) and following[0][0] == "" and following[0][1][0] in ".,"


def _skip(layout: _Layout, value: str, rest: str, literal: str) -> str:
    # a run of spaces in the layout stands for any number of spaces
    while literal:
        if literal[0] == " ":
            if rest and rest[0] != " ":
                raise _failure(layout, value, rest, literal, "")
            literal, rest = literal.lstrip(" "), rest.lstrip(" ")
            continue
        if not rest or rest[0] != literal[0]:
            raise _failure(layout, value, rest, literal, "")
        literal, rest = literal[1:], rest[1:]
    return rest


def _failure(layout: _Layout, value: str, rest: str, element: str, reason: str) -> MappingError:
    if reason:
        return MappingError(f'parsing time "{value}": {reason} out of range')
    return MappingError(f'parsing time "{value}" as "{layout.source}": cannot parse "{rest}" as "{element}"')


def _digits(rest: str, *, fixed: bool) -> tuple[int, str]:
    taken = 2 if rest[:2].isdecimal() and rest[:2].isascii() and len(rest) > 1 else 1
    if not (rest[:1].isdecimal() and rest[:1].isascii()) or (fixed and taken == 1):
        raise _Mismatch
    return int(rest[:taken]), rest[taken:]


_PLAIN = {
    # element: (field, fixed width of two, least, greatest)
    "1": ("month", False, 1, 12), "01": ("month", True, 1, 12),
    "2": ("day", False, 0, 99), "02": ("day", True, 0, 99), "_2": ("day", False, 0, 99),
    "15": ("hour", False, 0, 23), "3": ("hour", False, 0, 12), "03": ("hour", True, 0, 12),
    "4": ("minute", False, 0, 59), "04": ("minute", True, 0, 59),
    "5": ("second", False, 0, 59), "05": ("second", True, 0, 59),
}  # fmt: skip


def _read(element: str, rest: str, fields: _Fields) -> str:
    if element in _PLAIN:
        name, fixed, least, greatest = _PLAIN[element]
        if element == "_2":
            rest = rest.removeprefix(" ")
        found, rest = _digits(rest, fixed=fixed)
        if not least <= found <= greatest:
            raise _Mismatch(name)
        setattr(fields, name, found)
        return rest
    if element[0] in ".,":
        return _read_element_fraction(element, rest, fields)
    if element in _READERS:
        return _READERS[element](rest, fields)
    return _read_offset(element, rest, fields)


def _year(rest: str, fields: _Fields) -> str:
    if not re.match(r"[0-9]{4}", rest):
        raise _Mismatch
    fields.year = int(rest[:4])
    return rest[4:]


def _short_year(rest: str, fields: _Fields) -> str:
    if not re.match(r"[0-9]{2}", rest):
        raise _Mismatch
    fields.year = int(rest[:2]) + (1900 if int(rest[:2]) >= 69 else 2000)
    return rest[2:]


def _named(names: tuple[str, ...], rest: str) -> tuple[int, str]:
    for position, name in enumerate(names):
        if rest[: len(name)].lower() == name.lower():
            return position, rest[len(name) :]
    raise _Mismatch


def _month(names: tuple[str, ...]) -> Callable[[str, _Fields], str]:
    def read(rest: str, fields: _Fields) -> str:
        found, rest = _named(names, rest)
        fields.month = found + 1
        return rest

    return read


def _half_day(rest: str, fields: _Fields, names: tuple[str, str]) -> str:
    if rest[:2] not in names:
        raise _Mismatch
    fields.afternoon = rest[:2] == names[1]
    return rest[2:]


def _year_day(rest: str, fields: _Fields) -> str:
    found = re.match(r" {0,2}([0-9]{1,3})", rest)
    if found is None or found.end() != 3:
        raise _Mismatch
    fields.year_day = int(found[1])
    return rest[3:]


def _abbreviation(rest: str, fields: _Fields) -> str:
    found = re.match(r"UTC|GMT[+-][0-9]{1,2}|[A-Z]{3,5}|[+-][0-9]{2}", rest)
    if found is None:
        raise _Mismatch
    fields.zone = UTC if found[0] == "UTC" else fixed_zone(0, found[0])
    return rest[found.end() :]


_READERS: dict[str, Callable[[str, _Fields], str]] = {
    "2006": _year,
    "06": _short_year,
    "January": _month(MONTHS),
    "Jan": _month(tuple(name[:3] for name in MONTHS)),
    "Monday": lambda rest, _: _named(DAYS, rest)[1],
    "Mon": lambda rest, _: _named(tuple(name[:3] for name in DAYS), rest)[1],
    "PM": lambda rest, fields: _half_day(rest, fields, ("AM", "PM")),
    "pm": lambda rest, fields: _half_day(rest, fields, ("am", "pm")),
    "002": _year_day,
    "__2": _year_day,
    "MST": _abbreviation,
}


def _read_fraction(rest: str, fields: _Fields) -> str:
    found = re.match(r"[.,]([0-9]+)", rest)
    if found is None:
        return rest
    fields.nanos = int(found[1][:9].ljust(9, "0"))
    return rest[found.end() :]


def _read_element_fraction(element: str, rest: str, fields: _Fields) -> str:
    if element[1] == "9":
        return _read_fraction(rest, fields)
    found = re.match(r"[.,]([0-9]+)", rest[: len(element)])
    if found is None or found.end() != len(element):
        raise _Mismatch
    return _read_fraction(rest[: len(element)], fields) + rest[len(element) :]


def _read_offset(element: str, rest: str, fields: _Fields) -> str:
    if element[0] == "Z" and rest[:1] == "Z":
        fields.zone = UTC
        return rest[1:]
    shape = element[1:].replace("07", "([0-9]{2})", 1).replace("00", "([0-9]{2})")
    found = re.match(f"([-+]){shape}", rest)
    if found is None:
        raise _Mismatch
    parts = [int(part) for part in found.groups()[1:]]
    if parts[0] > 24 or any(part > 60 for part in parts[1:]):
        raise _Mismatch("time zone offset")
    seconds = sum(part * unit for part, unit in zip(parts, (3600, 60, 1), strict=False))
    fields.zone = fixed_zone(-seconds if found[1] == "-" else seconds)
    return rest[found.end() :]


def _assemble(fields: _Fields, value: str) -> Timestamp:
    hour = fields.hour
    if fields.afternoon is not None:
        hour = hour % 12 + (12 if fields.afternoon else 0)
    if fields.year_day is not None and fields.month is None:
        fields.month, fields.day = 1, fields.year_day
    else:
        month, day = fields.month or 1, 1 if fields.day is None else fields.day
        if day < 1 or day > monthrange(fields.year or 4, month)[1]:
            raise MappingError(f'parsing time "{value}": day out of range')
        fields.month, fields.day = month, day
    if fields.year == 0:
        raise MappingError(f'parsing time "{value}": the year 0 is not within the years 1 to 9999')
    return moment(
        fields.year, fields.month, fields.day,
        hour=hour, minute=fields.minute, second=fields.second, nanos=fields.nanos, zone=fields.zone,
    )  # fmt: skip
