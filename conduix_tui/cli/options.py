"""Option models as rows of a table: name, type in words, default, description, examples."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import orjson
from pydantic import AliasChoices, BaseModel, BeforeValidator
from pydantic.fields import FieldInfo

from conduix.spec.options import Expression
from conduix.spec.units import parse_duration, parse_size
from conduix_tui.cli import words

_PLAIN = {str: "string", int: "integer", float: "number", bool: "true | false", Any: "any value"}
_BY_PARSER: Mapping[object, str] = {parse_duration: "duration", parse_size: "size"}


@dataclass(frozen=True, slots=True)
class OptionRow:
    """One option; those of nested objects have dotted names (`split.size`), those of lists `routes[].name`."""

    name: str
    type: str
    required: bool
    default: Any
    description: str
    examples: Sequence[Any]

    @property
    def default_text(self) -> str:
        """The default as a document would write it."""
        return "unset" if self.default is None else _written(self.default)

    @property
    def example_text(self) -> str:
        """The first example as a document would write it."""
        return _written(self.examples[0])

    def as_data(self) -> dict[str, Any]:
        """For `--output json`."""
        return {
            "name": self.name,
            "type": self.type,
            "required": self.required,
            "default": self.default,
            "description": self.description,
            "examples": list(self.examples),
        }


def option_rows(model: type[BaseModel], prefix: str = "", outer: tuple[type[BaseModel], ...] = ()) -> list[OptionRow]:
    """The options of a model in its own order, nested ones after the option that holds them; `outer` are around it."""
    hints = get_type_hints(model, include_extras=True)
    rows = []
    for field_name, field in model.model_fields.items():
        hint, name = hints[field_name], prefix + _key(field_name, field)
        kind = _type_words(hint)
        rows.append(
            OptionRow(
                name=name,
                type=kind,
                required=field.is_required(),
                default=None if field.is_required() else _default(field.get_default(call_default_factory=True), kind),
                description=field.description or "",
                examples=field.examples or (),
            )
        )
        for nested, suffix in _nested(hint):
            if nested not in outer:
                rows += option_rows(nested, f"{name}{suffix}.", (*outer, nested))
    return rows


def _key(field_name: str, field: FieldInfo) -> str:
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        return "|".join(str(choice) for choice in alias.choices)
    return str(alias or field_name)


def _type_words(hint: Any) -> str:
    if get_origin(hint) is Annotated:
        base, *marks = get_args(hint)
        return next(filter(None, map(_mark_words, marks)), None) or _type_words(base)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (types.UnionType, Union):
        return " or ".join(dict.fromkeys(_type_words(a) for a in arguments if a is not types.NoneType))
    if origin is Literal:
        return " | ".join(map(str, arguments))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"map of {_type_words(arguments[1])}"
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return f"list of {_type_words(arguments[0])}"
    return _PLAIN.get(hint, "object")


def _mark_words(mark: object) -> str | None:
    if isinstance(mark, Expression):
        return {
            "mapping": "mapping",
            "condition": "condition",
            "remap": "remap script",
            "template": "text with ${! … }",
        }[mark.kind]
    return _BY_PARSER.get(mark.func) if isinstance(mark, BeforeValidator) else None


def _nested(hint: Any, suffix: str = "") -> Iterator[tuple[type[BaseModel], str]]:
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        yield hint, suffix
    is_list = isinstance(origin := get_origin(hint), type) and issubclass(origin, Sequence)
    for argument in get_args(hint):
        yield from _nested(argument, suffix + "[]" if is_list else suffix)


def _default(value: Any, kind: str) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_defaults=True)
    if kind == "duration" and value is not None:
        return words.duration(value)
    if kind == "size" and value is not None:
        return words.size(value)
    return value


def _written(value: Any) -> str:
    return value if isinstance(value, str) and value else orjson.dumps(value).decode()
