"""Split: a record for each item of a field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from pydantic import Field, model_validator

from conduix.engine.catalog import Entry
from conduix.engine.stages.paths import GENERATED, FieldPath, names, stage_call
from conduix.engine.stages.several import MostRecords, expand
from conduix.mapping.steps import OnError, Step
from conduix.mapping.tree import Expr, This
from conduix.spec.options import Options


class SplitOptions(Options):
    """Options of split."""

    field: FieldPath = Field(description="The array, or the text to split at a separator.", examples=["items"])
    separator: str | None = Field(None, min_length=1, description="What separates the parts of a text.", examples=[";"])
    into: FieldPath | None = Field(
        None, description="Where each item goes, beside the record's other fields; unset: the field itself.",
        examples=["item"],
    )  # fmt: skip
    only: bool = Field(False, description="Each item is the new record, without the other fields.")
    keep_empty: bool = Field(
        False,
        description="A record whose field is empty, null or missing goes on, with null there. Else an empty one is "
        "filtered, and one without the field fails.",
    )
    max_records: MostRecords = 100_000

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.only and self.into is not None:
            raise ValueError("with `only` the item is the record, so nothing can be at `into`; remove one of them")
        if self.only and self.keep_empty:
            raise ValueError("with `only` a record without items would become null; remove `keep_empty`")
        return self


def _lower(options: SplitOptions, node: str, when: Expr | None, on_error: OnError) -> Sequence[Step]:
    into = () if options.only else names(options.into or options.field)
    records = stage_call(
        This(GENERATED), "split",
        list(names(options.field)), list(into), options.separator or "", options.keep_empty, options.max_records,
    )  # fmt: skip
    return expand(node, records, when, on_error)


SPLIT = Entry("split", "stage", SplitOptions, "Makes a record of each item of a field.", lower=_lower, expands=True)
