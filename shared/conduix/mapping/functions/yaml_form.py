"""YAML read into values, and values written as YAML the way yaml.v3 lays it out."""

from __future__ import annotations

import datetime as dt
from typing import Any

import yaml

from conduix.errors import MappingError
from conduix.mapping.timestamps import SECOND
from conduix.mapping.values import Timestamp, refuse_giant

_MOST_NODES = 1_000_000


def read(raw: bytes) -> Any:
    """The value of one document. Raises MappingError on wrong YAML, and where aliases multiply it beyond a limit."""
    try:
        loaded = yaml.safe_load(raw)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise MappingError(f"failed to parse value as YAML: {error}") from error
    return _plain(loaded, [_MOST_NODES])


def _plain(value: Any, left: list[int]) -> Any:
    left[0] -= 1
    if left[0] < 0:
        raise MappingError(f"failed to parse value as YAML: more than {_MOST_NODES} values with all aliases resolved")
    if isinstance(value, dict):
        return {key if isinstance(key, str) else str(key): _plain(item, left) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item, left) for item in value]
    if isinstance(value, dt.date):
        moment = value if isinstance(value, dt.datetime) else dt.datetime(value.year, value.month, value.day)  # noqa: DTZ001 - set below
        aware = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
        whole = int(aware.replace(microsecond=0).timestamp())
        return Timestamp(whole * SECOND + aware.microsecond * 1000, aware.tzinfo or dt.UTC)
    return value


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
