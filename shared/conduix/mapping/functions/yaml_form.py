"""YAML read into values, and values written as YAML the way yaml.v3 lays it out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import yaml

from conduix.errors import MappingError
from conduix.mapping.functions.adoption import adopt
from conduix.mapping.values import refuse_giant

_INDENT = 4
_TEXT_TAG = "tag:yaml.org,2002:str"


def read(raw: bytes) -> Any:
    """The value of one document. Raises MappingError on wrong YAML, and where aliases multiply it beyond a limit."""
    try:
        loaded = yaml.safe_load(raw)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise MappingError(f"failed to parse value as YAML: {error}") from error
    return adopt(loaded)


def write(value: Any) -> bytes:
    """The YAML of a plain value, keys sorted, four spaces a level."""
    written = "".join(f"{line}\n" for line in _lines(value, 0))
    refuse_giant(len(written))
    return written.encode()


def _lines(value: Any, indent: int) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key in sorted(value):
            yield from _entry(f"{' ' * indent}{_scalar(key, indent)}:", value[key], indent)
    elif isinstance(value, list) and value:
        for item in value:
            # the item's own lines stand behind the dash
            inner = _lines(item, indent + 2)
            yield f"{' ' * indent}- {next(inner).lstrip(' ')}"
            yield from inner
    else:
        yield from f"{' ' * indent}{_scalar(value, indent)}".split("\n")


def _entry(start: str, value: Any, indent: int) -> Iterator[str]:
    deeper = _INDENT * ((indent + _INDENT) // _INDENT)
    if isinstance(value, dict | list) and value:
        yield start
        yield from _lines(value, deeper)
    else:
        yield from f"{start} {_scalar(value, deeper)}".split("\n")


def _scalar(value: Any, indent: int) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    if "\n" in value and not value[:1].isspace() and value.replace("\n", "").isprintable():
        mark = "|-" if not value.endswith("\n") else "|" if not value.endswith("\n\n") else "|+"
        body = value.removesuffix("\n").split("\n")
        return "\n".join((mark, *(f"{' ' * indent}{line}" if line else "" for line in body)))
    if not value or _resolved(value) != _TEXT_TAG:
        return json.dumps(value, ensure_ascii=False)
    dumped: str = yaml.safe_dump(value, allow_unicode=True, width=2**31)
    return dumped.removesuffix("\n...\n").removesuffix("\n")


def _resolved(value: str) -> str:
    """What a reader would take the bare text for."""
    for tag, pattern in yaml.SafeLoader.yaml_implicit_resolvers.get(value[0], ()):
        if pattern.match(value):
            return str(tag)
    return _TEXT_TAG
