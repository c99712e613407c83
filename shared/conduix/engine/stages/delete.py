"""Delete: records taken out, or marked as deleted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import Field, model_validator

from conduix.engine.catalog import Entry
from conduix.engine.stages.paths import GENERATED, SAME, FieldPath, assign, mapping
from conduix.mapping import is_deterministic, parse_condition
from conduix.mapping.steps import FilterStep, MapStep, OnError, Step
from conduix.mapping.tree import Binary, Call, Expr, Unary
from conduix.mapping.tree import Literal as Constant
from conduix.spec.options import ConditionText, Options


class DeleteOptions(Options):
    """Options of delete."""

    condition: ConditionText = Field(
        description="Records for which it is true are deleted; anything but true or false fails the record.",
        examples=['this.status == "cancelled"'],
    )
    mode: Literal["physical", "soft"] = Field(
        "physical", description="`physical`: they go no further, counted as filtered; `soft`: they go on, marked."
    )
    field: FieldPath = Field("deleted", description="soft: becomes true.", examples=["is_deleted"])
    at: FieldPath | None = Field(
        None, description="soft: gets the time of processing, which may be another one after a crash.",
        examples=["deleted_at"],
    )  # fmt: skip

    @model_validator(mode="after")
    def _marks_are_soft(self) -> Self:
        if self.mode == "physical" and (marks := sorted({"field", "at"} & self.model_fields_set)):
            raise ValueError(f"{marks[0]!r} marks records that go on; remove it, or write mode: soft")
        return self


def _lower(options: DeleteOptions, node: str, when: Expr | None, on_error: OnError) -> Sequence[Step]:
    condition = parse_condition(options.condition)
    if options.mode == "physical":
        return [FilterStep(node, Unary("!", condition, GENERATED), when, on_error)]
    marks = [assign(options.field, Constant(value=True, mark=GENERATED))]
    if options.at is not None:
        marks.append(assign(options.at, Call("now", (), GENERATED)))
    both = condition if when is None else Binary("&&", when, condition, GENERATED)
    return [MapStep(node, mapping(SAME, *marks), both, on_error)]


def _deterministic(options: DeleteOptions) -> bool:
    return options.at is None and is_deterministic(parse_condition(options.condition))


DELETE = Entry(
    "delete",
    "stage",
    DeleteOptions,
    "Deletes records, or marks them as deleted.",
    lower=_lower,
    deterministic=_deterministic,
)
