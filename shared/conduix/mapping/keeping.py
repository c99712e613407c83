"""Whole records as Structs, batch by batch: which records are learned from, and which are surely as decoded.

A record is taken only if its Struct, encoded again, gives the bytes that came. So the order of its keys, numbers,
escapes and spaces are those that the general way would write, and no key stands there twice. Everything else, however
legal, goes the general way, alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from conduix.mapping.compiler.batch import compile_kept
from conduix.mapping.compiler.keep import keepable
from conduix.mapping.compiler.order import BatchFunction, Order
from conduix.mapping.compiler.project import struct_of
from conduix.mapping.inputs import Input, JsonInput, Unreadable
from conduix.mapping.projecting import APART

_SAMPLES = 100
"""How many records of a batch are looked at to learn their shape."""
_TRIES = 3
"""After so many shapes that did not fit, the general way is taken for good."""

_encoder = msgspec.json.Encoder()


class Keeper:
    """Decodes the batches of one program.

    Attributes:
        function: what runs over the decoded records; None: nothing is learned yet, or the general way is taken.
    """

    def __init__(self, order: Order) -> None:
        self.function: BatchFunction | None = None
        self._order = order
        self._samples: list[Mapping[str, Any]] = []
        self._left = _TRIES if keepable(order) else 0
        self._decoder: msgspec.json.Decoder[Any] | None = None
        self._apart = 0

    def records(self, given: Input) -> list[Any] | None:
        """The records of a batch, None in the place of each that does not fit; None: take the general way."""
        if not isinstance(given, JsonInput) or not self._learned(given) or self._decoder is None:
            return None
        if self._apart:
            self._apart -= 1
        elif (made := given.in_one(self._decoder.decode)) is not None and _written(made) == given.data:
            return made
        else:
            self._apart = APART
        made = _each(self._decoder.decode, given.items)
        written = _written(made).split(b"\n")
        if len(written) != given.count + 1:
            return None
        lines = zip(made, written[:-1], given.items, strict=True)
        return [record if again == line else None for record, again, line in lines]

    def missed(self) -> None:
        """Too many records did not fit: learn anew from the next batch."""
        self.function = None

    def _learned(self, given: Input) -> bool:
        if self.function is None and self._left:
            self._left -= 1
            self._samples += _objects(given)
            self.function = compile_kept(self._order, self._samples) if self._samples else None
            if self.function is not None:
                self._decoder = msgspec.json.Decoder(struct_of(self.function.shape))
        return self.function is not None


def _objects(given: Input) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for index in range(min(given.count, _SAMPLES)):
        try:
            value = given.whole(index)
        except Unreadable:
            continue
        if isinstance(value, dict):
            found.append(value)
    return found


def _written(records: list[Any]) -> bytes:
    """The records as lines; nothing where one is nested too deep."""
    try:
        return _encoder.encode_lines(records)
    except RecursionError:
        return b""


def _each(decode: Callable[[bytes], Any], lines: Sequence[bytes]) -> list[Any]:
    """Each line decoded; None where that fails."""
    made: list[Any] = []
    decoded = map(decode, lines)
    while True:
        try:
            made.extend(decoded)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            # what was decoded before is in the list, and the next round goes on behind this line
            made.append(None)
        else:
            return made
