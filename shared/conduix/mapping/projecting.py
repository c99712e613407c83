"""Lines of JSON decoded by a projection: a batch in one go where that is possible, line by line where it is not."""

from __future__ import annotations

from typing import Any

import msgspec

from conduix.mapping.compiler.project import Shape, struct_of
from conduix.mapping.inputs import Input, JsonInput, Unreadable

APART = 16
"""After a batch that could not be decoded in one go, so many are not tried."""


class Projector:
    """The decoder of one program; the first batch shows in which order fields come."""

    def __init__(self) -> None:
        self._decoder: msgspec.json.Decoder[Any] | None = None
        self._apart = 0

    def decoder(self, shape: Shape, given: Input) -> msgspec.json.Decoder[Any]:
        """Decodes what `shape` says of a line."""
        if self._decoder is None:
            try:
                sample = given.whole(0) if given.count else None
            except Unreadable:
                sample = None
            self._decoder = msgspec.json.Decoder(struct_of(shape, sample))
        return self._decoder

    def records(self, shape: Shape, given: Input) -> list[Any] | None:
        """All records of the batch; None where they have to be decoded one by one."""
        if self._apart or not isinstance(given, JsonInput):
            self._apart = max(self._apart - 1, 0)
            return None
        made = given.in_one(self.decoder(shape, given).decode)
        if made is None:
            self._apart = APART
        return made
