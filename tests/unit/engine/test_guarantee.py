"""The guarantee of a pipeline is the least of its parts, and the weakest is named."""

from __future__ import annotations

from conduix.engine.catalog import Catalog, Entry
from conduix.engine.guarantee import Guarantee, assess
from conduix.spec.model import PipelineSpec
from tests.unit.cli.specs import NoOptions, node


def entry(role: str, kind: str, guarantee: str = "", *, deterministic: bool = True) -> Entry:
    return Entry(kind, role, NoOptions, kind, guarantee=guarantee, deterministic=lambda _o: deterministic)  # type: ignore[arg-type]


CATALOG = Catalog([
    entry("source", "file", "replayable"),
    entry("source", "stdin", "not replayable"),
    entry("stage", "mapping"),
    entry("stage", "now", deterministic=False),
    entry("sink", "file", "exactly once"),
    entry("sink", "stdout", "at least once"),
    entry("sink", "drop", "none"),
])  # fmt: skip


def assessed(source: str, stage: str, *sinks: str, on_error: str = "dlq") -> Guarantee:
    nodes = [
        node("in", "source", kind=source),
        node("do", "stage", "in", kind=stage, on_error=on_error),
        *(node(f"to_{sink}", "sink", "do", kind=sink) for sink in sinks),
    ]
    return assess(PipelineSpec("p", "batch", tuple(nodes), "d"), CATALOG)


def test_where_every_part_keeps_it_there_is_no_weakest_link() -> None:
    found = assessed("file", "mapping", "file", "file")
    assert (found.promise, found.weakest) == ("exactly once", None)
    assert [part.node for part in found.parts][:2] == ["in", "do"]


def test_one_weak_sink_holds_the_whole_down() -> None:
    found = assessed("file", "mapping", "file", "stdout")
    assert found.promise == "at least once"
    assert found.weakest is not None
    assert found.weakest.node == "to_stdout"


def test_a_source_that_cannot_be_read_again_is_weaker_than_any_sink() -> None:
    found = assessed("stdin", "mapping", "stdout")
    assert found.promise == "at most once"
    assert found.weakest is not None
    assert found.weakest.node == "in"


def test_a_sink_that_keeps_nothing_does_not_count_beside_one_that_does() -> None:
    assert assessed("file", "mapping", "drop", "file").promise == "exactly once"
    alone = assessed("stdin", "mapping", "drop")
    assert alone.promise == "nothing is kept"


def test_a_stage_that_may_compute_something_else_is_named() -> None:
    found = assessed("file", "now", "file")
    assert found.promise == "exactly once"
    assert found.weakest is not None
    assert found.weakest.node == "do"
    assert "different" in found.weakest.why


def test_records_that_a_stage_drops_are_told() -> None:
    found = assessed("file", "mapping", "file", on_error="drop")
    assert found.weakest is not None
    assert "dropped" in found.weakest.why
