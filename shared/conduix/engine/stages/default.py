"""Default: values for fields that a record lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import Field, JsonValue

from conduix.engine.catalog import Entry
from conduix.engine.stages.paths import GENERATED, SAME, FieldPath, assign, is_there, mapping, read
from conduix.mapping.steps import MapStep, OnError, Step
from conduix.mapping.tree import Expr, If, IfStatement, Literal, Method, Statement, This, Unary
from conduix.spec.options import Options


class DefaultOptions(Options):
    """Options of default."""

    fields: Mapping[FieldPath, JsonValue] = Field(
        min_length=1,
        description="Path to value, of any type; objects on the way are made.",
        examples=[{"status": "new", "customer.country": "US", "tags": []}],
    )
    nulls: bool = Field(True, description="Whether null is replaced too; else only what is missing.")


def _if_missing(path: str, value: JsonValue) -> Statement:
    there = Method(This(GENERATED), "exists", (Literal(path, GENERATED),), GENERATED)
    return IfStatement(((Unary("!", there, GENERATED), (assign(path, Literal(value, GENERATED)),)),), (), GENERATED)


def _if_null(path: str, value: JsonValue) -> Statement:
    return assign(path, If(((is_there(path), read(path)),), Literal(value, GENERATED), GENERATED))


def _lower(options: DefaultOptions, node: str, when: Expr | None, on_error: OnError) -> Sequence[Step]:
    one = _if_null if options.nulls else _if_missing
    return [MapStep(node, mapping(SAME, *(one(*pair) for pair in options.fields.items())), when, on_error)]


DEFAULT = Entry("default", "stage", DefaultOptions, "Gives fields that are missing or null a value.", lower=_lower)
