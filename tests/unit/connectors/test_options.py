"""What the options of connectors refuse, and that they say what to write instead."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import ValidationError

from conduix.engine.api import Sink, Source
from conduix.engine.connectors.file.options import FileSourceOptions
from conduix.spec.options import Options
from tests.unit.connectors.harness import CATALOG, build, context

GOOD: list[tuple[Literal["source", "sink"], str, dict[str, Any]]] = [
    ("source", "file", {"path": "orders.jsonl"}),
    ("source", "file", {"paths": ["/data/*.json"], "format": "csv", "csv_header": True}),
    ("source", "stdin", {}),
    ("source", "generate", {"count": 10, "interval": "1s", "seed": 1}),
    ("sink", "file", {"path": "out.jsonl"}),
    ("sink", "stdout", {}),
    ("sink", "stub", {"log_level": "info"}),
    ("sink", "drop", {}),
]

BAD: list[tuple[Literal["source", "sink"], dict[str, Any], str]] = [
    ("source", {}, "write either path: FILE or paths:"),
    ("source", {"path": "a.jsonl", "paths": ["b.jsonl"]}, "write either path: FILE or paths:"),
    ("source", {"path": "orders.dat"}, "'orders.dat' does not tell the format; write format:"),
    ("source", {"path": "orders.zip"}, "does not tell the format"),
    ("source", {"path": "o.csv", "csv_delimiter": ";;"}, "write one ASCII character"),
    ("source", {"path": "o.csv", "csv_delimiter": "\n"}, "write one ASCII character"),
    ("source", {"path": "o.csv", "csv_columns": []}, "name at least one column"),
    ("source", {"path": "o.csv", "csv_columns": ["a", "b", "a"]}, "the column 'a' stands there twice"),
    ("source", {"path": "o.jsonl", "split": "0"}, "greater than 0"),
    ("source", {"path": "o.jsonl", "split": "big"}, "write for example 64KiB"),
    ("source", {"path": "o.jsonl", "compresion": "gzip"}, "Extra inputs are not permitted"),
    ("sink", {"path": "out/"}, "is a directory; name a file in it, like out/out.jsonl"),
    ("sink", {"path": "out/{day}.jsonl"}, r"{day} in 'out/{day}.jsonl' is not known; the only placeholder is {shard}"),
    ("sink", {"path": "out.bin"}, "does not tell the format"),
    ("sink", {"path": "out.json", "mode": "append"}, "write format: jsonl"),
    ("sink", {"path": "out.jsonl", "mode": "append", "visibility": "committed"}, "write visibility: immediate"),
    ("sink", {"path": "out.jsonl.zip"}, "zip files can be read, not written"),
]


@pytest.mark.parametrize(("role", "name", "options"), GOOD)
def test_what_is_right_is_built(role: Literal["source", "sink"], name: str, options: dict[str, Any]) -> None:
    node: Source | Sink = build(role, name, context(), **options)
    entry = CATALOG.find(role, name)
    assert entry is not None
    assert entry.guarantee in {"replayable", "not replayable", "exactly once", "at least once", "none"}
    if role == "source":
        assert getattr(node, "ends") == entry.can_end(entry.options.model_validate(options))  # noqa: B009 - a union


@pytest.mark.parametrize(("role", "options", "said"), BAD)
def test_what_is_wrong_is_told(role: Literal["source", "sink"], options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        build(role, "file", context(), **options)
    assert said in str(caught.value)


def test_a_size_alone_splits_every_file() -> None:
    short = FileSourceOptions.model_validate({"path": "a.jsonl", "split": "64KiB"})
    assert (short.split.size, short.split.above) == (65536, 0)
    default = FileSourceOptions.model_validate({"path": "a.jsonl"})
    assert (default.split.size, default.split.above) == (64 * 2**20, 128 * 2**20)


def described(model: type[Options]) -> list[str]:
    """Fields without a description, nested ones too."""
    missing = []
    for name, field in model.model_fields.items():
        if not field.description:
            missing.append(f"{model.__name__}.{name}")
        if isinstance(field.annotation, type) and issubclass(field.annotation, Options):
            missing += described(field.annotation)
    return missing


def test_every_option_is_described_and_has_a_schema() -> None:
    for entry in CATALOG.entries:
        assert described(entry.options) == []
        assert entry.options.model_json_schema()["type"] == "object"
        assert entry.summary.endswith(".")
