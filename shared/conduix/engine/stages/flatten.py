"""Flatten: nested objects laid out at the top."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from conduix.engine.catalog import Entry
from conduix.engine.stages.paths import GENERATED, SAME, FieldPath, assign, change, mapping, read, stage_call
from conduix.mapping.steps import MapStep, OnError, Step
from conduix.mapping.tree import Expr, This
from conduix.spec.options import Options


class FlattenOptions(Options):
    """Options of flatten."""

    field: FieldPath | None = Field(
        None, description="Only the object there becomes flat; unset: the whole record.", examples=["details"]
    )
    separator: str = Field("_", min_length=1, description="What stands between the names.", examples=["."])
    arrays: Literal["keep", "index"] = Field(
        "keep",
        description="`keep`: as they are; `index`: a field for each item (`tags_0`). A record for each is what `split` "
        "makes.",
    )
    depth: int = Field(0, ge=0, description="How many levels go up to the top; 0: all.", examples=[1])


def _lower(options: FlattenOptions, node: str, when: Expr | None, on_error: OnError) -> Sequence[Step]:
    constants = (options.field or "", options.separator, options.arrays, options.depth)
    if options.field is None:
        tree = mapping(assign(None, stage_call(This(GENERATED), "flatten", *constants)))
    else:
        tree = mapping(SAME, change(options.field, stage_call(read(options.field), "flatten", *constants)))
    return [MapStep(node, tree, when, on_error)]


FLATTEN = Entry("flatten", "stage", FlattenOptions, "Lays nested objects out at the top.", lower=_lower)
