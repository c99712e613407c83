"""The base of every option model, and the field types that documents share: durations, sizes, expressions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from conduix.spec.units import parse_duration, parse_size


class Options(BaseModel):
    """Options of a node or of a part of the document: unknown keys are errors, values do not change.

    Every field carries `Field(description=…, examples=[…])`: catalogue, JSON Schema and docs come from there.
    """

    # validators are built with the first value: a document uses few of all the nodes that there are
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class AsWritten(Options):
    """The options of a node that has references which are bound elsewhere: any keys, references as they are written."""

    model_config = ConfigDict(extra="allow", frozen=True)


Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    WithJsonSchema({"type": "string", "examples": ["250ms", "10s", "5m", "24h"]}),
]
"""Seconds, written `250ms`, `10s`, `5m`, `24h`."""

Size = Annotated[
    int, BeforeValidator(parse_size), WithJsonSchema({"type": ["string", "integer"], "examples": ["64KiB", "10MB"]})
]
"""Bytes, written `64KiB`, `10MB` or as a plain number."""


@dataclass(frozen=True, slots=True)
class Expression:
    """Marks a string option that holds mapping language: `Annotated[str, Expression("condition")]`.

    The document's check parses every option so marked and reports its errors at their place in the YAML.
    """

    kind: Literal["mapping", "condition", "remap", "template"]


MappingText = Annotated[str, Expression("mapping")]
ConditionText = Annotated[str, Expression("condition")]
RemapText = Annotated[str, Expression("remap")]
TemplateText = Annotated[str, Expression("template")]
"""A text whose `${! expression }` parts are what the expressions give for each record."""
