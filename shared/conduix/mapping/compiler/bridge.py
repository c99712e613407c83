"""What generated code calls where it leaves a step to the reference, and how it writes a value as a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from conduix.errors import MappingError
from conduix.mapping.compiler.values import jsonable
from conduix.mapping.describe import describe
from conduix.mapping.interpret import Interpreter, evaluate
from conduix.mapping.tree import Expr
from conduix.mapping.values import DELETED, NOTHING, type_name

_encode = msgspec.json.encode
_NO_META: Mapping[str, Any] = {}


def json_text(value: Any) -> str:
    """The value as one line of JSON."""
    return _encode(value).decode()


def interpreted(interpreter: Interpreter, value: Any, meta: Mapping[str, Any] = _NO_META) -> tuple[Any, Any]:
    """What the reference makes of a record and its metadata.

    The first is DELETED, or the new value (the old one if the mapping sets none).
    """
    made = interpreter.run(value, dict(meta))
    if made.value is NOTHING:
        return value, made.meta
    return (made.value if made.value is DELETED else jsonable(made.value)), made.meta


def strict_test(condition: Expr, value: Any, meta: Mapping[str, Any] = _NO_META) -> bool:
    """A condition of a filter, a route or `when` by the reference.

    Raises:
        MappingError: it gives anything but a bool.
    """
    found = evaluate(condition, value, dict(meta))
    if isinstance(found, bool):
        return found
    mark = condition.mark
    raise MappingError(
        f"{describe(condition)} gives {type_name(found)}, the condition needs a bool: compare it with something",
        line=mark.line, column=mark.column,
    )  # fmt: skip
