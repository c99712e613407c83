"""Small normal forms and statuses for tests of what the command shows."""

from __future__ import annotations

from collections.abc import Mapping

from conduix.engine.api import Counts
from conduix.spec.model import Input, NodeSpec, PipelineSpec, Role, Where
from conduix.spec.options import Options


class NoOptions(Options):
    """A node without options."""


def node(node_id: str, role: Role, *inputs: str, kind: str = "stub", **more: object) -> NodeSpec:
    """A node that reads the `out` ports of others."""
    edges = tuple(Input(each) for each in inputs)
    return NodeSpec(node_id, role, kind, NoOptions(), edges, Where(1, 1, node_id), **more)  # type: ignore[arg-type]


def orders() -> PipelineSpec:
    """source → shape → {good, audit}, dead letters to dlq."""
    nodes = (
        node("source", "source", kind="file"),
        node("shape", "stage", "source", kind="mapping"),
        node("good", "sink", "shape", kind="file"),
        node("audit", "sink", "shape", kind="file"),
    )
    return PipelineSpec("orders", "batch", nodes, "d" * 64, dlq=node("dlq", "sink", kind="file"))


LEDGER: Mapping[str, Counts] = {
    "source": Counts(passed=100, dead=1),
    "shape": Counts(passed=90, filtered=8, dead=2),
    "good": Counts(passed=90),
    "audit": Counts(passed=89, dead=1),
    "dlq": Counts(passed=4),
}
