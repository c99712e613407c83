"""Values that other libraries read, in the types of the language."""

from __future__ import annotations

import datetime as dt
from typing import Any

from conduix.errors import MappingError
from conduix.mapping.timestamps import SECOND
from conduix.mapping.values import Timestamp

_MOST_VALUES = 200_000


def adopt(value: Any) -> Any:
    """The value with text as keys, lists as arrays and times as timestamps.

    Raises:
        MappingError: a type that the language has not, or more values than a limit with all aliases resolved.
    """
    return _adopt(value, [_MOST_VALUES])


def _adopt(value: Any, left: list[int]) -> Any:
    left[0] -= 1
    if left[0] < 0:
        raise MappingError(f"the document has more than {_MOST_VALUES} values")
    if isinstance(value, dict):
        return {_adopt(str(key), left): _adopt(item, left) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_adopt(item, left) for item in value]
    if isinstance(value, dt.date):
        return _moment(value)
    if isinstance(value, str) and not _is_text(value):
        raise MappingError(f"the document has a text that is no Unicode: {value!a}")
    if value is None or isinstance(value, str | bytes | bool | int | float):
        return value
    raise MappingError(f"the document has a value of type {type(value).__name__}, which a mapping cannot hold")


def _is_text(value: str) -> bool:
    """Is it Unicode? Halves of pairs, which YAML can write as escapes, are not."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _moment(value: dt.date) -> Timestamp:
    if not isinstance(value, dt.datetime):
        value = dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC)
    aware = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
    seconds = int(aware.replace(microsecond=0).timestamp())
    return Timestamp(seconds * SECOND + aware.microsecond * 1000, aware.tzinfo or dt.UTC)
