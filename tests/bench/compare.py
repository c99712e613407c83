"""Are two files of JSON lines the same records in the same order? Read side by side, so memory stays small."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path

import orjson


def difference(ours: Path, theirs: Path) -> str | None:
    """The first record in which they differ, in words; None if they are the same as parsed JSON.

    A file that does not end with a newline, or holds a line that is no JSON, differs.
    """
    with ours.open("rb") as left, theirs.open("rb") as right:
        for number, (mine, other) in enumerate(zip_longest(left, right), 1):
            if mine == other:
                continue
            if mine is None or other is None:
                return f"{ours if mine is None else theirs} ends before record {number}"
            if not mine.endswith(b"\n"):
                return f"{ours} ends in half a line, at record {number}"
            if _parsed(mine) != orjson.loads(other):
                return f"record {number}: {mine[:400]!r} instead of {other[:400]!r}"
    return None


def _parsed(line: bytes) -> object:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return error
