"""What replicas report of their nodes, added up."""

from __future__ import annotations

from collections.abc import Iterable

from conduix.v1 import pipeline_service_pb2 as pb


def node_counts(replicas: Iterable[pb.ReplicaStatus]) -> list[pb.NodeCounts]:
    """Those of all replicas together, by node, in the order in which they came."""
    sums: dict[str, pb.NodeCounts] = {}
    for replica in replicas:
        for each in replica.nodes:
            total = sums.setdefault(each.node, pb.NodeCounts(node=each.node, role=each.role))
            total.passed += each.passed
            total.filtered += each.filtered
            total.dead += each.dead
            total.made += each.made
    return list(sums.values())
