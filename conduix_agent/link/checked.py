"""Small files that are there whole or not at all: written beside, synced, renamed, with a checksum in front."""

from __future__ import annotations

import hashlib
from pathlib import Path

from conduix.engine.files import Files
from conduix.errors import StateDamaged

_MAGIC = b"conduix-state 1 "


def write_checked(files: Files, path: Path, body: bytes) -> None:
    """Replace `path`; durable when this returns. Readable by its owner only. Raises OSError."""
    files.replace(path, _head(body) + body, mode=0o600)


def read_checked(path: Path) -> bytes | None:
    """What was written last; None: nothing ever was. Raises StateDamaged, OSError."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    head, _, body = data.partition(b"\n")
    if head + b"\n" != _head(body):
        raise StateDamaged(
            f"{path} does not verify: its checksum is not that of its content",
            remedy="restore the state directory from a backup, or remove this file and follow docs/reference/agent.md",
        )
    return body


def _head(body: bytes) -> bytes:
    return _MAGIC + hashlib.sha256(body).hexdigest().encode() + b"\n"
