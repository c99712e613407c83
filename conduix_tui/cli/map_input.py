"""The file of records that `--input` names."""

from __future__ import annotations

from itertools import islice
from typing import Any, BinaryIO

import msgspec

from conduix.errors import UsageError


def open_input(file: str) -> BinaryIO:
    """The file, opened for reading. Raises UsageError."""
    try:
        return open(file, "rb")
    except OSError as error:
        raise UsageError(f"cannot read the records {file}: {error.strerror}", remedy="check the path") from error


def first_objects(lines: BinaryIO, most: int = 100) -> list[dict[str, Any]]:
    """The objects among the first lines, to learn the shape of records from; other lines say nothing of it."""
    found = []
    for line in islice(lines, most):
        try:
            value = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        if isinstance(value, dict):
            found.append(value)
    return found
