"""Numbers as people read them: counts, rates, sizes, durations, ages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def count(number: int) -> str:
    """`336,776`."""
    return f"{number:,}"


def plural(number: int, noun: str) -> str:
    """`1 record`, `2 records`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def rate(per_second: float) -> str:
    """`950/s`, `12.4k/s`, `1.24M/s`."""
    if per_second >= 1_000_000:
        return f"{per_second / 1_000_000:.2f}M/s"
    return f"{per_second / 1000:.1f}k/s" if per_second >= 10_000 else f"{per_second:,.0f}/s"


def size(number: int) -> str:
    """`64KiB`, `10MB`, `123B`: the largest unit that keeps the number whole."""
    for power in (4, 3, 2, 1):
        for base, suffix in ((1024, "iB"), (1000, "B")):
            if number and number % base**power == 0:
                return f"{number // base**power}{' KMGT'[power]}{suffix}"
    return f"{number}B"


def duration(seconds: float) -> str:
    """`250ms`, `1.5s`, `10s`, `5m`, `1h30m`: as a document writes it."""
    if 0 < seconds < 1:
        return f"{seconds * 1000:.3g}ms"
    if seconds != int(seconds) and seconds < 60:
        return f"{seconds:.3g}s"
    left, parts = int(seconds), []
    for length, unit in _UNITS:
        if left >= length:
            parts.append(f"{left // length}{unit}")
            left %= length
    return "".join(parts) or "0s"


def visible(text: str) -> str:
    """`text` with control characters escaped: names and values of other people's data must not steer a terminal."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


def table(rows: Iterable[Sequence[str]], *, indent: int = 0, right: Iterable[int] = ()) -> list[str]:
    """Lines of left-aligned columns two spaces apart (those of `right`: right-aligned); the last one is not padded."""
    body = [tuple(row) for row in rows]
    to_the_right = frozenset(right)
    widths = [max(map(len, column)) for column in zip(*body, strict=True)]
    return [" " * indent + _row(row, widths, to_the_right) for row in body]


def _row(cells: Sequence[str], widths: Sequence[int], right: frozenset[int]) -> str:
    padded = (
        text.rjust(width) if i in right else text.ljust(width)
        for i, (text, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join(padded).rstrip()
