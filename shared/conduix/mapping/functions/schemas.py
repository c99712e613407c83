"""Values held against a JSON Schema."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from conduix.errors import MappingError
from conduix.mapping.functions.declare import Family, Parameter
from conduix.mapping.values import plain

family = Family("parsing")


@lru_cache(maxsize=200)
def _validator(schema: str) -> Any:
    import jsonschema_rs  # noqa: PLC0415 - loads slowly, few use it

    try:
        # nothing is fetched, whatever a schema refers to; patterns in linear time, as everywhere in the language
        return jsonschema_rs.validator_for(schema, offline=True, pattern_options=jsonschema_rs.RegexOptions())
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        raise MappingError(f"failed to parse the JSON schema: {error}"[:1000]) from error


def _prepare(schema: str) -> Callable[[Any], Any]:
    validator = _validator(schema)
    return lambda value: _checked(validator, value)


@family.method("json_schema", "The value, if it is as a JSON Schema wants it; else an error that says what is not.",
               Parameter("schema", "string", "The schema, as JSON; all its drafts from 4 on."), prepare=_prepare,
               examples=(('root = this.json_schema("{\\"required\\":[\\"a\\"]}")', '{"a":1}', '{"a":1}'),
                         ('root.e = this.json_schema("{\\"required\\":[\\"b\\"]}").catch("wrong")', '{"a":1}',
                          '{"e":"wrong"}')))  # fmt: skip
def json_schema(value: Any, schema: str) -> Any:
    """The value itself."""
    return _prepare(schema)(value)


def _checked(validator: Any, value: Any) -> Any:
    try:
        failures = list(validator.iter_errors(plain(value)))
    except ValueError as error:
        raise MappingError(f"the value cannot be held against the schema: {error}") from error
    if failures:
        said = (f"{'.'.join(map(str, failure.instance_path)) or '(root)'}: {failure.message}" for failure in failures)
        raise MappingError("; ".join(said)[:2000])
    return value
