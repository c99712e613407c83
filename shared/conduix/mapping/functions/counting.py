"""Counters: by name, and one for each `counter()` that is written."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

from conduix.errors import MappingError
from conduix.mapping.functions.declare import Family, Parameter
from conduix.mapping.values import DELETED, NOTHING, whole

family = Family("general")

_MOST = 2**63 - 1
_counts: dict[str, int] = {}
_Query = Callable[[Any], Any]


class Counter:
    """The count of one call in a mapping's text; the bounds are worked out at its first use and stay."""

    def __init__(self) -> None:
        self.bounds: tuple[int, int] | None = None
        self.value: int | None = None
        self.turn = threading.Lock()
        _all.add(self)

    def next(self, least: int, greatest: int, setting: _Query | None) -> int:
        """The next value, or the one that `setting` says."""
        # before the lock: a query may apply a map in which this very counter stands
        given = NOTHING if setting is None else setting(None)
        with self.turn:
            if self.bounds is None:
                self.bounds = _checked(least, greatest)
            self.value = self._after(given)
            return self.value

    def _after(self, given: Any) -> int:
        least, greatest = self.bounds or (1, _MOST)
        if given is DELETED:
            return least
        if given is None and self.value is not None:
            return self.value
        if given is not NOTHING and given is not None:
            wanted = whole(given)
            if wanted < 0:
                raise MappingError(f"`set` of a counter gives a whole number from 0 on, this is {wanted}")
            return wanted
        return least if self.value is None or self.value >= greatest else self.value + 1


_all: WeakSet[Counter] = WeakSet()


def _checked(least: int, greatest: int) -> tuple[int, int]:
    if least < 0 or greatest <= least:
        raise MappingError(f"a counter needs 0 <= min < max, these are {least} and {greatest}")
    return least, greatest


@family.function("counter", "Counts up each time it is worked out, from `min`; after `max` it begins anew. Each "
                 "`counter()` of a mapping counts for itself, and in each process anew; a record "
                 "that fails may take a number with it.",
                 Parameter("min", "integer", "The first value; read once.", 1),
                 Parameter("max", "integer", "The last value; read once.", _MOST),
                 Parameter("set", "fallback", "What to go on from: a whole number becomes the value, null keeps it, "
                           "`deleted()` begins anew.", None),
                 deterministic=False, scope=True, state=Counter)  # fmt: skip
def counter(_scope: Any, state: Counter, least: int, greatest: int, setting: _Query | None) -> int:
    """The next number."""
    return state.next(least, greatest, setting)


@family.function(
    "count",
    "Counts its calls in this process, from 1, for each name.",
    Parameter("name", "string", "Which counter."),
    deterministic=False,
)
def count(name: str) -> int:
    """The number of this call."""
    _counts[name] = _counts.get(name, 0) + 1
    return _counts[name]


@contextmanager
def counters_kept() -> Iterator[None]:
    """What is counted inside does not count: whoever only looks at records must not change them."""
    named = dict(_counts)
    written = [(each, each.bounds, each.value) for each in _all]
    try:
        yield
    finally:
        _counts.clear()
        _counts.update(named)
        for each, bounds, value in written:
            each.bounds, each.value = bounds, value
