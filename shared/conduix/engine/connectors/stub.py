"""The stub sink: shows each record in the log, where a real platform will take them later."""

from __future__ import annotations

import functools
import logging
import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import orjson
from pydantic import AfterValidator, Field

from conduix.engine.api import Batch, Handle, Json, Letter, Lines, NodeContext, record_place
from conduix.engine.catalog import Entry
from conduix.engine.connectors.records import Body
from conduix.errors import RecordError
from conduix.spec.options import Options

if TYPE_CHECKING:
    from prometheus_client import Counter, Histogram

LOGGER = "conduix.stub"
"""The logger that records go to."""

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}
_PLAIN = re.compile(r"[\w./:@+-]+")


def _metric_name(prefix: str) -> str:
    if not re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", prefix):
        raise ValueError(f"{prefix!r} cannot begin a metric's name; write letters, digits and _, like pipeline")
    return prefix


class StubMetrics(Options):
    """Metrics of the stub sink."""

    enabled: bool = Field(True, description="Count records, refused records and the time that writing takes.")
    prefix: Annotated[str, AfterValidator(_metric_name)] = Field(
        "pipeline", description="First part of the names: `pipeline_records_total`.", examples=["pipeline"]
    )


class StubCallback(Options):
    """A call to a platform for each batch; not to be had yet."""

    enabled: Literal[False] = Field(False, description="Must be false: calling a platform is not supported yet.")
    url: str = Field("", description="Where it will be called.", examples=["http://data-platform/ingest"])


class StubOptions(Options):
    """Options of the stub sink."""

    log_level: Literal["debug", "info", "warn", "error"] = Field("info", description="Level of each record's entry.")
    log_format: Literal["json", "text"] = Field(
        "json", description="`json`: the record as it stands; `text`: `name=value` for each field."
    )
    metrics: StubMetrics = Field(StubMetrics(), description="What is counted.")
    callback: StubCallback = Field(StubCallback(), description="Reserved.")


@functools.cache
def _metrics(prefix: str) -> tuple[Counter, Counter, Histogram]:
    """One family of metrics for a prefix: a registry refuses a second one."""
    from prometheus_client import Counter, Histogram  # noqa: PLC0415 - the command line must start fast

    labels = ("pipeline", "node")
    return (
        Counter(f"{prefix}_records", "Records shown by the stub sink.", labels),
        Counter(f"{prefix}_errors", "Records that the stub sink refused.", labels),
        Histogram(f"{prefix}_write_seconds", "Time of one batch in the stub sink.", labels),
    )


class StubSink:
    """Writes records to the log; after a rewind they come again."""

    accepts: tuple[Body, ...] = ("jsonl",)
    min_flush = 0.0

    def __init__(self, options: StubOptions, context: NodeContext) -> None:
        self._options = options
        self._context = context
        self._level = _LEVELS[options.log_level]
        self._log = logging.getLogger(LOGGER)

    async def open(self, handle: Handle | None) -> None:
        """Nothing to go back to."""

    async def write(self, batch: Batch) -> Sequence[Letter]:
        """Log each record; what is no JSON is refused in the text format."""
        began = time.perf_counter()
        letters = self._show(batch) if self._log.isEnabledFor(self._level) else []
        if self._options.metrics.enabled:
            labels = (self._context.pipeline, self._context.node)
            records, errors, seconds = _metrics(self._options.metrics.prefix)
            records.labels(*labels).inc(batch.count - len(letters))
            errors.labels(*labels).inc(len(letters))
            seconds.labels(*labels).observe(time.perf_counter() - began)
        return letters

    def _show(self, batch: Batch) -> list[Letter]:
        if not isinstance(batch.body, Lines):
            raise TypeError(f"the stub sink takes lines, not {type(batch.body).__name__}")
        letters: list[Letter] = []
        for index, line in enumerate(batch.body.data.split(b"\n")[:-1]):
            try:
                text = _pairs(orjson.loads(line)) if self._options.log_format == "text" else line.decode()
            except ValueError as error:  # no JSON, or no UTF-8
                position, part = record_place(batch, index)
                letters.append(
                    Letter(self._context.node, batch.shard, position, part, line, RecordError.code, f"no JSON: {error}")
                )
            else:
                self._log.log(self._level, "%s", text)
        return letters

    async def flush(self) -> None:
        """Nothing to make durable."""

    async def probe(self) -> None:
        """There is nothing outside."""

    async def close(self) -> None:
        """Nothing to release."""


def _pairs(value: Json) -> str:
    """`name=value` for each field of an object; anything else as JSON."""
    if not isinstance(value, dict):
        return orjson.dumps(value).decode()
    return " ".join(f"{name}={_told(field)}" for name, field in value.items())


def _told(value: Json) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return value
    return orjson.dumps(value).decode()


ENTRIES = (
    Entry(
        type="stub",
        role="sink",
        options=StubOptions,
        summary="Shows each record in the log and counts it.",
        build=StubSink,
        guarantee="at least once",
    ),
)
