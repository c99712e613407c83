"""A small catalogue of its own: these tests are about documents, whatever stages an installation has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr

from conduix.engine.catalog import Catalog, Entry
from conduix.spec.diagnostics import Diagnostic
from conduix.spec.loading import Loaded, load
from conduix.spec.model import PipelineSpec
from conduix.spec.options import ConditionText, Duration, MappingText, Options, RemapText, Size


class FileSource(Options):
    path: str | None = Field(None, examples=["orders.jsonl"])
    paths: list[str] = Field(default_factory=list)
    format: Literal["jsonl", "csv", "lines"] = "jsonl"
    csv_header: bool = True
    split: Size = 64 * 1024


class Endless(Options):
    brokers: list[str] = Field(min_length=1)
    offset: str = Field("earliest", validation_alias=AliasChoices("start_offset", "auto_offset_reset"))


class Generate(Options):
    count: int | None = Field(None, ge=0, le=1000)
    mapping: MappingText = "root = {}"


class Filter(Options):
    condition: ConditionText


class MapOptions(Options):
    mapping: MappingText


class Remap(Options):
    source: RemapText


class Sample(Options):
    rate: float = Field(gt=0, le=1)
    seed: int | None = None


class Route(Options):
    name: str
    when: ConditionText | None = None
    next: str | list[str] | None = None


class DefaultRoute(Options):
    next: str | list[str] | None = None


class Router(Options):
    mode: Literal["condition", "fan_out", "filter"] = "condition"
    routes: list[Route]
    default: DefaultRoute | str | None = None


class Buffer(Options):
    max_events: int = 5000
    timeout: Duration = 10.0


class FileSink(Options):
    path: str = Field(examples=["out/orders.jsonl"])
    format: Literal["jsonl", "csv"] = "jsonl"
    buffer: Buffer = Field(default_factory=Buffer)


class Http(Options):
    url: str
    token: SecretStr = SecretStr("")
    headers: dict[str, str] = Field(default_factory=dict)


class Nothing(Options):
    pass


def _ports(options: Router) -> Sequence[str]:
    return (*(route.name for route in options.routes), "default")


CATALOG = Catalog(
    [
        Entry("file", "source", FileSource, "files"),
        Entry("generate", "source", Generate, "made up", ends=lambda options: options.count is not None),
        Entry("kafka", "source", Endless, "topics", ends=lambda _options: False),
        Entry("filter", "stage", Filter, "some"),
        Entry("mapping", "stage", MapOptions, "others", aliases=("transform", "bloblang")),
        Entry("remap", "stage", Remap, "in place"),
        Entry("sample", "stage", Sample, "a share"),
        Entry("router", "stage", Router, "several ways", port_names=_ports),
        Entry("file", "sink", FileSink, "files"),
        Entry("http", "sink", Http, "requests"),
        Entry("stub", "sink", Nothing, "a log"),
        Entry("drop", "sink", Nothing, "nowhere"),
        Entry("elastic", "sink", Nothing, "an index", extra="elastic", needs=("a_module_that_nobody_has",)),
    ]
)


def read(text: str | bytes, *overrides: str, env: Mapping[str, str] | None = None) -> Loaded:
    """The document, under the name `doc.yaml`."""
    return load(text, file="doc.yaml", catalog=CATALOG, env=env or {}, overrides=overrides)


def good(text: str, *overrides: str, env: Mapping[str, str] | None = None) -> PipelineSpec:
    """The normal form of a document that must load, warnings or not."""
    loaded = read(text, *overrides, env=env)
    assert loaded.spec is not None, "\n".join(map(str, loaded.diagnostics))
    return loaded.spec


def bad(text: str | bytes, *overrides: str, env: Mapping[str, str] | None = None) -> tuple[Diagnostic, ...]:
    """The errors of a document that must not load."""
    loaded = read(text, *overrides, env=env)
    assert loaded.spec is None
    assert loaded.errors
    return loaded.errors


def only(text: str | bytes, *overrides: str, env: Mapping[str, str] | None = None) -> Diagnostic:
    """The one error of a document that has exactly one."""
    errors = bad(text, *overrides, env=env)
    assert len(errors) == 1, "\n".join(map(str, errors))
    return errors[0]


def edges(spec: PipelineSpec) -> dict[str, list[str]]:
    """Node → what it reads."""
    return {
        node.id: [each.node if each.port == "out" else f"{each.node}.{each.port}" for each in node.inputs]
        for node in spec.nodes
    }
