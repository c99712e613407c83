"""The types behind a model's fields, walked beside a document's tree."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import AliasChoices, BaseModel
from pydantic.fields import FieldInfo

from conduix.spec.options import Expression

Shape = Any
"""A type as it stands in an annotation: `str`, `list[Route]`, `Annotated[str, Expression("mapping")] | None`."""


def alternatives(shape: Shape) -> Iterator[tuple[Shape, tuple[Any, ...]]]:
    """Each type that a union allows, without `Annotated`, with the annotations that stood around it."""
    origin: object = get_origin(shape)
    if origin is Annotated:
        inner, *notes = get_args(shape)
        for each, inside in alternatives(inner):
            yield each, (*inside, *notes)
    elif origin in {Union, types.UnionType}:
        for part in get_args(shape):
            yield from alternatives(part)
    else:
        yield shape, ()


def expression(shape: Shape) -> Expression | None:
    """The mark of an option that holds mapping language, if it may hold any."""
    for each, notes in alternatives(shape):
        if each is str:
            for note in notes:
                if isinstance(note, Expression):
                    return note
    return None


def models(shape: Shape) -> Iterator[type[BaseModel]]:
    """The models that a union allows."""
    for each, _ in alternatives(shape):
        if isinstance(each, type) and issubclass(each, BaseModel):
            yield each


def field_shape(info: FieldInfo) -> Shape:
    """A field's type with the annotations that pydantic took off it."""
    shape: Shape = info.annotation
    for note in info.metadata:
        shape = Annotated[shape, note]
    return shape


def field_names(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Every name under which a model takes a field, aliases too."""
    names: dict[str, FieldInfo] = {}
    for name, info in model.model_fields.items():
        own = name if not info.validation_alias or model.model_config.get("populate_by_name") else None
        for key in (own, info.alias, *_validation_aliases(info)):
            if key:
                names.setdefault(key, info)
    return names


def _validation_aliases(info: FieldInfo) -> Iterator[str]:
    alias = info.validation_alias
    if isinstance(alias, str):
        yield alias
    elif isinstance(alias, AliasChoices):
        yield from (choice for choice in alias.choices if isinstance(choice, str))


def inner(shape: Shape, step: str | int) -> Iterator[Shape]:
    """The types of what stands under a key or index."""
    for each, _ in alternatives(shape):
        origin, arguments = get_origin(each), get_args(each)
        if isinstance(step, str) and isinstance(each, type) and issubclass(each, BaseModel):
            if info := field_names(each).get(step):
                yield field_shape(info)
        elif not isinstance(origin, type) or not arguments:
            continue
        elif isinstance(step, str) and issubclass(origin, Mapping):
            yield arguments[1]
        elif isinstance(step, int) and issubclass(origin, Sequence | set | frozenset):
            fixed = issubclass(origin, tuple) and len(arguments) > 1 and arguments[1] is not Ellipsis
            yield arguments[min(step, len(arguments) - 1)] if fixed else arguments[0]
