"""YAML read into values, and values written as YAML the way yaml.v3 lays it out."""

from __future__ import annotations

from typing import Any

import yaml

from conduix.errors import MappingError
from conduix.mapping.functions.adoption import adopt
from conduix.mapping.values import refuse_giant


def read(raw: bytes) -> Any:
    """The value of one document. Raises MappingError on wrong YAML, and where aliases multiply it beyond a limit."""
    try:
        loaded = yaml.safe_load(raw)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise MappingError(f"failed to parse value as YAML: {error}") from error
    return adopt(loaded)


class _Dumper(yaml.SafeDumper):
    """Indents the items of lists, and repeats what stands twice instead of naming it."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - PyYAML's name
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's name
        return True


def write(value: Any) -> bytes:
    """The YAML of a plain value, keys sorted, four spaces a level."""
    written = yaml.dump(value, Dumper=_Dumper, indent=4, sort_keys=True, allow_unicode=True, width=2**31)
    refuse_giant(len(written))
    return written.removesuffix("...\n").encode()
