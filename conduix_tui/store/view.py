"""A list as it is shown: rows by id, and their order under one sort and one filter, kept as rows come and go.

Changes are only noted when they come; `refresh` puts them in place, once for each repaint, however many there were.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import total_ordering
from typing import Any, Generic, TypeVar

from conduix_tui.store.columns import Column, Value, by_key
from conduix_tui.store.filters import Filter, parse

Row = TypeVar("Row")
Place = tuple[Any, str]
"""What a row is sorted by, and its id, which decides between equals."""

_MANY = 8
"""From every eighth row on sorting all of them anew is quicker than putting each in its place."""


@total_ordering
class _Falling:
    """A key that sorts the other way round."""

    __slots__ = ("key",)

    def __init__(self, key: Any) -> None:
        self.key = key

    def __lt__(self, other: _Falling) -> bool:
        return bool(other.key < self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Falling) and self.key == other.key

    __hash__ = None  # type: ignore[assignment]  # nothing keeps them in a set


class View(Generic[Row]):
    """Rows of one kind. Positions count from 0 in the order that is shown."""

    def __init__(self, columns: Sequence[Column[Row]], *, sort: str = "", falling: bool = False) -> None:
        self.columns = tuple(columns)
        self._by_key = by_key(columns)
        self._sort = self._by_key[sort or columns[0].key]
        self.falling = falling
        self.filter: Filter[Row] = parse("", columns)
        self.marked: set[str] = set()
        self._rows: dict[str, Row] = {}
        self._places: dict[str, Place] = {}
        """Of the rows that are shown."""
        self._order: list[Place] = []
        self._changed: set[str] = set()
        self._stale = False
        """Must everything be put in order anew?"""

    # what comes

    def reset(self, rows: Mapping[str, Row]) -> None:
        """These are all rows that there are. Marks of rows that are gone go with them."""
        self._rows = dict(rows)
        self.marked &= self._rows.keys()
        self._stale = True

    def put(self, key: str, row: Row) -> None:
        """A row is new, or has changed."""
        self._rows[key] = row
        self._changed.add(key)

    def remove(self, key: str) -> None:
        """A row is gone."""
        if self._rows.pop(key, None) is not None:
            self._changed.add(key)
            self.marked.discard(key)

    # what people ask for

    def order_by(self, key: str, *, falling: bool) -> None:
        """Sort by the column `key`. Raises KeyError."""
        self._sort, self.falling = self._by_key[key], falling
        self._stale = True

    @property
    def sorted_by(self) -> str:
        """The column's key."""
        return self._sort.key

    def filter_by(self, text: str) -> Filter[Row]:
        """Show only what `text` says; see `conduix_tui.store.filters`."""
        if text != self.filter.text:
            self.filter = parse(text, self.columns)
            self._stale = True
        return self.filter

    def mark(self, keys: Iterable[str], *, on: bool | None = None) -> None:
        """Mark rows; `on=None`: the other way round, each."""
        for key in keys:
            if key in self._rows and (on is True or (on is None and key not in self.marked)):
                self.marked.add(key)
            else:
                self.marked.discard(key)

    # what is shown

    def refresh(self) -> bool:
        """Put what has changed in its place; False where nothing has."""
        if not (self._stale or self._changed):
            return False
        if self._stale or len(self._changed) * _MANY > len(self._order) + _MANY:
            self._order_all()
        else:
            for key in self._changed:
                self._put_in_place(key)
        self._stale = False
        self._changed.clear()
        return True

    def _order_all(self) -> None:
        matches, place = self.filter.matches, self._place
        self._places = {key: place(key, row) for key, row in self._rows.items() if matches(row)}
        self._order = sorted(self._places.values())

    def _put_in_place(self, key: str) -> None:
        before = self._places.pop(key, None)
        row = self._rows.get(key)
        after = self._place(key, row) if row is not None and self.filter.matches(row) else None
        if after is not None:
            self._places[key] = after
        if before == after:
            return
        if before is not None:
            del self._order[bisect_left(self._order, before)]
        if after is not None:
            insort(self._order, after)

    def _place(self, key: str, row: Row) -> Place:
        value = _comparable(self._sort.value(row))
        return (_Falling(value) if self.falling else value, key)

    def __len__(self) -> int:
        return len(self._order)

    @property
    def total(self) -> int:
        """With those that the filter hides."""
        return len(self._rows)

    def key_at(self, position: int) -> str:
        """The id of the row that is shown there. Raises IndexError."""
        return self._order[position][1]

    def row_at(self, position: int) -> Row:
        """The row that is shown there. Raises IndexError."""
        return self._rows[self._order[position][1]]

    def get(self, key: str) -> Row | None:
        """The row of this id, shown or not."""
        return self._rows.get(key)

    def position_of(self, key: str) -> int | None:
        """Where the row is shown; None: it is not."""
        place = self._places.get(key)
        return None if place is None else bisect_left(self._order, place)

    def keys(self, positions: range | None = None) -> Iterator[str]:
        """Ids in the order that is shown."""
        places = self._order if positions is None else self._order[positions.start : positions.stop]
        return (key for _, key in places)


def _comparable(value: Value) -> tuple[int, Any]:
    """Values of all kinds in one order: nothing, then numbers, then texts without regard to case."""
    if value is None:
        return (0, 0)
    if isinstance(value, str):
        return (2, value.casefold())
    return (1, value)
