"""Cast: fields of another type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field

from conduix.engine.catalog import Entry
from conduix.engine.stages.paths import SAME, FieldPath, change, mapping, read, stage_call
from conduix.mapping.steps import MapStep, OnError, Step
from conduix.mapping.tree import Expr
from conduix.spec.options import Options

Type = Literal["int", "number", "string", "bool", "timestamp"]


class CastOptions(Options):
    """Options of cast."""

    fields: Mapping[FieldPath, Type] = Field(
        min_length=1,
        description="Path to type: `int`, `number`, `string`, `bool`, or `timestamp` (an RFC 3339 text, made of "
        "one or of Unix seconds). What is missing or null stays so; what cannot be of that type fails the record.",
        examples=[{"year": "int", "price": "number", "customer.active": "bool"}],
    )
    nulls: tuple[str, ...] = Field((), description="Texts that stand for null.", examples=[["", "NA"]])


def _lower(options: CastOptions, node: str, when: Expr | None, on_error: OnError) -> Sequence[Step]:
    nulls = list(options.nulls)
    casts = [change(path, stage_call(read(path), "cast", path, kind, nulls)) for path, kind in options.fields.items()]
    return [MapStep(node, mapping(SAME, *casts), when, on_error)]


CAST = Entry("cast", "stage", CastOptions, "Makes fields numbers, texts, bools or times.", lower=_lower)
