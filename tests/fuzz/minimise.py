"""Makes a finding smaller: parts of texts and lists are taken out while it stays the same finding."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from tests.fuzz.guard import judge
from tests.fuzz.target import Case, Target

Path = tuple[str | int, ...]


def minimise(target: Target, case: Case, kind: str, *, seconds: float = 20.0) -> Case:
    """The smallest case found within `seconds` that is still of this kind."""
    until = time.monotonic() + seconds
    quick = replace(target, seconds=min(target.seconds, 2.0)) if kind != "takes too long" else target

    def still(candidate: Case) -> bool:
        return judge(quick, candidate).kind == kind

    smaller = True
    while smaller and time.monotonic() < until:
        smaller = False
        for path in list(_places(case, ())):
            case, changed = _shortened(case, path, still, until)
            smaller = smaller or changed
    return case


def _places(value: Any, path: Path) -> Iterator[Path]:
    """Where texts and lists stand; lists first, as more goes with them."""
    if isinstance(value, list | str):
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        yield from _places(below, (*path, key))


def _at(value: Any, path: Path) -> Any:
    for step in path:
        if isinstance(value, list) and isinstance(step, int) and step >= len(value):
            return None  # taken out meanwhile
        value = value[step]
    return value


def _with(value: Any, path: Path, new: Any) -> Any:
    if not path:
        return new
    if isinstance(value, dict):
        return {**value, path[0]: _with(value[path[0]], path[1:], new)}
    assert isinstance(path[0], int)
    return [*value[: path[0]], _with(value[path[0]], path[1:], new), *value[path[0] + 1 :]]


def _shortened(case: Case, path: Path, still: Callable[[Case], bool], until: float) -> tuple[Case, bool]:
    """The case with as much as possible taken out of one text or list."""
    part: Any = _at(case, path)
    if part is None:
        return case, False  # it went with a list around it
    changed, size = False, len(part)
    while size and time.monotonic() < until:
        at = 0
        while at < len(part) and time.monotonic() < until:
            shorter = part[:at] + part[at + size :]
            candidate = _with(case, path, shorter)
            if still(candidate):
                case, part, changed = candidate, shorter, True
            else:
                at += size
        size //= 2
    return case, changed
