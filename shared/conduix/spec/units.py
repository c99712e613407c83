"""Durations and sizes as people write them."""

from __future__ import annotations

import re

_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]i?B|B)?\s*", re.IGNORECASE)
_POWERS = {"k": 1, "m": 2, "g": 3, "t": 4}


def parse_duration(value: object) -> float:
    """Seconds of `250ms`, `10s`, `5m`, `24h`, `7d` or `1h30m`; a bare 0 is allowed, any other bare number is not.

    Raises:
        ValueError: the text is no duration; says how one is written.
    """
    if value == 0 and not isinstance(value, bool):
        return 0.0
    if isinstance(value, float) and not isinstance(value, bool):
        raise ValueError(f"{value!r} has no unit; write {value:g}s or another of ms, s, m, h, d")
    if isinstance(value, int) and not isinstance(value, bool):
        raise ValueError(f"{value} has no unit; write {value}s or another of ms, s, m, h, d")
    text = value if isinstance(value, str) else ""
    total, at = 0.0, 0
    while at < len(text) and (part := _DURATION.match(text, at)):
        total += float(part[1]) * _SECONDS[part[2]]
        at = part.end()
    if at == 0 or at != len(text):
        raise ValueError(f"{value!r} is not a duration; write for example 250ms, 10s, 5m or 24h")
    return total


def parse_size(value: object) -> int:
    """Bytes of `64KiB`, `10MB`, `1GiB` or a plain number; KB, MB are powers of 1,000, KiB, MiB of 1,024.

    Raises:
        ValueError: the text is no size; says how one is written.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"{value!r} is not a size; write for example 64KiB or 10MB")
    unit = (match[2] or "B").lower()
    base = 1024 if "i" in unit else 1000
    return int(float(match[1]) * base ** _POWERS.get(unit[0], 0))
