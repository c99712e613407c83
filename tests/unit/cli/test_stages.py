"""Option models in words, and the catalogue's pages."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AliasChoices, Field

from conduix.spec.options import ConditionText, Duration, Options, Size
from conduix_tui.cli.options import OptionRow, option_rows


class Route(Options):
    name: str = Field(description="Its name.", examples=["hot"])
    when: ConditionText | None = Field(None, description="Its condition.", examples=["this.x > 1"])


class Split(Options):
    size: Size = Field(64 * 1024, description="Bytes of a range.", examples=["64MiB"])


class Everything(Options):
    path: str = Field(description="Where.", examples=["a.jsonl"])
    mode: Literal["append", "overwrite"] = Field("append", description="How.")
    interval: Duration = Field(600.0, description="How often.", examples=["10s"])
    wait: Duration | None = Field(None, description="How long.")
    rate: Annotated[float, Field(gt=0)] = Field(0.5, description="Share.")
    count: int | None = Field(None, description="How many.")
    loud: bool = Field(False, description="Loud?")
    split: Split = Field(default_factory=Split, description="Cut.")
    routes: tuple[Route, ...] = Field((), description="Routes.")
    labels: dict[str, str] = Field(default_factory=dict, description="Labels.")
    start: str = Field("earliest", description="Start.", validation_alias=AliasChoices("start", "start_offset"))


def row(name: str) -> OptionRow:
    return next(row for row in option_rows(Everything) if row.name == name)


def test_types_are_said_as_a_document_writes_them() -> None:
    assert {row.name: row.type for row in option_rows(Everything)} == {
        "path": "string",
        "mode": "append | overwrite",
        "interval": "duration",
        "wait": "duration",
        "rate": "number",
        "count": "integer",
        "loud": "true | false",
        "split": "object",
        "split.size": "size",
        "routes": "list of object",
        "routes[].name": "string",
        "routes[].when": "condition",
        "labels": "map of string",
        "start|start_offset": "string",
    }


def test_defaults_are_said_as_a_document_writes_them() -> None:
    assert row("interval").default_text == "10m"
    assert row("split.size").default_text == "64KiB"
    assert row("loud").default_text == "false"
    assert row("wait").default_text == "unset"
    assert row("labels").default_text == "{}"
    assert row("mode").default_text == "append"


def test_required_options_have_no_default() -> None:
    assert row("path").required
    assert not row("mode").required
    assert row("path").as_data()["default"] is None


def test_an_example_is_ready_to_be_pasted() -> None:
    assert row("path").example_text == "a.jsonl"
    assert row("routes[].when").example_text == "this.x > 1"
