"""Select and exclude: fewer fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from pydantic import Field, model_validator

from conduix.engine.catalog import Entry
from conduix.engine.stages.paths import EMPTY, FieldPath, assign, copy_if_there, mapping, refuse_twice, without
from conduix.mapping.steps import MapStep, OnError, Step
from conduix.mapping.tree import Expr
from conduix.spec.options import Options


class SelectOptions(Options):
    """Options of select."""

    fields: tuple[FieldPath, ...] = Field(
        min_length=1,
        description="The fields that stay, in this order; one that a record lacks stays missing.",
        examples=[["id", "customer.name"]],
    )

    @model_validator(mode="after")
    def _no_field_twice(self) -> Self:
        refuse_twice(self.fields)
        return self


class ExcludeOptions(Options):
    """Options of exclude."""

    fields: tuple[FieldPath, ...] = Field(
        min_length=1,
        description="The fields that go; those that a record lacks are no error.",
        examples=[["password", "customer.email"]],
    )

    @model_validator(mode="after")
    def _no_field_twice(self) -> Self:
        refuse_twice(self.fields)
        return self


def _lower_select(options: SelectOptions, node: str, when: Expr | None, on_error: OnError) -> Sequence[Step]:
    copies = [copy_if_there(field, field) for field in options.fields]
    return [MapStep(node, mapping(assign(None, EMPTY), *copies), when, on_error)]


def _lower_exclude(options: ExcludeOptions, node: str, when: Expr | None, on_error: OnError) -> Sequence[Step]:
    return [MapStep(node, mapping(assign(None, without(options.fields))), when, on_error)]


SELECT = Entry("select", "stage", SelectOptions, "Keeps the named fields.", lower=_lower_select)
EXCLUDE = Entry("exclude", "stage", ExcludeOptions, "Removes the named fields.", lower=_lower_exclude)
