"""How records are laid out in an output file: line by line, as one JSON array, or as csv."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol

from conduix.engine.api import Batch, Json, Letter, Lines
from conduix.engine.connectors.file.options import Packing
from conduix.engine.connectors.records import Body


class Layout(Protocol):
    """Turns batches into the bytes of a file."""

    accepts: tuple[Body, ...]

    def encode(self, batch: Batch, *, begun: bool) -> tuple[bytes, Sequence[Letter]]:
        """The bytes to append, and the records refused. `begun`: the file holds something already."""

    def ending(self, *, begun: bool) -> bytes:
        """What makes the file complete."""

    def state(self) -> Json:
        """What must be known to go on writing."""

    def restore(self, state: Json) -> None:
        """Go back to a state; None: nothing is known yet."""

    def follow(self, place: Path, packing: Packing) -> bytes:
        """Go on in a file that somebody else has begun; returns what must stand before the next record."""


class LineLayout:
    """Records as they come, one a line."""

    def __init__(self, body: Literal["jsonl", "lines"]) -> None:
        self.accepts: tuple[Body, ...] = (body,)

    def encode(self, batch: Batch, *, begun: bool) -> tuple[bytes, Sequence[Letter]]:
        """See `Layout.encode`."""
        return _data(batch), ()

    def ending(self, *, begun: bool) -> bytes:
        """See `Layout.ending`: nothing."""
        return b""

    def state(self) -> Json:
        """See `Layout.state`: nothing."""
        return None

    def restore(self, state: Json) -> None:
        """See `Layout.restore`: nothing."""

    def follow(self, place: Path, packing: Packing) -> bytes:
        """See `Layout.follow`: a newline, if the last line has none."""
        return b"\n" if packing == "none" and not ends_with_newline(place) else b""


class ArrayLayout:
    """One JSON array, an item a line; valid once `ending` is written, for no records too."""

    accepts: tuple[Body, ...] = ("jsonl",)

    def encode(self, batch: Batch, *, begun: bool) -> tuple[bytes, Sequence[Letter]]:
        """See `Layout.encode`."""
        # a blank line is no item; strings in JSON hold no newline
        items = b",\n".join([line for line in _data(batch).split(b"\n") if line.strip()])
        if not items:
            return b"", ()
        return (b",\n" if begun else b"[\n") + items, ()

    def ending(self, *, begun: bool) -> bytes:
        """See `Layout.ending`."""
        return b"\n]\n" if begun else b"[]\n"

    def state(self) -> Json:
        """See `Layout.state`: nothing."""
        return None

    def restore(self, state: Json) -> None:
        """See `Layout.restore`: nothing."""

    def follow(self, place: Path, packing: Packing) -> bytes:
        """See `Layout.follow`: cannot be, because an array is never appended to."""
        raise TypeError(f"{place} is a json array and cannot be appended to")


def _data(batch: Batch) -> bytes:
    if not isinstance(batch.body, Lines):
        raise TypeError(f"a file sink that takes lines was given {type(batch.body).__name__}")
    return batch.body.data


def ends_with_newline(place: Path) -> bool:
    """Is the last line of a file ended?"""
    with place.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"
