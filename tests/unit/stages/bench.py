"""A stretch on a bench: steps from stage options, batches from bytes, results as plain data."""

from __future__ import annotations

import json
from typing import Any

from conduix.engine.api import JSONL, Batch, Counts, Format, Lines, Output, Rows
from conduix.engine.catalog import default_catalog
from conduix.engine.stretch import Port, Stretch, build_stretch
from conduix.mapping import parse_condition
from conduix.mapping.steps import OnError, Step

OUT = Port("jsonl", offsets=False)


def steps(
    stage: str, options: dict[str, Any], *, node: str = "node", when: str | None = None, on_error: OnError = "dlq"
) -> list[Step]:
    """What a stage lowers to."""
    entry = default_catalog().find("stage", stage)
    assert entry is not None
    assert entry.lower is not None
    condition = parse_condition(when) if when is not None else None
    return list(entry.lower(entry.options.model_validate(options), node, condition, on_error))


def stretch(stage: str, options: dict[str, Any], **common: Any) -> Stretch:
    """A stretch of one stage with one port of JSON lines."""
    return build_stretch(steps(stage, options, **common), {"out": OUT})


def batch(data: bytes, form: Format = JSONL, start: int = 0, **more: Any) -> Batch:
    """A batch of lines as a source reads them."""
    end = start + len(data)
    return Batch("shard", {"offset": start}, {"offset": end}, Lines(data, form), data.count(b"\n"), **more)


def rows(*values: Any, start: int = 0) -> Batch:
    """A batch of rows as a source reads them."""
    return Batch("shard", {"offset": start}, {"offset": start + len(values)}, Rows(values), len(values))


def lines_of(output: Output, port: str = "out") -> bytes:
    """The bytes on a port."""
    for name, made in output.batches:
        if name == port:
            assert isinstance(made.body, Lines)
            return made.body.data
    return b""


def values_of(output: Output, port: str = "out") -> list[Any]:
    """The records on a port."""
    for name, made in output.batches:
        if name == port:
            if isinstance(made.body, Rows):
                return list(made.body.values)
            return [json.loads(line) for line in made.body.data.splitlines()]
    return []


def apply(stage: str, options: dict[str, Any], *records: Any, **common: Any) -> Output:
    """What a stage makes of these records, which come as lines of JSON."""
    data = b"".join(json.dumps(record, ensure_ascii=False).encode() + b"\n" for record in records)
    return stretch(stage, options, **common).apply(batch(data))


def failures(output: Output) -> list[str]:
    """The messages of the letters."""
    return [letter.message for letter in output.dead]


def counts(passed: int, filtered: int = 0, dead: int = 0) -> Counts:
    """Counts of a node that makes no records."""
    return Counts(passed, filtered, dead)
