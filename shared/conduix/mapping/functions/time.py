"""Functions on times. A target may be a timestamp, Unix seconds, or a text in RFC 3339."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from conduix.errors import MappingError
from conduix.mapping import golayout, strftime
from conduix.mapping.functions.declare import Family, Parameter
from conduix.mapping.timestamps import RFC3339_NANO, SECOND, local, moment, read, rfc3339, zone
from conduix.mapping.values import Timestamp, text

family = Family("time", folds=True)

_LAYOUT = Parameter("format", "string", "A Go layout: how `Mon Jan 2 15:04:05 -0700 MST 2006` would look.")
_DIRECTIVES = Parameter("format", "string", "Directives of strftime, such as `%Y-%m-%d`.")
_ZONE = Parameter("tz", "string", "The zone to write in; without it the zone of the time.", None)

Writer = Callable[[Timestamp], str]


def _prepare_parse(layout: str) -> Callable[[Any], Timestamp]:
    parse = golayout.parser(layout)
    return lambda value: parse(value if isinstance(value, str) else text(value))


@family.method("ts_parse", "Reads a text by a Go layout.", _LAYOUT, prepare=_prepare_parse,
               examples=(('root.a = this.a.ts_parse("2006-Jan-02")', '{"a":"2020-Aug-14"}',
                          '{"a":"2020-08-14T00:00:00Z"}'),))  # fmt: skip
def ts_parse(value: Any, layout: str) -> Timestamp:
    """The timestamp."""
    return golayout.parser(layout)(text(value))


@family.method("parse_timestamp", "Reads a text by a Go layout and gives text; `ts_parse` gives a timestamp.", _LAYOUT,
               examples=(('root.a = this.a.parse_timestamp("2006-Jan-02")', '{"a":"2020-Aug-14"}',
                          '{"a":"2020-08-14T00:00:00Z"}'),))  # fmt: skip
def parse_timestamp(value: Any, layout: str) -> str:
    """The time in RFC 3339."""
    return rfc3339(ts_parse(value, layout))


def _prepare_strptime(directives: str) -> Callable[[Any], Timestamp]:
    parse = strftime.parser(directives)
    return lambda value: parse(text(value))


@family.method("ts_strptime", "Reads a text by directives of strptime.", _DIRECTIVES, prepare=_prepare_strptime,
               examples=(('root.a = this.a.ts_strptime("%Y-%b-%d")', '{"a":"2020-Aug-14"}',
                          '{"a":"2020-08-14T00:00:00Z"}'),))  # fmt: skip
def ts_strptime(value: Any, directives: str) -> Timestamp:
    """The timestamp."""
    return strftime.parser(directives)(text(value))


@family.method("parse_timestamp_strptime", "Reads a text by directives and gives text; see `ts_strptime`.", _DIRECTIVES,
               examples=(('root.a = this.a.parse_timestamp_strptime("%Y")', '{"a":"2020"}',
                          '{"a":"2020-01-01T00:00:00Z"}'),))  # fmt: skip
def parse_timestamp_strptime(value: Any, directives: str) -> str:
    """The time in RFC 3339."""
    return rfc3339(ts_strptime(value, directives))


def _writing(write: Writer, name: str | None) -> Callable[[Any], str]:
    if name is None:
        return lambda value: write(read(value))
    there = zone(name)
    return lambda value: write(Timestamp(read(value).nanos, there))


def _prepare_format(layout: str, name: str | None) -> Callable[[Any], str]:
    return _writing(golayout.formatter(layout), name)


@family.method("ts_format", "Writes a time by a Go layout, RFC 3339 without one.",
               Parameter("format", "string", "A Go layout.", RFC3339_NANO), _ZONE,
               prepare=_prepare_format, aliases=("format_timestamp",),
               examples=(('root.a = this.a.ts_format("2006-Jan-02 15:04:05", "UTC")', '{"a":1597405526}',
                          '{"a":"2020-Aug-14 11:45:26"}'),))  # fmt: skip
def ts_format(value: Any, layout: str, name: str | None) -> str:
    """The written time."""
    return _prepare_format(layout, name)(value)


def _prepare_strftime(directives: str, name: str | None) -> Callable[[Any], str]:
    return _writing(strftime.formatter(directives), name)


@family.method("ts_strftime", "Writes a time by directives of strftime.", _DIRECTIVES, _ZONE,
               prepare=_prepare_strftime, aliases=("format_timestamp_strftime",),
               examples=(('root.a = this.a.ts_strftime("%Y-%b-%d", "UTC")', '{"a":1597405526}',
                         '{"a":"2020-Aug-14"}'),))  # fmt: skip
def ts_strftime(value: Any, directives: str, name: str | None) -> str:
    """The written time."""
    return _prepare_strftime(directives, name)(value)


@family.method("ts_unix", "The time as Unix seconds.", aliases=("format_timestamp_unix",),
               examples=(("root.a = this.a.ts_unix()", '{"a":"2009-11-10T23:00:00Z"}',
                         '{"a":1257894000}'),))  # fmt: skip
def ts_unix(value: Any) -> int:
    """Whole seconds since 1970."""
    return read(value).nanos // SECOND


@family.method("ts_unix_milli", "The time as Unix milliseconds.", aliases=("format_timestamp_unix_milli",),
               examples=(("root.a = this.a.ts_unix_milli()", '{"a":"2009-11-10T23:00:00Z"}',
                         '{"a":1257894000000}'),))  # fmt: skip
def ts_unix_milli(value: Any) -> int:
    """Whole milliseconds since 1970."""
    return read(value).nanos // 1_000_000


@family.method("ts_unix_micro", "The time as Unix microseconds.", aliases=("format_timestamp_unix_micro",),
               examples=(("root.a = this.a.ts_unix_micro()", '{"a":"2009-11-10T23:00:00Z"}',
                          '{"a":1257894000000000}'),))  # fmt: skip
def ts_unix_micro(value: Any) -> int:
    """Whole microseconds since 1970."""
    return read(value).nanos // 1_000


@family.method("ts_unix_nano", "The time as Unix nanoseconds.", aliases=("format_timestamp_unix_nano",),
               examples=(("root.a = this.a.ts_unix_nano()", '{"a":"2009-11-10T23:00:00Z"}',
                          '{"a":1257894000000000000}'),))  # fmt: skip
def ts_unix_nano(value: Any) -> int:
    """Nanoseconds since 1970."""
    return read(value).nanos


def _in_zone(name: str) -> Callable[[Any], Timestamp]:
    there = zone(name)
    return lambda value: Timestamp(read(value).nanos, there)


@family.method("ts_tz", "The time in another zone.", Parameter("tz", "string", "An IANA name, `UTC` or `Local`."),
               prepare=_in_zone,
               examples=(('root.a = this.a.ts_tz("UTC")', '{"a":"2021-02-03T17:05:06+01:00"}',
                          '{"a":"2021-02-03T16:05:06Z"}'),))  # fmt: skip
def ts_tz(value: Any, name: str) -> Timestamp:
    """The same moment."""
    return Timestamp(read(value).nanos, zone(name))


# durations are rounded to multiples counted from the year 1
_YEAR_ONE = 62_135_596_800 * SECOND


@family.method("ts_round", "The time rounded to a multiple of a duration, halves up.",
               Parameter("duration", "integer", "Nanoseconds; see `parse_duration`."),
               examples=(('root.a = this.a.ts_round("1h".parse_duration())', '{"a":"2020-08-14T05:54:23Z"}',
                          '{"a":"2020-08-14T06:00:00Z"}'),))  # fmt: skip
def ts_round(value: Any, duration: int) -> Timestamp:
    """The rounded time."""
    at = read(value)
    if duration <= 0:
        return at
    past = (at.nanos + _YEAR_ONE) % duration
    return Timestamp(at.nanos - past + (duration if past * 2 >= duration else 0), at.zone)


@family.method("ts_sub", "The nanoseconds from another time to this one.",
               Parameter("t2", "any", "The other time."),
               examples=(('root.a = this.a.ts_sub("2020-08-14T05:54:23Z").abs()', '{"a":"2020-08-13T05:54:23Z"}',
                          '{"a":86400000000000}'),))  # fmt: skip
def ts_sub(value: Any, other: Any) -> int:
    """The difference; negative where the other is later."""
    return read(value).nanos - read(other).nanos


_UNITS = {
    "ns": 1, "us": 1_000, "µs": 1_000, "μs": 1_000, "ms": 1_000_000, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND,
}  # fmt: skip
_DURATION_PART = re.compile(r"([0-9]{1,19})?(?:\.([0-9]{0,30}))?(ns|us|µs|μs|ms|s|m|h)")


@family.method("parse_duration", "The nanoseconds of a duration such as `300ms`, `-1.5h` or `2h45m`.",
               examples=(("root.a = this.a.parse_duration()", '{"a":"50us"}', '{"a":50000}'),))  # fmt: skip
def parse_duration(value: Any) -> int:
    """The duration."""
    spelled = text(value)
    unsigned = spelled[1:] if spelled[:1] in {"+", "-"} else spelled
    if unsigned == "0":
        return 0
    total = end = 0
    for part in _DURATION_PART.finditer(unsigned):
        if part.start() != end or not (part[1] or part[2]):
            break
        end = part.end()
        total += int(part[1] or 0) * _UNITS[part[3]]
        if part[2]:
            total += int(part[2]) * _UNITS[part[3]] // 10 ** len(part[2])
    if not unsigned or end != len(unsigned) or total >= 2**63:
        raise MappingError(f'time: invalid duration "{spelled}"')
    return -total if spelled[0] == "-" else total


_PERIOD = re.compile(
    r"([+-]?)P(?=[0-9T])(?:([0-9.,]+)Y)?(?:([0-9.,]+)M)?(?:([0-9.,]+)W)?(?:([0-9.,]+)D)?"
    r"(?:T(?=[0-9])(?:([0-9.,]+)H)?(?:([0-9.,]+)M)?(?:([0-9.,]+)S)?)?\Z"
)
# a year of 365.2425 days, and a twelfth of it
_PERIOD_SECONDS = (31_556_952, 2_629_746, 604_800, 86_400, 3_600, 60, 1)


def _period(spelled: str) -> tuple[int, list[tuple[int, int]]]:
    """The sign, and for each unit its amount as a fraction (numerator, denominator)."""
    found = _PERIOD.match(spelled)
    if found is None:
        raise MappingError(f'"{spelled}": expected a period such as P3Y6M4DT12H30M5S')
    amounts: list[tuple[int, int]] = []
    for given in found.groups()[1:]:
        whole, _, decimals = (given or "0").replace(",", ".").partition(".")
        if "." in decimals or not (whole + decimals).isdigit() or len(whole) > 12 or len(decimals) > 30:
            raise MappingError(f'"{spelled}": `{given}` is no number')
        amounts.append((int(whole + decimals), 10 ** len(decimals)))
    return (-1 if found[1] == "-" else 1), amounts


@family.method("parse_duration_iso8601", "The nanoseconds of a period such as `P3Y6M4DT12H30M5S`.",
               examples=(("root.a = this.a.parse_duration_iso8601()", '{"a":"PT2.5S"}',
                         '{"a":2500000000}'),))  # fmt: skip
def parse_duration_iso8601(value: Any) -> int:
    """The duration."""
    sign, amounts = _period(text(value))
    units = zip(amounts, _PERIOD_SECONDS, strict=True)
    return sign * sum(amount * seconds * SECOND // scale for (amount, scale), seconds in units)


_PERIOD_PARAMETER = Parameter("duration", "string", "A period such as `P1Y2M3DT4H`.")


@family.method("ts_add_iso8601", "The time later by a period; years, months and days by the calendar.",
               _PERIOD_PARAMETER,
               examples=(('root.a = this.a.ts_add_iso8601("P1M")', '{"a":"2020-01-15T00:00:00Z"}',
                          '{"a":"2020-02-15T00:00:00Z"}'),))  # fmt: skip
def ts_add_iso8601(value: Any, period: str) -> Timestamp:
    """The later time."""
    return _moved(read(value), period, 1)


@family.method("ts_sub_iso8601", "The time earlier by a period; years, months and days by the calendar.",
               _PERIOD_PARAMETER,
               examples=(('root.a = this.a.ts_sub_iso8601("P1D")', '{"a":"2020-01-15T00:00:00Z"}',
                          '{"a":"2020-01-14T00:00:00Z"}'),))  # fmt: skip
def ts_sub_iso8601(value: Any, period: str) -> Timestamp:
    """The earlier time."""
    return _moved(read(value), period, -1)


def _moved(timestamp: Timestamp, period: str, direction: int) -> Timestamp:
    sign, amounts = _period(period)
    sign *= direction
    (years, _), (months, _), (weeks, _), (days, _) = amounts[:4]
    at = local(timestamp)
    if all(scale == 1 for _, scale in amounts[:4]):
        timestamp = moment(
            at.year + sign * years, at.month + sign * months, at.day + sign * (weeks * 7 + days),
            hour=at.hour, minute=at.minute, second=at.second, nanos=timestamp.nanos % SECOND, zone=timestamp.zone,
        )  # fmt: skip
        amounts = [(0, 1)] * 4 + amounts[4:]
    units = zip(amounts, _PERIOD_SECONDS, strict=True)
    nanos = sum(amount * seconds * SECOND // scale for (amount, scale), seconds in units)
    return Timestamp(timestamp.nanos + sign * nanos, timestamp.zone)
