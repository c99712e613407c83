"""Targets of times: what is written by a layout is read back, and whatever the text, only mapping errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from conduix.errors import MappingError
from conduix.mapping import golayout, strftime, timestamps
from conduix.mapping.values import Timestamp
from tests.fuzz import draw
from tests.fuzz.target import Case, Fault, Target

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Africa/Monrovia",
    "Pacific/Apia",
)
_DATES = (
    "2006-01-02",
    "02.01.2006",
    "Jan _2 2006",
    "January 2, 2006",
    "2006 002",
    "Monday, 02-Jan-2006",
    "20060102",
    "2006/1/2",
)
_CLOCKS = ("15:04:05", "03:04:05 PM", "3:4:5pm", "150405", "15h04m05")
_FRACTIONS = ("", ".000", ".000000000", ".999999999", ",000")
_OFFSETS = ("Z07:00", "-07:00", "-0700", "Z0700", "-07:00:00")
_STRFTIME_DATES = ("%Y-%m-%d", "%d/%b/%Y", "%B %e %Y", "%F", "%Y %j", "%A %d.%m.%Y", "%D %C")
_STRFTIME_CLOCKS = ("%H:%M:%S", "%I:%M:%S %p", "%T", "%k %M %S", "%R:%S")
_PIECES = (
    "2006", "06", "01", "1", "Jan", "January", "02", "2", "_2", "__2", "002", "15", "03", "3", "04", "4", "05", "5",
    ".000", ",999", ".00", "PM", "pm", "MST", "Z07:00", "-0700", "-07", "Z070000", "Mon", "Monday", " ", "  ", "T",
    "-", ":", "x", "é", "\x00", "%", "%Y", "%y", "%m", "%d", "%H", "%I", "%M", "%S", "%f", "%z", "%Z", "%j", "%U",
    "%W", "%V", "%G", "%s", "%p", "%b", "%B", "%a", "%e", "%k", "%l", "%-d", "%-", "%%", "%n", "%t", "%c", "%+",
    "%C", "%g", "%u", "%w", "%Q", "%é",
)  # fmt: skip


def _moment(rng: Random) -> int:
    """Nanoseconds since 1970, within the years 1 to 9999, whole seconds mostly at an edge of something."""
    roll = rng.random()
    if roll < 0.5:
        seconds = rng.randrange(-62_135_596_800, 253_402_300_800)
    elif roll < 0.8:
        seconds = rng.randrange(0, 2**32)
    else:
        seconds = rng.choice(
            (0, -1, 1, 951_782_400, 1_709_164_800, 2**31 - 1, 1_729_990_800, 1_711_846_800, 253_402_300_799)
        )
    fraction = rng.choice((0, 0, 1, 999_999_999, 500_000_000, 371_000_000, rng.randrange(10**9)))
    return seconds * timestamps.SECOND + fraction


def _draw_round(rng: Random, _number: int) -> Case:
    if rng.random() < 0.5:
        layout = f"{rng.choice(_DATES)} {rng.choice(_CLOCKS)}{rng.choice(_FRACTIONS)} {rng.choice(_OFFSETS)}"
        return {"by": "go", "layout": layout, "nanos": str(_moment(rng)), "zone": rng.choice(ZONES)}
    layout = f"{rng.choice(_STRFTIME_DATES)} {rng.choice(_STRFTIME_CLOCKS)}{rng.choice(('', '.%f'))} %z"
    return {"by": "strftime", "layout": layout, "nanos": str(_moment(rng)), "zone": rng.choice(ZONES)}


def _run_round(case: Case) -> str:
    by = golayout if case["by"] == "go" else strftime
    moment = Timestamp(int(case["nanos"]), timestamps.zone(case["zone"]))
    try:
        text = by.formatter(case["layout"])(moment)
        local = timestamps.local(moment)
    except MappingError:
        return "refused"
    if not _whole(case, local.year, timestamps.offset_seconds(local)):
        return "not whole"
    again = by.parser(case["layout"])(text)
    if again.nanos // timestamps.SECOND != moment.nanos // timestamps.SECOND:
        raise Fault(f"{case['by']} does not read what it wrote", f"{text!r}: {again.nanos}, not {moment.nanos}")
    if by.formatter(case["layout"])(again) != text:
        raise Fault(f"{case['by']} writes otherwise what it read", f"{text!r}: {by.formatter(case['layout'])(again)!r}")
    return "same"


def _whole(case: Case, year: int, offset: int) -> bool:
    """Does the text hold all of the time? Two digits of a year do not, nor does an offset without its seconds."""
    if "%D" in case["layout"] or year < 1000:
        return False
    return offset % 60 == 0 or "-07:00:00" in case["layout"]


def _draw_wild(rng: Random, _number: int) -> Case:
    layout = "".join(rng.choice(_PIECES) for _ in range(rng.randrange(8)))
    value = rng.choice(
        (draw.text(rng), str(rng.choice(draw.TIMES)), "".join(rng.choice("0123456789:-T. Z+aJn") for _ in range(20)))
    )
    return {
        "by": rng.choice(("go", "strftime")),
        "layout": layout,
        "nanos": str(_far(rng)),
        "text": value,
        "zone": rng.choice(ZONES),
    }


def _far(rng: Random) -> int:
    """Any nanoseconds, most of them in no calendar."""
    return rng.choice((_moment(rng), rng.randrange(-(2**70), 2**70), 2**63 - 1, -(2**63), 10**30))


def _run_wild(case: Case) -> str:
    by = golayout if case["by"] == "go" else strftime
    moment = Timestamp(int(case["nanos"]), timestamps.zone(case["zone"]))
    tries: Sequence[Callable[[], object]] = (
        lambda: by.formatter(case["layout"])(moment),
        lambda: by.parser(case["layout"])(case["text"]),
        lambda: by.parser(case["layout"])(by.formatter(case["layout"])(moment)),
        lambda: timestamps.read(case["text"]),
        lambda: timestamps.rfc3339(moment),
        lambda: timestamps.read(timestamps.rfc3339(moment)).nanos == moment.nanos or _unlike(moment),
    )
    return "read" if sum(map(_works, tries)) > 3 else "refused"


def _unlike(moment: Timestamp) -> bool:
    if timestamps.offset_seconds(timestamps.local(moment)) % 60:
        return False  # RFC 3339 has no seconds in offsets
    raise Fault("RFC 3339 does not read what it wrote", f"{timestamps.rfc3339(moment)}: not {moment.nanos}")


def _works(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except MappingError:
        return False
    return True


TARGETS: Sequence[Target] = (
    Target("times", "layouts of Go and strftime, written and read back", _draw_round, _run_round, 1),
    Target("layouts", "any layout, any time, any text", _draw_wild, _run_wild, 1),
)
