"""Cells of tables: how names, states, counts and times are shown."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from conduix_tui.cli import words
from conduix_tui.cli.server.plain import word
from conduix_tui.cli.terminal import Terminal

_STYLES: Mapping[str, str] = {
    **dict.fromkeys(("RUNNING", "COMPLETED", "ONLINE", "SUCCEEDED"), "green"),
    **dict.fromkeys(
        ("PAUSED", "PENDING", "WAITING_FOR_AGENT", "REWINDING", "DRAINING", "QUEUED", "STARTING"), "yellow"
    ),
    **dict.fromkeys(("FAILED", "OFFLINE", "EXPIRED", "REVOKED"), "red"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its head, and the text of a message's cell."""

    head: str
    cell: Callable[[Any], str]
    right: bool = False


def text(name: str, head: str = "") -> Column:
    """A field as it is."""
    return Column(head or name.upper(), lambda message: words.visible(getattr(message, name)) or "-")


def number(name: str, head: str = "") -> Column:
    """A field that counts."""
    return Column(head or name.upper(), lambda message: words.count(getattr(message, name)), right=True)


def state(name: str, head: str = "") -> Column:
    """A field with an enumerated value."""
    return Column(head or name.upper(), lambda message: state_word(message, name) or "-")


def age(name: str, head: str) -> Column:
    """How long ago a time was, or how far it is ahead."""
    return Column(head, lambda message: ago(message, name))


def labels(head: str = "LABELS") -> Column:
    """`env=prod,zone=a`."""
    return Column(head, lambda message: label_text(message.labels))


def state_word(message: Message, name: str) -> str:
    """The word of an enumerated field; empty where nothing is set."""
    kind = message.DESCRIPTOR.fields_by_name[name].enum_type
    return "" if kind is None else word(kind, getattr(message, name))


def label_text(of: Mapping[str, str]) -> str:
    """Labels in the order of their names."""
    return words.visible(",".join(f"{key}={value}" for key, value in sorted(of.items()))) or "-"


def ago(message: Message, name: str) -> str:
    """`3m`, `2d4h`, `in 5m`, or `-` where nothing is set."""
    if not message.HasField(name):
        return "-"
    at: Timestamp = getattr(message, name)
    passed = int(time.time() - at.ToNanoseconds() / 1e9)
    return f"in {short(-passed)}" if passed < 0 else short(passed)


def short(seconds: int) -> str:
    """A duration to the two largest units, and of long ones without the seconds."""
    unit = 3600 if seconds >= 86400 else 60 if seconds >= 3600 else 1
    return words.duration(seconds - seconds % unit)


class Table:
    """Rows under their heads; keeps its widths, so that rows that come later stand below the first ones."""

    def __init__(self, columns: Sequence[Column], terminal: Terminal) -> None:
        self._columns = columns
        self._terminal = terminal
        self._widths = [len(column.head) for column in columns]

    def head(self) -> str:
        """The line of the heads; call it after `fit`."""
        return self._terminal.styled(self._line([column.head for column in self._columns]), "bold", out=True)

    def fit(self, messages: Sequence[Message]) -> None:
        """Make the columns wide enough for these."""
        for message in messages:
            for i, column in enumerate(self._columns):
                self._widths[i] = max(self._widths[i], len(column.cell(message)))

    def row(self, message: Message) -> str:
        """The line of one message."""
        return self._line([column.cell(message) for column in self._columns])

    def _line(self, cells: Sequence[str]) -> str:
        padded = (
            cell.rjust(width) if column.right else cell.ljust(width)
            for cell, width, column in zip(cells, self._widths, self._columns, strict=True)
        )
        line = "  ".join(padded).rstrip()
        for cell in cells:
            if colour := _STYLES.get(cell):
                line = line.replace(cell, self._terminal.styled(cell, colour, out=True), 1)
        return line
