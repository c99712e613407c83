"""The numbers of a run that people ask for, out of a replica's ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from conduix.engine.link import Status
from conduix.spec.model import PipelineSpec


@dataclass(frozen=True, slots=True)
class Tally:
    """Records since the run began."""

    read: int
    written: Mapping[str, int]
    """By sink, the dead-letter queue left out."""
    filtered: int
    dead: int

    @classmethod
    def of(cls, spec: PipelineSpec, status: Status) -> Tally:
        """Add up what the nodes of a document report."""
        counts = {node.id: status.ledger[node.id] for node in spec.nodes if node.id in status.ledger}
        return cls(
            read=sum(counts[node.id].passed for node in spec.role("source") if node.id in counts),
            written={node.id: counts[node.id].passed if node.id in counts else 0 for node in spec.role("sink")},
            filtered=sum(count.filtered for count in counts.values()),
            dead=sum(count.dead for count in counts.values()),
        )
