"""Notices when most of what an actor gets goes to the dead letters: a wrong document, not bad records."""

from __future__ import annotations

from collections import deque

WINDOW = 1_000
"""Records over which the share is taken."""
IN_A_ROW = 100


class Flood:
    """Counts one actor's letters, batch by batch. `ratio`: the share that is too much; 1 and more: nothing is."""

    def __init__(self, ratio: float) -> None:
        self._ratio = ratio
        self._window: deque[tuple[int, int]] = deque()
        self._records = self._dead = self._row = 0

    def note(self, records: int, dead: int) -> str | None:
        """Of `records`, `dead` became letters; says in words why that is a flood, or None."""
        self._row = self._row + dead if dead == records else 0
        self._window.append((records, dead))
        self._records += records
        self._dead += dead
        while self._records - self._window[0][0] >= WINDOW:
            old_records, old_dead = self._window.popleft()
            self._records -= old_records
            self._dead -= old_dead
        if self._ratio >= 1.0:
            return None
        if self._row > IN_A_ROW:
            return f"the last {self._row} records all became dead letters"
        if self._records >= WINDOW and self._dead >= self._ratio * self._records:
            return f"{self._dead} of the last {self._records} records became dead letters"
        return None
