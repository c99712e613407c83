"""What can be done here and where one can go, by what is typed: letters in this order, the best match first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from conduix_tui.store.filters import in_order

MOST = 60
"""Entries that are offered at once."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that the palette offers."""

    label: str
    run: Callable[[], Awaitable[None] | None]
    hint: str = ""
    """The key or command that does the same."""
    why_not: str = ""
    """Why it cannot be done now; empty: it can."""


def ranked(entries: Iterable[Entry], typed: str) -> Sequence[Entry]:
    """Those that have the typed letters; where a word begins with them before where they only occur, else as given."""
    wanted = typed.strip().lower()
    if not wanted:
        return list(entries)[:MOST]
    fits = [(fit, entry) for entry in entries if (fit := _fit(wanted, entry.label.lower())) is not None]
    return [entry for _, entry in sorted(fits, key=lambda pair: pair[0])][:MOST]


def _fit(wanted: str, label: str) -> int | None:
    """0: the label begins so; 1: a word of it; 2: it has it inside; 3: its letters in this order; None: not at all."""
    if label.startswith(wanted):
        return 0
    if any(label.startswith(wanted, at + 1) for at, character in enumerate(label) if not character.isalnum()):
        return 1
    if wanted in label:
        return 2
    return 3 if in_order(wanted.replace(" ", ""), label) else None
