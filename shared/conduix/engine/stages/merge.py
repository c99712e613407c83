"""Merge: several fields as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from pydantic import Field, model_validator

from conduix.engine.catalog import Entry
from conduix.engine.stages.paths import (
    GENERATED,
    SAME,
    FieldPath,
    assign,
    is_there,
    mapping,
    read,
    refuse_twice,
    stage_call,
    without,
)
from conduix.mapping.steps import MapStep, OnError, Step
from conduix.mapping.tree import Array, Binary, Expr, If, Lambda, Literal, Method, Object, Param, Statement
from conduix.spec.options import Options


class MergeOptions(Options):
    """Options of merge."""

    fields: tuple[FieldPath, ...] = Field(
        min_length=1,
        description="The fields, objects, or with a separator texts, numbers and bools; those that a record lacks are "
        "left out. Where two objects have the same field, the later one's value stays.",
        examples=[["address", "contact"], ["year", "month", "day"]],
    )
    into: FieldPath | None = Field(
        None,
        description="Where the merged value goes; without it the objects' fields go to the top of the record.",
        examples=["date"],
    )
    separator: str | None = Field(
        None, description="What stands between texts; without it objects are merged.", examples=["-", ""]
    )
    keep: bool = Field(False, description="Whether the fields themselves stay too.")

    @model_validator(mode="after")
    def _what_goes_where(self) -> Self:
        refuse_twice(self.fields)
        if self.separator is not None and self.into is None:
            raise ValueError("a joined text needs a place; write for example into: name")
        if self.into is not None and len(self.fields) == 1:
            raise ValueError("one field alone is not merged; to move it write a rename stage")
        return self


def _objects(target: Expr, options: MergeOptions) -> Expr:
    for path in options.fields:
        target = Method(target, "assign", (stage_call(read(path), "object", path),), GENERATED)
    return target


def _text(options: MergeOptions, separator: str) -> Expr:
    """The fields that are there as one text; nothing where none is."""
    fields = Array(tuple(map(read, options.fields)), GENERATED)
    value = Param("v", GENERATED)
    not_null = Lambda("v", Binary("!=", value, Literal(None, GENERATED), GENERATED), GENERATED)
    known = Method(fields, "filter", (not_null,), GENERATED)
    texts = Method(known, "map_each", (Lambda("v", stage_call(value, "text"), GENERATED),), GENERATED)
    joined = Method(texts, "join", (Literal(separator, GENERATED),), GENERATED)
    some, *others = map(is_there, options.fields)
    for other in others:
        some = Binary("||", some, other, GENERATED)
    return If(((some, joined),), None, GENERATED)


def _statements(options: MergeOptions) -> Sequence[Statement]:
    rest = SAME if options.keep else assign(None, without(options.fields))
    if options.into is None:
        return [assign(None, _objects(rest.value, options))]
    if options.separator is None:
        return [rest, assign(options.into, _objects(Object((), GENERATED), options))]
    return [rest, assign(options.into, _text(options, options.separator))]


def _lower(options: MergeOptions, node: str, when: Expr | None, on_error: OnError) -> Sequence[Step]:
    return [MapStep(node, mapping(*_statements(options)), when, on_error)]


MERGE = Entry("merge", "stage", MergeOptions, "Makes one field of several: objects merged, texts joined.", lower=_lower)
