"""The server's end of reports: which one is new, which came twice, and whether one is missing before it."""

from __future__ import annotations

from enum import Enum, auto

from conduix.v1 import mesh_service_pb2 as pb


class Place(Enum):
    """Where a report stands."""

    NEXT = auto()
    STORED = auto()
    AHEAD = auto()
    """A number before it is missing."""


class Intake:
    """The reports of one session. `stored` is what the database had when it began."""

    def __init__(self, stored: int) -> None:
        self.stored = stored
        """Everything up to it is stored: what is acknowledged."""

    def place(self, report: pb.Report) -> Place:
        """Where it stands; NEXT counts as stored from now on. A gap stands for all the numbers that it names."""
        first = report.gap.first if report.WhichOneof("body") == "gap" else report.number
        if report.number <= self.stored:
            return Place.STORED
        if first > self.stored + 1:
            return Place.AHEAD
        self.stored = report.number
        return Place.NEXT
