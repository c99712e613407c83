"""Records of another shape: nested ones made flat, arrays made records, and records held against a schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

from conduix.errors import RecordInvalid
from conduix.mapping.functions.declare import STAGE, Family, Parameter
from conduix.mapping.functions.stages.casting import told
from conduix.mapping.values import refuse_giant, to_text, type_name

family = Family("shapes", prefix=STAGE)

_MOST_FAILURES = 10
_MOST = Parameter("most", "integer", "How many records one may become.")
_INTO = Parameter("into", "array", "The names of the field that holds each item; empty: the item is the record.")


# schemas


def _prepare_conforms(schema: str) -> Callable[[Any], bool]:
    validator = compiled_schema(schema)

    def conforms(value: Any) -> bool:
        try:
            if validator.is_valid(value):
                return True
            failures = list(islice(validator.iter_errors(value), _MOST_FAILURES))
        except ValueError as error:
            raise RecordInvalid(f"the record cannot be held against the schema: {error}") from error
        raise RecordInvalid("; ".join(map(_failure, failures))[:2000])

    return conforms


@family.method("conforms", "True where the value is as a JSON Schema wants it; else an error: paths, expectations.",
               Parameter("schema", "string", "The schema, as JSON."), prepare=_prepare_conforms)  # fmt: skip
def conforms(value: Any, schema: str) -> bool:
    """True. Raises RecordInvalid."""
    return _prepare_conforms(schema)(value)


@lru_cache(maxsize=200)
def compiled_schema(schema: str) -> Any:
    """The validator of a JSON Schema. Raises ValueError where it is none, or refers to something outside of it."""
    import jsonschema_rs  # noqa: PLC0415 - loads slowly, few use it

    try:
        # nothing is fetched, whatever a schema refers to; patterns in linear time
        return jsonschema_rs.validator_for(
            schema, offline=True, validate_formats=True, pattern_options=jsonschema_rs.RegexOptions()
        )
    except jsonschema_rs.ReferencingError as error:
        raise ValueError(f"it refers to something outside of it: {error}") from error


def _failure(failure: Any) -> str:
    path = ".".join(map(str, failure.instance_path))
    return f"{path}: {failure.message}" if path else str(failure.message)


# many of one


def spread(record: Any, field: Sequence[str], into: Sequence[str], items: Sequence[Any], most: int) -> list[Any]:
    """A record for each item, with the item at `into` and without what stands at `field`; the items alone without."""
    if len(items) > most:
        raise RecordInvalid(f"{'.'.join(field) or 'the record'} would become {len(items)} records, the limit is {most}")
    if not into:
        return list(items)
    if tuple(field) != tuple(into):
        record = _without(record, field)
    if len(into) == 1:
        return [{**record, into[0]: item} for item in items]
    return [_placed(record, into, item) for item in items]


def _placed(record: Any, path: Sequence[str], item: Any) -> dict[str, Any]:
    """A copy of the record with the item at this path; what is not on the way is shared."""
    if record is not None and not isinstance(record, dict):
        raise RecordInvalid(f"{path[0]}: it cannot be set inside of {told(record)}")
    inner = item if len(path) == 1 else _placed((record or {}).get(path[0]), path[1:], item)
    return {**(record or {}), path[0]: inner}


def _without(record: Any, path: Sequence[str]) -> Any:
    if not path or not isinstance(record, dict) or path[0] not in record:
        return record
    rest = {key: value for key, value in record.items() if key != path[0]}
    return rest if len(path) == 1 else {**record, path[0]: _without(record[path[0]], path[1:])}


def taken(record: Any, path: Sequence[str]) -> Any:
    """What stands there; None where nothing does. Raises RecordInvalid where the record is no object."""
    if path and not isinstance(record, dict):
        raise RecordInvalid(f"the record is {told(record)}, an object is expected")
    for name in path:
        record = record.get(name) if isinstance(record, dict) else None
    return record


@family.method("split", "The records that a field is to become: one for each item, or each part of a text.",
               Parameter("field", "array", "The names of the field."), _INTO,
               Parameter("separator", "string", "What separates the parts of a text; empty: it is an array."),
               Parameter("keep_empty", "bool", "Whether a record without items goes on, with null there."),
               _MOST)  # fmt: skip
def split(  # noqa: PLR0917 - a method's parameters stand in their order
    record: Any, field: list[str], into: list[str], separator: str, keep_empty: bool, most: int
) -> list[Any]:
    """The records. Raises RecordInvalid where the field is neither, or has too many items."""
    value = taken(record, field)
    if keep_empty and value in (None, [], ""):
        return spread(record, field, into or field, [None], most)
    if separator and isinstance(value, str):
        value = value.split(separator) if value else []
    elif not isinstance(value, list):
        wanted = "a text" if separator else "an array"
        raise RecordInvalid(f"{'.'.join(field)}: {told(value)} is no list of items: {wanted} is expected")
    return spread(record, field, into, value, most)


# one of many


@family.method("object", "The value, an object; an empty one for null.",
               Parameter("path", "string", "What errors call it."))  # fmt: skip
def an_object(value: Any, path: str) -> dict[str, Any]:
    """The object. Raises RecordInvalid for anything else."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise RecordInvalid(f"{path}: {told(value)} is no object; texts and numbers are merged with a separator")
    return value


@family.method("text", "The text of a text, a number or a bool.")
def scalar_text(value: Any) -> str:
    """The text. Raises RecordInvalid for objects and arrays."""
    if isinstance(value, dict | list):
        raise RecordInvalid(f"{told(value)} cannot be joined: a text, a number or a bool is expected")
    return to_text(value)


# flat


@family.method("flatten", "The object with all that is nested in it at its top.",
               Parameter("path", "string", "What errors call it."),
               Parameter("separator", "string", "What stands between the names."),
               Parameter("arrays", "string", "`keep` or `index`."),
               Parameter("depth", "integer", "How many levels become one; 0: all."))  # fmt: skip
def flatten(value: Any, path: str, separator: str, arrays: str, depth: int) -> Any:
    """The flat object. Raises RecordInvalid where it is none, or two fields get the same name."""
    if value is None and path:
        return None
    if not isinstance(value, dict):
        raise RecordInvalid(f"{path or 'the record'} is {type_name(value)}, an object is expected")
    made: dict[str, Any] = {}
    _lay(value, "", made, separator, index=arrays == "index", left=depth or -1)
    return made


def _lay(
    value: Mapping[str, Any], before: str, made: dict[str, Any], separator: str, *, index: bool, left: int
) -> None:
    for name, item in value.items():
        key = f"{before}{name}"
        inner = dict(zip(map(str, range(len(item))), item, strict=True)) if index and isinstance(item, list) else item
        if isinstance(inner, dict) and inner and left:
            _lay(inner, f"{key}{separator}", made, separator, index=index, left=left - 1)
        elif key in made:
            raise RecordInvalid(f"two fields would be called {key}; choose another separator")
        else:
            made[key] = item
            refuse_giant(len(made))
