"""The file of records that `--input` names."""

from __future__ import annotations

from typing import BinaryIO

from conduix.errors import UsageError


def open_input(file: str) -> BinaryIO:
    """The file, opened for reading. Raises UsageError."""
    try:
        return open(file, "rb")
    except OSError as error:
        raise UsageError(f"cannot read the records {file}: {error.strerror}", remedy="check the path") from error
