"""Messages on a socket pair: four bytes with the length, the highest first, and as many bytes of protobuf."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Protocol

LENGTH = struct.Struct(">I")
MAX_BYTES = 64 * 1024 * 1024
"""Of one message; a longer one is a broken line."""


class _Writable(Protocol):
    def SerializeToString(self) -> bytes:  # noqa: N802 - protobuf's name
        """The message's bytes."""


def frame(message: _Writable) -> bytes:
    """The bytes that carry a message."""
    body = message.SerializeToString()
    return LENGTH.pack(len(body)) + body


def read_frame(read: Callable[[int], bytes]) -> bytes | None:
    """The next message's bytes; None where the line ends. `read` gives at most as many bytes as asked for, none at EOF.

    Raises:
        ValueError: what came is no frame.
    """
    header = _read_exactly(read, LENGTH.size)
    if header is None:
        return None
    (length,) = LENGTH.unpack(header)
    if length > MAX_BYTES:
        raise ValueError(f"a message of {length} bytes, more than {MAX_BYTES}")
    return _read_exactly(read, length)


def _read_exactly(read: Callable[[int], bytes], count: int) -> bytes | None:
    parts: list[bytes] = []
    while count:
        part = read(min(count, 1 << 20))
        if not part:
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
