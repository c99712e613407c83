"""Timestamp: the time of a record, read from a field or from the clock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from conduix.engine.catalog import Entry
from conduix.engine.stages.paths import GENERATED, SAME, FieldPath, assign, is_there, mapping, read, stage_call
from conduix.errors import MappingError
from conduix.mapping.steps import MapStep, OnError, Step
from conduix.mapping.tree import Call, Expr, If, Method
from conduix.spec.options import Options

Written = Literal["rfc3339", "unix", "unix_ms", "unix_us", "unix_ns"]
_UNIX = {"unix": "ts_unix", "unix_ms": "ts_unix_milli", "unix_us": "ts_unix_micro", "unix_ns": "ts_unix_nano"}
_NOW = {
    "rfc3339": "now", "unix": "timestamp_unix", "unix_ms": "timestamp_unix_milli", "unix_us": "timestamp_unix_micro",
    "unix_ns": "timestamp_unix_nano",
}  # fmt: skip


def _known_zone(name: str) -> str:
    from conduix.mapping.timestamps import zone  # noqa: PLC0415 - only where one is written

    try:
        zone(name)
    except MappingError:
        raise ValueError(f"there is no time zone {name!r}; write a name such as America/New_York") from None
    return name


class TimestampOptions(Options):
    """Options of timestamp."""

    field: FieldPath | None = Field(
        None,
        description="The field that is read; what is missing or null stays so. Unset: the time at which the record is "
        "processed, which is another one if the record is read again after a crash.",
        examples=["created"],
    )
    into: FieldPath | None = Field(
        None, description="Where the time goes; unset: the field itself, or `timestamp`.", examples=["ingested_at"]
    )
    formats: tuple[str, ...] = Field(
        (),
        description="How texts write it, in strptime's directives, tried in this order; unset: RFC 3339.",
        examples=[["%Y-%m-%d %H:%M:%S", "%d/%m/%Y"]],
    )
    unit: Literal["s", "ms", "us", "ns"] = Field("s", description="What numbers count since 1970.")
    zone: Annotated[str, AfterValidator(_known_zone)] = Field(
        "UTC", description="Where texts are from whose format names no zone.", examples=["America/New_York"]
    )
    output: Written = Field("rfc3339", description="How it is written: RFC 3339 in UTC, or a number since 1970.")

    @model_validator(mode="after")
    def _the_clock_needs_no_format(self) -> Self:
        if self.field is None and (read_only := sorted({"formats", "unit", "zone"} & self.model_fields_set)):
            raise ValueError(f"{read_only[0]!r} says how a field is read; write which: field: created")
        return self


def _read(options: TimestampOptions, path: str) -> Expr:
    time = stage_call(read(path), "time", path, list(options.formats), options.unit, options.zone)
    written = _UNIX.get(options.output)
    made: Expr = Method(time, written or "ts_format", (), GENERATED)
    return If(((is_there(path), made),), None, GENERATED)


def _lower(options: TimestampOptions, node: str, when: Expr | None, on_error: OnError) -> Sequence[Step]:
    if options.field is None:
        value: Expr = Call(_NOW[options.output], (), GENERATED)
    else:
        value = _read(options, options.field)
    into = options.into or options.field or "timestamp"
    return [MapStep(node, mapping(SAME, assign(into, value)), when, on_error)]


def _reads_a_field(options: TimestampOptions) -> bool:
    return options.field is not None


TIMESTAMP = Entry(
    "timestamp",
    "stage",
    TimestampOptions,
    "Gives records a time, read from a field or from the clock.",
    lower=_lower,
    deterministic=_reads_a_field,
)
