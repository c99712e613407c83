"""How hard each node of a pipeline works: by what waits in its mailboxes, and what went through since the last time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from conduix.v1 import pipeline_service_pb2 as pb


@dataclass(slots=True)
class NodeLoad:
    """All replicas together. Counts are records since the run began."""

    role: int = 0
    passed: int = 0
    filtered: int = 0
    dead: int = 0
    made: int = 0
    waiting: int = 0
    """Batches in the mailboxes of its actors."""
    restarts: int = 0
    full: bool = False
    """Has an actor of it a mailbox that takes no more?"""
    rate: float = 0.0
    """Records a second since the last report."""

    @property
    def seen(self) -> int:
        """Records that have come out of it one way or the other."""
        return self.passed + self.filtered + self.dead


@dataclass(slots=True)
class Loads:
    """Reports of one pipeline, one after the other."""

    mailbox: int = 2
    """Batches that a mailbox takes from each of its inputs."""
    nodes: dict[str, NodeLoad] = field(default_factory=dict)
    _at: float = 0.0

    def report(self, replicas: Sequence[pb.ReplicaStatus], now: float) -> None:
        """A new one, at this moment in seconds."""
        before, passed = self.nodes, now - self._at
        self.nodes, self._at = self._summed(replicas), now
        for node, load in self.nodes.items():
            was = before.get(node)
            if was is not None and passed > 0:
                load.rate = max(0, load.seen - was.seen) / passed

    def _summed(self, replicas: Sequence[pb.ReplicaStatus]) -> dict[str, NodeLoad]:
        nodes: dict[str, NodeLoad] = {}
        for replica in replicas:
            for counts in replica.nodes:
                load = nodes.setdefault(counts.node, NodeLoad(counts.role))
                load.passed += counts.passed
                load.filtered += counts.filtered
                load.dead += counts.dead
                load.made += counts.made
            for actor in replica.actors:
                for node in actor.nodes:
                    load = nodes.setdefault(node, NodeLoad())
                    load.waiting += actor.mailbox
                    load.restarts += actor.restarts
                    load.full = load.full or actor.mailbox >= self.mailbox
        return nodes

    def mark(self, node: str, feeds: Mapping[str, Sequence[str]]) -> tuple[str, str]:
        """A word with its glyph, and its tone. `feeds`: the nodes that each feeds."""
        load = self.nodes.get(node)
        if load is None:
            return "· not reported", "dim"
        below = [self.nodes[fed] for fed in feeds.get(node, ()) if fed in self.nodes]
        if any(each.full for each in below):
            return "‖ backpressured", "warn"
        if load.rate or load.waiting:
            return "● busy", "good"
        return "○ idle", "dim"
