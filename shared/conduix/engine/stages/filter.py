"""Filter: the records for which a condition is true."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from conduix.engine.catalog import Entry
from conduix.mapping import is_deterministic
from conduix.mapping.steps import FilterStep, OnError, Step
from conduix.mapping.tree import Expr
from conduix.spec.filters import Condition, read
from conduix.spec.options import Options


class FilterOptions(Options):
    """Options of filter."""

    condition: Condition = Field(
        description="Records for which it is true go on; anything but true or false fails the record. "
        "A text, or a structured filter.",
        examples=[
            'this.status == "active"',
            '.status == "active"',
            {"and": [{"field": "status", "operator": "eq", "value": "active"}, {"field": "n", "operator": "exists"}]},
        ],
    )


def _lower(options: FilterOptions, node: str, when: Expr | None, on_error: OnError) -> Sequence[Step]:
    return [FilterStep(node, read(options.condition), when, on_error)]


FILTER = Entry(
    "filter",
    "stage",
    FilterOptions,
    "Keeps the records for which a condition is true.",
    lower=_lower,
    deterministic=lambda options: is_deterministic(read(options.condition)),
)
