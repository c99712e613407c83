"""Texts with a structure: rows of csv, pairs of keys and values, URLs."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from conduix.errors import MappingError
from conduix.mapping.functions.declare import REMAP, Family, Parameter
from conduix.mapping.functions.pair_form import pairs
from conduix.mapping.functions.url_text import unescaped

family = Family("documents", prefix=REMAP)

_VALUE = Parameter("value", "string", "The text.")


@family.function("parse_csv", "The fields of one row of csv text.", _VALUE,
                 Parameter("delimiter", "string", "One character.", ","),
                 examples=(('.a = parse_csv!("x,\\"y, z\\"")', "{}", '{"a":["x","y, z"]}'),))  # fmt: skip
def parse_csv(value: str, delimiter: str) -> list[str]:
    """The fields."""
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise MappingError("the delimiter of csv is one character, and no quote or newline")
    try:
        rows = list(csv.reader(value.splitlines(keepends=True), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise MappingError(f"invalid csv record: {error}") from error
    return rows[0] if rows else []


@family.function(
    "parse_query_string",
    "The parameters of a URL's query.",
    _VALUE,
    examples=(('.a = parse_query_string("?x=1&y=a+b&x=2")', "{}", '{"a":{"x":["1","2"],"y":"a b"}}'),),
)
def parse_query_string(value: str) -> dict[str, Any]:
    """Texts by name; a name that comes more than once has an array."""
    return _by_name(parse_qsl(value.removeprefix("?"), keep_blank_values=True))


def _by_name(found: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """The values by name; more than one as an array."""
    made: dict[str, list[Any]] = {}
    for name, value in found:
        made.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in made.items()}


_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21}


@family.function(
    "parse_url",
    "The parts of a URL.",
    _VALUE,
    Parameter("default_known_ports", "bool", "Whether the usual port of a scheme is given.", False),
    examples=(('.a = parse_url!("https://ada@vector.dev/docs?x=1").host', "{}", '{"a":"vector.dev"}'),),
)
def parse_url(value: str, known_ports: bool) -> dict[str, Any]:
    """Scheme, username, password, host, port, path, query and fragment."""
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError as error:
        raise MappingError(f"unable to parse url: {error}") from error
    if not parts.scheme or "://" not in value:
        raise MappingError("unable to parse url: relative URL without a base")
    return {
        "scheme": parts.scheme,
        "username": unescaped(parts.username or ""),
        "password": unescaped(parts.password or ""),
        "host": parts.hostname,
        "port": _PORTS.get(parts.scheme) if known_ports and port is None else port,
        "path": parts.path or "/",
        "query": dict(parse_qsl(parts.query, keep_blank_values=True)),
        "fragment": parts.fragment or None,
    }


_KEY_END = Parameter("key_value_delimiter", "string", "What stands between key and value.", "=")
_PAIR_END = Parameter("field_delimiter", "string", "What stands between pairs.", " ")
_ALONE = Parameter("accept_standalone_key", "bool", "Whether a key may stand alone; its value is true.", True)


@family.function("parse_key_value", 'The pairs of a text such as `a=1 b="x y"`.', _VALUE, _KEY_END, _PAIR_END, _ALONE,
                 examples=(('.a = parse_key_value!("at=info path=\\"/a b\\" ok")', "{}",
                            '{"a":{"at":"info","path":"/a b","ok":true}}'),
                           ('.a = parse_key_value!("x:1,y:2", ":", ",")', "{}",
                            '{"a":{"x":"1","y":"2"}}')))  # fmt: skip
def parse_key_value(value: str, between: str, after: str, alone: bool) -> dict[str, Any]:
    """Texts by key; a key that comes more than once has an array."""
    if not between or not after:
        raise MappingError("a delimiter of parse_key_value has one character or more")
    found = list(pairs(value.strip(), between, after))
    if not found:
        raise MappingError("no key and value were found")
    lone = [key for key, item in found if item is None]
    if lone and not alone:
        raise MappingError(f"`{lone[0][:100]}` stands alone: a key needs a value after `{between}`")
    return _by_name((key, True if item is None else item) for key, item in found)


@family.function("parse_logfmt", "The pairs of a line of logfmt.", _VALUE,
                 examples=(('.a = parse_logfmt!("level=info msg=\\"all well\\" retry")', "{}",
                            '{"a":{"level":"info","msg":"all well","retry":true}}'),))  # fmt: skip
def parse_logfmt(value: str) -> dict[str, Any]:
    """Texts by key."""
    made: dict[str, Any] = parse_key_value(value, "=", " ", True)
    return made
