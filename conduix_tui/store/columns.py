"""The columns of a list: what is shown of a row, what it is sorted by, what a filter may ask about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

Row = TypeVar("Row")

Value = str | int | float | bool | None
_GAP = 1
"""Characters between two columns."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What a column shows of one row. `tone` is a word of the theme (`good`, `bad`, `dim`), not a colour."""

    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """One column of a list."""

    key: str
    """What people write in filters and in `sort=`."""
    title: str
    value: Callable[[Row], Value]
    """What it is sorted and filtered by."""
    cell: Callable[[Row], Cell]
    width: int = 10
    """Characters; of the column that grows the least."""
    priority: int = 5
    """Columns with the highest numbers are dropped first where the terminal is narrow; 0: never."""
    align: Literal["left", "right"] = "left"
    grows: bool = False
    """Takes what is left of the line; one column of a list does."""


def fitting(columns: Sequence[Column[Any]], width: int) -> list[tuple[Column[Any], int]]:
    """The columns that a line of `width` characters has room for, in order, each with its width."""
    kept = list(columns)
    while len(kept) > 1 and sum(column.width + _GAP for column in kept) - _GAP > width:
        droppable = [column for column in kept if column.priority]
        if not droppable:
            break
        kept.remove(max(reversed(droppable), key=lambda column: column.priority))
    spare = max(0, width - sum(column.width + _GAP for column in kept) + _GAP)
    return [(column, column.width + (spare if column.grows else 0)) for column in kept]


def by_key(columns: Sequence[Column[Row]]) -> Mapping[str, Column[Row]]:
    """Columns by their key."""
    return {column.key: column for column in columns}
