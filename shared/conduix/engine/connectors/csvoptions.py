"""Option types that every connector with csv shares."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator


def _one_byte(value: str) -> str:
    if len(value) != 1 or not value.isascii() or value in '"\r\n':
        raise ValueError(f"{value!r} cannot stand between fields; write one ASCII character like ',' ';' or '\\t'")
    return value


def _different(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        raise ValueError("name at least one column, or leave csv_columns out")
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"the column {name!r} stands there twice; give each its own name")
    return names


Delimiter = Annotated[str, AfterValidator(_one_byte)]
"""What stands between two fields: one ASCII character."""

Columns = Annotated[tuple[str, ...], AfterValidator(_different)]
"""Names of columns, in order, no two alike."""
