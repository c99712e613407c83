"""What the stages share that make several records of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from conduix.engine.stages.paths import GENERATED, assign, mapping
from conduix.mapping.parts import MOST_PARTS
from conduix.mapping.steps import MapStep, OnError, Step
from conduix.mapping.tree import Array, Expr, If, Lambda, Method, This

MostRecords = Annotated[
    int, Field(ge=1, lt=MOST_PARTS, description="A record that would become more than so many is a dead letter.")
]

_ITSELF = Array((This(GENERATED),), GENERATED)
"""`[this]`: a record that stays as it is, among arrays of records."""


def expand(node: str, records: Expr, when: Expr | None, on_error: OnError) -> Sequence[Step]:
    """The steps of a stage that makes the items of the array `records` of each record.

    Its `when`, and the policy `pass`, are part of the expression: every record gives an array, be it of itself.
    """
    made = records if when is None else If(((when, records),), _ITSELF, GENERATED)
    if on_error == "pass":
        made = Method(made, "catch", (Lambda("_", _ITSELF, GENERATED),), GENERATED)
    return [MapStep(node, mapping(assign(None, made)), None, "dlq" if on_error == "pass" else on_error, many=True)]
