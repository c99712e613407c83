"""Counts of a running replica, kept as plain numbers: written once a batch, read when somebody asks."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field

from conduix.engine.api import Counts

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Upper bounds in seconds, the last bucket is open."""
RESULTS = ("passed", "filtered", "dead", "made")


@dataclass(slots=True)
class Histogram:
    """How long something took."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    total: float = 0.0

    def observe(self, seconds: float) -> None:
        """Add one duration."""
        self.counts[bisect_left(BUCKETS, seconds)] += 1
        self.total += seconds


class Meter:
    """Monotonic counts: unlike the ledger they are not rewound with the flow."""

    def __init__(self) -> None:
        self.nodes: dict[str, list[int]] = {}
        """node → passed, filtered, dead, made."""
        self.batches: dict[str, Histogram] = {}
        """actor → time in its node, one observation a batch."""
        self.checkpoints = Histogram()
        self.restarts: dict[str, int] = {}
        self.overdue = 0
        """Barriers that became older than `checkpoint.timeout`."""

    def records(self, counts: Mapping[str, Counts]) -> None:
        """Add what nodes did to one batch."""
        for node, c in counts.items():
            line = self.nodes.get(node)
            if line is None:
                line = self.nodes[node] = [0, 0, 0, 0]
            line[0] += c.passed
            line[1] += c.filtered
            line[2] += c.dead
            line[3] += c.made

    def batch(self, actor: str, seconds: float) -> None:
        """Add the time that one batch took in an actor's node."""
        histogram = self.batches.get(actor)
        if histogram is None:
            histogram = self.batches[actor] = Histogram()
        histogram.observe(seconds)

    def restarted(self, actor: str) -> None:
        """Count a restart."""
        self.restarts[actor] = self.restarts.get(actor, 0) + 1
