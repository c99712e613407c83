"""Filter: the records for which a condition is true."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from conduix.engine.catalog import Entry
from conduix.mapping import is_deterministic, parse_condition
from conduix.mapping.steps import FilterStep, OnError, Step
from conduix.mapping.tree import Expr
from conduix.spec.options import ConditionText, Options


class FilterOptions(Options):
    """Options of filter."""

    condition: ConditionText = Field(
        description="Records for which it is true go on; anything but true or false fails the record.",
        examples=['this.status == "active"', '.status == "active"'],
    )


def _lower(options: FilterOptions, node: str, when: Expr | None, on_error: OnError) -> Sequence[Step]:
    return [FilterStep(node, parse_condition(options.condition), when, on_error)]


FILTER = Entry(
    "filter",
    "stage",
    FilterOptions,
    "Keeps the records for which a condition is true.",
    lower=_lower,
    deterministic=lambda options: is_deterministic(parse_condition(options.condition)),
)
