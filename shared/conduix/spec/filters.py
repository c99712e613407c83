"""Conditions of documents: a text in the mapping language, or a structured filter."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_serializer, model_validator

from conduix.errors import MappingSyntaxError
from conduix.mapping import parse_condition, parse_structured
from conduix.mapping.tree import Expr
from conduix.spec.options import ConditionText, Options

Operator = Literal[
    "eq", "neq", "gt", "gte", "lt", "lte", "contains", "startswith", "endswith", "regex", "exists", "notexists",
    "null", "notnull", "in", "notin",
]  # fmt: skip


class Filter(Options):
    """One test of a field, or a group of tests under `and` or `or`."""

    field: str | None = Field(None, description="The dotted path of the field.", examples=["customer.name"])
    operator: Operator | None = Field(None, description="How it is tested.", examples=["eq"])
    value: Any = Field(None, description="What it is tested with; a list for in and notin.", examples=["active"])
    all_of: tuple[Filter, ...] | None = Field(None, alias="and", description="Tests that must all be true.")
    any_of: tuple[Filter, ...] | None = Field(None, alias="or", description="Tests of which one must be true.")

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        if self.all_of is None and self.any_of is None:
            try:
                parse_structured(self.plain())
            except MappingSyntaxError as error:
                raise ValueError(error.message) from error
        elif len(self.model_fields_set) > 1 or not (self.all_of or self.any_of):
            raise ValueError("a group is `and` or `or` alone, with one test or more")
        return self

    @model_serializer
    def plain(self) -> dict[str, Any]:
        """The filter as it is written, and as `parse_structured` takes it."""
        if self.all_of is not None:
            return {"and": [test.plain() for test in self.all_of]}
        if self.any_of is not None:
            return {"or": [test.plain() for test in self.any_of]}
        return {name: getattr(self, name) for name in ("field", "operator", "value") if name in self.model_fields_set}


Condition = ConditionText | Filter
"""A condition as a document has it."""


def read(condition: str | Filter) -> Expr:
    """The tree of a condition. Raises MappingSyntaxError."""
    return parse_condition(condition) if isinstance(condition, str) else parse_structured(condition.plain())
