"""Unarchive: a record for each one that an archive or a text holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import Field, model_validator

from conduix.engine.catalog import Entry
from conduix.engine.stages.paths import GENERATED, FieldPath, names, stage_call
from conduix.engine.stages.several import MostRecords, expand
from conduix.mapping.steps import OnError, Step
from conduix.mapping.tree import Expr, This
from conduix.spec.options import Options

_BINARY = frozenset({"zip", "tar"})


class UnarchiveOptions(Options):
    """Options of unarchive."""

    format: Literal["json", "jsonl", "csv", "lines", "zip", "tar"] = Field(
        description="`json`: an array; `jsonl`: a value a line; `csv`: rows under a header; `lines`: texts; `zip`, "
        "`tar`: files, as `name`, `size`, `content` and its `encoding` (`utf-8`, else `base64`)."
    )
    field: FieldPath | None = Field(
        None, description="The text that holds them; unset: the record is one, as those of `format: lines` are.",
        examples=["payload"],
    )  # fmt: skip
    encoding: Literal["text", "base64"] | None = Field(
        None, description="How the text stands for bytes; unset: base64 where it is compressed, zip or tar, else text."
    )
    compression: Literal["gzip", "zlib", "bzip2", "zstd", "lz4", "snappy"] | None = Field(
        None, description="Unpacked first, to 10 MB at most."
    )
    into: FieldPath | None = Field(
        None, description="Where each goes, beside the record's other fields; unset: each is the new record.",
        examples=["row"],
    )  # fmt: skip
    max_records: MostRecords = 100_000

    @model_validator(mode="after")
    def _bytes_are_base64(self) -> Self:
        if self.encoding == "text" and (self.compression or self.format in _BINARY):
            raise ValueError("JSON has no bytes: what is compressed, a zip or a tar stands in it as base64")
        if self.into is not None and self.field is None:
            raise ValueError("`into` stands beside other fields, so the record is no text; write the `field`, too")
        return self


def _lower(options: UnarchiveOptions, node: str, when: Expr | None, on_error: OnError) -> Sequence[Step]:
    binary = options.compression is not None or options.format in _BINARY
    records = stage_call(
        This(GENERATED), "unarchive",
        list(names(options.field)) if options.field else [], list(names(options.into)) if options.into else [],
        options.format, options.encoding or ("base64" if binary else "text"), options.compression or "",
        options.max_records,
    )  # fmt: skip
    return expand(node, records, when, on_error)


UNARCHIVE = Entry(
    "unarchive",
    "stage",
    UnarchiveOptions,
    "Makes a record of each one that an archive or a text holds.",
    lower=_lower,
    expands=True,
)
