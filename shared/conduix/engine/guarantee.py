"""What a pipeline promises about each record: the least of what its source, its stages and its sinks can keep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from conduix.engine.catalog import Catalog, Entry
from conduix.spec.model import NodeSpec, PipelineSpec
from conduix.spec.options import AsWritten

Promise = Literal["exactly once", "at least once", "at most once", "nothing is kept"]
_WEAKEST_FIRST: tuple[Promise, ...] = ("at most once", "at least once", "exactly once")


@dataclass(frozen=True, slots=True)
class Part:
    """What one node contributes."""

    node: str
    promise: Promise
    """The most that the pipeline can promise because of it."""
    why: str


@dataclass(frozen=True, slots=True)
class Guarantee:
    """Of a whole pipeline."""

    promise: Promise
    weakest: Part | None
    """The part that holds the promise down, or the one to look at first; None: every part keeps exactly once."""
    parts: tuple[Part, ...]


def assess(spec: PipelineSpec, catalog: Catalog) -> Guarantee:
    """The guarantee of a document's flow, and its weakest link."""
    parts = tuple(_parts(spec, catalog))
    kept = [part for part in parts if part.promise != "nothing is kept"]
    if not any(part.node in {sink.id for sink in spec.role("sink")} for part in kept):
        return Guarantee("nothing is kept", parts[-1], parts)
    weakest = min(kept, key=lambda part: (_WEAKEST_FIRST.index(part.promise), not part.why))
    return Guarantee(weakest.promise, weakest if weakest.why else None, parts)


def _parts(spec: PipelineSpec, catalog: Catalog) -> Iterator[Part]:
    for node in spec.nodes:
        entry = catalog.entry(node.role, node.type)
        if node.role == "source":
            yield _source(node, replayable=entry.guarantee != "not replayable")
        elif node.role == "sink":
            yield _sink(node, entry.guarantee)
        else:
            yield _stage(node, deterministic=_is_deterministic(node, entry))


def _is_deterministic(node: NodeSpec, entry: Entry) -> bool:
    # what a variable will bring cannot be known; it is the same each time the pipeline runs
    return isinstance(node.options, AsWritten) or entry.deterministic(node.options)


def _source(node: NodeSpec, *, replayable: bool) -> Part:
    if replayable:
        return Part(node.id, "exactly once", "")
    return Part(node.id, "at most once", "it cannot be read again: what was under way is gone when the process dies")


def _stage(node: NodeSpec, *, deterministic: bool) -> Part:
    if node.on_error == "drop":
        return Part(node.id, "exactly once", "records that fail in it are dropped, as its on_error says")
    if not deterministic:
        return Part(
            node.id, "exactly once", "not deterministic: a record read again after a crash may come out different"
        )
    return Part(node.id, "exactly once", "")


def _sink(node: NodeSpec, guarantee: str) -> Part:
    if guarantee == "exactly once":
        return Part(node.id, "exactly once", "")
    if guarantee == "at least once":
        return Part(
            node.id, "at least once", "what was written after the last checkpoint is written again after a crash"
        )
    return Part(node.id, "nothing is kept", "it keeps no records")
