"""Mapping language inside documents: every option that holds some is parsed, errors are placed in the YAML."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal

from conduix import mapping
from conduix.errors import MappingSyntaxError
from conduix.spec.diagnostics import Code, Problems
from conduix.spec.dialects.draft import Option
from conduix.spec.embedded import locate
from conduix.spec.nodes import Items, Node, Path, Scalar
from conduix.spec.options import Expression, Options
from conduix.spec.shapes import Shape, expression, inner

Kind = Literal["mapping", "condition", "remap", "template"]

_PARSERS: Mapping[Kind, Callable[[str], object]] = {
    "mapping": mapping.parse_mapping,
    "condition": mapping.parse_condition,
    "remap": mapping.parse_remap,
    "template": mapping.parse_template,
}


def check_options(model: type[Options], options: Mapping[str, Option], problems: Problems) -> None:
    """Parse what the model marks as mapping language; also where other options are wrong."""
    for key, option in options.items():
        for found, scalar, path in _expressions(inner(model, key), option.value, option.path):
            check(found.kind, scalar, path, problems)


def check(kind: Kind, scalar: Scalar, path: Path, problems: Problems) -> None:
    """Parse one text; a syntax error is noted at its own line and column of the YAML."""
    if scalar.is_open:
        return
    try:
        _PARSERS[kind](scalar.text)
    except MappingSyntaxError as error:
        mark = locate(scalar, max(error.line, 1), max(error.column, 1))
        message = f"{error.message}; {error.remedy}" if error.remedy else error.message
        problems.error(Code.MAPPING_SYNTAX, mark, path, message)


def _expressions(shapes: Iterable[Shape], node: Node, path: Path) -> Iterator[tuple[Expression, Scalar, Path]]:
    """The texts in mapping language below a node, each with the mark its type carries."""
    shapes = list(shapes)
    if isinstance(node, Scalar):
        found = next(filter(None, map(expression, shapes)), None)
        if found and isinstance(node.value, str):
            yield found, node, path
        return
    children: Iterable[tuple[str | int, Node]] = (
        enumerate(node.values)
        if isinstance(node, Items)
        else ((key, entry.value) for key, entry in node.entries.items())
    )
    for step, below in children:
        yield from _expressions([s for shape in shapes for s in inner(shape, step)], below, (*path, step))
