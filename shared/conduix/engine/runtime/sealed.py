"""Files that verify themselves: a digest, a newline, JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from conduix.errors import CheckpointDamaged, from_os_error

R = TypeVar("R")


def seal(content: object) -> bytes:
    """The bytes of such a file."""
    body = msgspec.json.encode(content)
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def unseal(path: Path, wanted: type[R]) -> R | None:
    """What a sealed file holds; None where it does not verify.

    Raises:
        CheckpointDamaged: it verifies, but another version of Conduix wrote it.
        ConnectorError: it cannot be read.
    """
    digest, _, body = read(path).partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != digest:
        return None
    try:
        return msgspec.json.decode(body, type=wanted)
    except msgspec.MsgspecError as error:
        raise CheckpointDamaged(
            f"{path} was written by another version of Conduix: {error}",
            remedy="run the version that wrote it, or start anew with --fresh",
        ) from error


def read(path: Path) -> bytes:
    """A file's bytes. Raises ConnectorError."""
    with classed("read the checkpoint", path):
        return path.read_bytes()


@contextmanager
def classed(doing: str, path: Path) -> Iterator[None]:
    """Turn an OSError into the classed error of `doing` something to `path`."""
    try:
        yield
    except OSError as error:
        raise from_os_error(error, doing, str(path)) from error
