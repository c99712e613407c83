"""Where dead letters go when the document names no place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from conduix.engine.catalog import Catalog
from conduix.spec.model import NodeSpec, PipelineSpec, Where

DLQ = "dlq"
"""Node id of the dead-letter queue."""


def with_dead_letters(spec: PipelineSpec, catalog: Catalog, path: Path) -> PipelineSpec:
    """The document with a dead-letter queue: its own, else the file `path`."""
    if spec.dlq is not None:
        return spec
    options = catalog.entry("sink", "file").options.model_validate({"path": str(path), "mkdir": True})
    return replace(spec, dlq=NodeSpec(DLQ, "sink", "file", options, (), Where(1, 1, DLQ)))


def letters_of(first: Path, replica: int) -> Path:
    """The file of one replica, where `first` is that of replica 0: `dead.jsonl`, `dead-001.jsonl`."""
    return first if replica == 0 else first.with_name(f"{first.stem}-{replica:03d}{first.suffix}")


def default_letters(deal: Path) -> Path:
    """The file of replica 0 where nobody names one: beside the deals of its run, so that it outlives each of them."""
    return deal.parent / "dead.jsonl"
