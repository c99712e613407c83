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
    """Records a second between the last two reports of each replica."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What one replica told last."""

    at: float
    """Seconds, by the clock of its agent: what a server answers may be a while old, and be the same as before."""
    seen: dict[str, int]
    """Records that have come out of each node one way or the other."""
    rates: dict[str, float]


@dataclass(slots=True)
class Loads:
    """Reports of one pipeline, one after the other."""

    mailbox: int = 2
    """Batches that a mailbox takes from each of its inputs."""
    nodes: dict[str, NodeLoad] = field(default_factory=dict)
    _told: dict[int, _Told] = field(default_factory=dict)

    def report(self, replicas: Sequence[pb.ReplicaStatus]) -> None:
        """What is known of every replica now, also where nothing is new."""
        self._told = {each.replica: _told(each, self._told.get(each.replica)) for each in replicas}
        self.nodes = self._summed(replicas)
        for told in self._told.values():
            for node, rate in told.rates.items():
                self.nodes[node].rate += rate

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


def _told(replica: pb.ReplicaStatus, before: _Told | None) -> _Told:
    at = replica.at.ToNanoseconds() / 1e9
    if before is not None and before.at == at:
        return before
    seen = {counts.node: counts.passed + counts.filtered + counts.dead for counts in replica.nodes}
    if before is None or at < before.at:
        return _Told(at, seen, {})
    passed = at - before.at
    return _Told(at, seen, {node: max(0, now - before.seen.get(node, now)) / passed for node, now in seen.items()})
