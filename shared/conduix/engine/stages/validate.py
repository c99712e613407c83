"""Validate: records held against a JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, WithJsonSchema

from conduix.engine.catalog import Entry
from conduix.engine.stages.paths import GENERATED, stage_call
from conduix.mapping.steps import FilterStep, OnError, Step
from conduix.mapping.tree import Expr, This
from conduix.spec.options import Options


def _of_text(schema: Any) -> Any:
    if not isinstance(schema, str):
        return schema
    try:
        return json.loads(schema)
    except ValueError as error:
        raise ValueError(
            f"the text is no JSON: {error}; write a schema, or ${{file:PATH}} for that of a file"
        ) from error


def _compiles(schema: dict[str, JsonValue]) -> dict[str, JsonValue]:
    from conduix.mapping.functions.stages.shapes import compiled_schema  # noqa: PLC0415 - only where one is written

    try:
        compiled_schema(json.dumps(schema))
    except ValueError as error:
        first, *_ = str(error).splitlines()
        raise ValueError(f"this is no JSON Schema: {first}") from error
    return schema


Schema = Annotated[
    dict[str, JsonValue],
    BeforeValidator(_of_text),
    AfterValidator(_compiles),
    WithJsonSchema({"type": ["object", "string"]}),
]


class ValidateOptions(Options):
    """Options of validate."""

    schema_: Schema = Field(
        alias="schema",
        description="The JSON Schema, any draft from 4 on, as an object or as JSON text (`${file:PATH}`). It may refer "
        "to its own parts only; `format` is looked at. A record that does not conform fails.",
        examples=[{"required": ["id"], "properties": {"id": {"type": "string"}, "total": {"minimum": 0}}}],
    )


def _lower(options: ValidateOptions, node: str, when: Expr | None, on_error: OnError) -> Sequence[Step]:
    conforms = stage_call(This(GENERATED), "conforms", json.dumps(options.schema_))
    return [FilterStep(node, conforms, when, on_error)]


VALIDATE = Entry(
    "validate", "stage", ValidateOptions, "Lets records pass that are as a JSON Schema wants them.", lower=_lower
)
