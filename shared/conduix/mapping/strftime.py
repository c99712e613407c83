"""Reading and writing times by the directives of strftime (`%Y-%m-%d`), independent of the machine's locale."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo

from conduix.errors import MappingError
from conduix.mapping.golayout import DAYS, MAX_LAYOUT, MONTHS, zone_name
from conduix.mapping.timestamps import SECOND, fixed_zone, local, moment, offset_seconds
from conduix.mapping.values import Timestamp

_COMPOUND = {
    "D": "%m/%d/%y", "x": "%m/%d/%y", "F": "%Y-%m-%d", "v": "%e-%b-%Y", "R": "%H:%M", "r": "%I:%M:%S %p",
    "T": "%H:%M:%S", "X": "%H:%M:%S", "c": "%a %b %e %H:%M:%S %Y", "+": "%a %b %e %H:%M:%S %Z %Y",
}  # fmt: skip
_DIRECTIVE = re.compile(r"%(-?)(.)|%", re.DOTALL)


def _expanded(layout: str) -> str:
    if len(layout) > MAX_LAYOUT:
        raise MappingError(f"a format of {len(layout)} characters is longer than {MAX_LAYOUT}")
    return _DIRECTIVE.sub(lambda found: _COMPOUND.get(found[2] or "", found[0]), layout)


def _offset(at: datetime) -> str:
    seconds = offset_seconds(at)
    return f"{'-' if seconds < 0 else '+'}{abs(seconds) // 3600:02d}{abs(seconds) // 60 % 60:02d}"


_WRITERS: dict[str, Callable[[datetime], tuple[int, int] | str]] = {
    # a pair is a number and its width; `%-d` leaves out the padding
    "Y": lambda at: (at.year, 4),
    "y": lambda at: (at.year % 100, 2),
    "C": lambda at: (at.year // 100, 2),
    "m": lambda at: (at.month, 2),
    "d": lambda at: (at.day, 2),
    "H": lambda at: (at.hour, 2),
    "I": lambda at: (at.hour % 12 or 12, 2),
    "M": lambda at: (at.minute, 2),
    "S": lambda at: (at.second, 2),
    "j": lambda at: (at.timetuple().tm_yday, 3),
    "U": lambda at: (int(at.strftime("%U")), 2),
    "W": lambda at: (int(at.strftime("%W")), 2),
    "V": lambda at: (at.isocalendar().week, 2),
    "G": lambda at: (at.isocalendar().year, 4),
    "g": lambda at: (at.isocalendar().year % 100, 2),
    "e": lambda at: f"{at.day:2d}",
    "k": lambda at: f"{at.hour:2d}",
    "l": lambda at: f"{at.hour % 12 or 12:2d}",
    "B": lambda at: MONTHS[at.month - 1],
    "b": lambda at: MONTHS[at.month - 1][:3],
    "h": lambda at: MONTHS[at.month - 1][:3],
    "A": lambda at: DAYS[at.isoweekday() % 7],
    "a": lambda at: DAYS[at.isoweekday() % 7][:3],
    "w": lambda at: str(at.isoweekday() % 7),
    "u": lambda at: str(at.isoweekday()),
    "p": lambda at: "PM" if at.hour >= 12 else "AM",
    "P": lambda at: "pm" if at.hour >= 12 else "am",
    "s": lambda at: str(int(at.timestamp())),
    "Z": zone_name,
    "z": _offset,
    "t": lambda _: "\t",
    "n": lambda _: "\n",
    "%": lambda _: "%",
}


def formatter(layout: str) -> Callable[[Timestamp], str]:
    """A callable that writes timestamps by the directives."""
    expanded = _expanded(layout)

    def write(timestamp: Timestamp) -> str:
        at = local(timestamp)

        def directive(found: re.Match[str]) -> str:
            if found[2] == "f":
                return f"{timestamp.nanos % SECOND // 1000:06d}"
            writer = _WRITERS.get(found[2] or "")
            if writer is None:
                return found[0]
            written = writer(at)
            if isinstance(written, str):
                return written.lstrip() if found[1] else written
            value, width = written
            return str(value) if found[1] else f"{value:0{width}d}"

        return _DIRECTIVE.sub(directive, expanded)

    return write


class _Reading:
    """One text on its way through the directives."""

    def __init__(self, value: str, layout: str) -> None:
        self.value, self.layout, self.at = value, layout, 0
        self.fields: dict[str, int] = {}
        self.zone: tzinfo = UTC

    def fail(self, reason: str) -> MappingError:
        return MappingError(f'failed to parse "{self.value}" with "{self.layout}": {reason}')

    def literal(self, expected: str) -> None:
        if not self.value.startswith(expected, self.at):
            raise self.fail(f"expected '{expected}'")
        self.at += len(expected)

    def number(self, directive: str, most: int) -> int:
        found = re.compile(f"[0-9]{{1,{most}}}").match(self.value, self.at)
        if found is None:
            raise self.fail(f'cannot parse "%{directive}"')
        self.at = found.end()
        return int(found[0])

    def name(self, directive: str, names: tuple[str, ...]) -> int:
        for position, name in enumerate(names):
            if self.value[self.at : self.at + len(name)].lower() == name.lower():
                self.at += len(name)
                return position
        raise self.fail(f'cannot parse "%{directive}"')

    def pattern(self, directive: str, pattern: str) -> re.Match[str]:
        found = re.compile(pattern).match(self.value, self.at)
        if found is None:
            raise self.fail(f'cannot parse "%{directive}"')
        self.at = found.end()
        return found


_NUMBERS = {"Y": 4, "y": 2, "C": 2, "m": 2, "d": 2, "e": 2, "j": 3, "H": 2, "k": 2, "I": 2, "l": 2, "M": 2, "S": 2}
_FIELDS = {"e": "d", "k": "H", "l": "I"}
_NAMES: dict[str, tuple[str, tuple[str, ...]]] = {
    "B": ("m", MONTHS),
    "b": ("m", tuple(name[:3] for name in MONTHS)),
    "h": ("m", tuple(name[:3] for name in MONTHS)),
    "A": ("", DAYS),
    "a": ("", tuple(name[:3] for name in DAYS)),
    "p": ("p", ("AM", "PM")),
}


def parser(layout: str) -> Callable[[str], Timestamp]:
    """A callable that reads texts by the directives; it raises a MappingError where a text does not fit."""
    expanded = _expanded(layout)

    def parse(value: str) -> Timestamp:
        reading = _Reading(value, layout)
        end = 0
        for found in _DIRECTIVE.finditer(expanded):
            _literals(reading, expanded[end : found.start()])
            _read(reading, found[2] or "")
            end = found.end()
        _literals(reading, expanded[end:])
        if reading.at < len(value):
            raise reading.fail(f'unconverted string: "{value[reading.at :]}"')
        return _assemble(reading)

    return parse


def _literals(reading: _Reading, text: str) -> None:
    for character in text:
        reading.literal(character)


def _read(reading: _Reading, directive: str) -> None:
    if directive in _NUMBERS:
        if directive in "ekl":
            reading.pattern(directive, " ?")
        reading.fields[_FIELDS.get(directive, directive)] = reading.number(directive, _NUMBERS[directive])
    elif directive in _NAMES:
        field, names = _NAMES[directive]
        position = reading.name(directive, names)
        reading.fields[field] = position + (field == "m")
    elif directive == "f":
        digits = reading.pattern("f", "[0-9]{1,9}")[0]
        reading.fields["f"] = int(digits[:9].ljust(9, "0"))
    elif directive == "z":
        found = reading.pattern("z", "Z|([+-])([0-9]{2}):?([0-9]{2})")
        seconds = 0 if found[0] == "Z" else int(found[2]) * 3600 + int(found[3]) * 60
        reading.zone = fixed_zone(-seconds if found[1] == "-" else seconds)
    elif directive == "Z":
        name = reading.pattern("Z", "[A-Z]{3,5}")[0]
        reading.zone = UTC if name == "UTC" else fixed_zone(0, name)
    elif directive == "s":
        reading.fields["s"] = int(reading.pattern("s", "-?[0-9]{1,12}")[0])
    elif directive in "wu" and directive:
        reading.pattern(directive, "[0-7]")
    elif directive in "tn%" and directive:
        reading.literal({"t": "\t", "n": "\n", "%": "%"}[directive])
    else:
        raise reading.fail(f'unexpected format: "%{directive}"' if directive else "stray %")


def _assemble(reading: _Reading) -> Timestamp:
    fields = reading.fields
    if "s" in fields:
        return Timestamp(fields["s"] * SECOND + fields.get("f", 0), reading.zone)
    year = fields.get("Y", 1900)
    if "y" in fields:
        year = fields["y"] + (1900 if fields["y"] >= 69 else 2000)
    if "C" in fields:
        year = fields["C"] * 100 + year % 100
    hour = fields.get("H", 0)
    if "I" in fields:
        hour = fields["I"] % 12 + 12 * fields.get("p", 0)
    month, day = (1, fields["j"]) if "j" in fields else (fields.get("m", 1), fields.get("d", 1))
    return moment(
        year, month, day,
        hour=hour, minute=fields.get("M", 0), second=fields.get("S", 0), nanos=fields.get("f", 0), zone=reading.zone,
    )  # fmt: skip
