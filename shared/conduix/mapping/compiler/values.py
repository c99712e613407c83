"""What the compiler knows of a value before any record is there: its possible types, and how code gets at it."""

from __future__ import annotations

import ast
import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntFlag
from typing import Any

from conduix.mapping.compiler.project import Shape
from conduix.mapping.tree import Expr, Lambda, Statement
from conduix.mapping.values import Absent, Timestamp, to_text


class T(IntFlag):
    """Possible types of a value."""

    NULL = 1
    BOOL = 2
    INT = 4
    FLOAT = 8
    STR = 16
    LIST = 32
    DICT = 64
    OTHER = 128
    """Bytes and timestamps, which JSON does not have."""
    ABSENT = 256
    """Deleted or nothing."""
    NUMBER = INT | FLOAT
    JSON = NULL | BOOL | NUMBER | STR | LIST | DICT
    VALUE = JSON | OTHER
    ANY = VALUE | ABSENT


def within(types: T, allowed: T) -> bool:
    """Whether a value of `types` is surely one of `allowed`."""
    return not types & ~allowed


def types_of(value: Any) -> T:
    """The type of a known value."""
    for kind, flag in _TYPES:
        if isinstance(value, kind):
            return flag
    return T.NULL


_TYPES: tuple[tuple[type | tuple[type, ...], T], ...] = (
    (bool, T.BOOL), (int, T.INT), (float, T.FLOAT), (str, T.STR), (list, T.LIST), (dict, T.DICT),
    ((bytes, Timestamp), T.OTHER), (Absent, T.ABSENT),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plain:
    """A value of the language as it is, in `code`."""

    code: ast.expr
    types: T = T.JSON
    raw: bool = False
    """A number that may be a whole float; it must be settled before anybody sees it."""
    small: bool = False
    """A number surely within ±2**53."""


@dataclass(frozen=True, slots=True)
class Projected:
    """Something that was decoded as `shape` says: a Struct, a list of such, or a leaf."""

    shape: Shape
    code: ast.expr
    sure: bool = False
    """Neither null nor missing: the record itself, an item of an array."""


@dataclass(frozen=True, slots=True)
class Record:
    """A new object whose keys are known, or a record of a csv file.

    A field of which the types have ABSENT may be missing: its code gives UNSET then.
    """

    fields: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Stream:
    """A list that need not exist: a list, and what is done to each of its items before anybody looks at them."""

    source: Value
    stages: tuple[tuple[str, Lambda, Scope], ...]
    """("map_each" or "filter", its lambda, where the lambda stands)."""


@dataclass(frozen=True, slots=True)
class Built:
    """A list whose items are Structs because it only goes into the output."""

    code: ast.expr
    node: Expr
    """What made it: when anybody else wants the list, it is made of plain objects in the next round."""
    fields: Mapping[str, T]


Value = Plain | Projected | Record | Stream | Built


@dataclass(frozen=True, slots=True)
class Scope:
    """What names stand for at one place of a mapping."""

    this: Value
    params: Mapping[str, Value] = field(default_factory=dict)
    variables: Mapping[str, Value] = field(default_factory=dict)
    root: Value | None = None
    """The new record so far; None while it is unset."""
    maps: Mapping[str, tuple[Statement, ...]] = field(default_factory=dict)
    applied: tuple[str, ...] = ()
    """The maps around this place."""


def held(value: Value | None) -> T:
    """OTHER if something in the value may be bytes or a timestamp."""
    if isinstance(value, Plain):
        return value.types & T.OTHER
    found = T(0)
    if isinstance(value, Record):
        for part in value.fields.values():
            found |= held(part)
    return found


def jsonable(value: Any) -> Any:
    """The value in the types of JSON: bytes and timestamps as text; containers copied only where something changes."""
    if isinstance(value, dict):
        made = {key: jsonable(part) for key, part in value.items()}
        return made if any(made[key] is not part for key, part in value.items()) else value
    if isinstance(value, Timestamp):
        return to_text(value)
    if isinstance(value, list):
        parts = [jsonable(part) for part in value]
        return parts if any(new is not old for new, old in zip(parts, value, strict=True)) else value
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return None if isinstance(value, Absent) else value
