"""XML as objects and back: attributes are keys that begin with `-`, the text beside them is `#text`.

The reader knows no document types and resolves only the five entities and character references, so that a text can
neither grow nor reach out of itself. It forgives attributes without quotes.
"""

from __future__ import annotations

import html
import re
from typing import Any

from conduix.errors import MappingError
from conduix.mapping.functions.coercion import parse_number, to_bool
from conduix.mapping.values import refuse_giant, to_text

_TOKEN = re.compile(
    r"<!--.*?-->|<\?.*?\?>|<!\[CDATA\[(?P<cdata>.*?)\]\]>|<![^>\[]*(?:\[[^\]]*\][^>]*)?>"
    r"|</(?P<close>[^\s>]+)\s*>|<(?P<open>[^\s/>!?]+)(?P<attributes>(?:[^<>\"']|\"[^\"]*\"|'[^']*')*?)(?P<empty>/?)>"
    r"|(?P<text>[^<]+)",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"([^\s=]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
_MAX_DEPTH = 400


def read(content: str, *, cast: bool) -> dict[str, Any]:
    """The root element as `{name: value}`. Raises MappingError where the tags do not fit."""
    root: dict[str, Any] = {}
    stack: list[tuple[str, dict[str, Any]]] = [("", root)]
    at = 0
    while at < len(content):
        token = _TOKEN.match(content, at)
        if token is None:
            raise MappingError(f"failed to parse value as XML: wrong syntax at position {at}")
        at = token.end()
        _take(token, stack, cast=cast)
        if len(stack) == 1 and root and "#text" not in root:
            return root
    if len(stack) > 1:
        raise MappingError(f"failed to parse value as XML: unexpected end, <{stack[-1][0]}> is open")
    raise MappingError("failed to parse value as XML: EOF: there is no element")


def _take(token: re.Match[str], stack: list[tuple[str, dict[str, Any]]], *, cast: bool) -> None:
    if token["open"]:
        attributes = {
            f"-{_local(found[1])}": _value(html.unescape(found[2] or found[3] or found[4] or ""), cast=cast)
            for found in _ATTRIBUTE.finditer(token["attributes"])
        }
        stack.append((token["open"], attributes))
        if len(stack) > _MAX_DEPTH:
            raise MappingError(f"failed to parse value as XML: elements are nested deeper than {_MAX_DEPTH}")
        if token["empty"]:
            _close(stack, token["open"], cast=cast)
    elif token["close"]:
        _close(stack, token["close"], cast=cast)
    elif (token["text"] or token["cdata"]) and len(stack) > 1:
        written = token["cdata"] or html.unescape(token["text"])
        children = stack[-1][1]
        children["#text"] = children.get("#text", "") + written


def _close(stack: list[tuple[str, dict[str, Any]]], name: str, *, cast: bool) -> None:
    opened, children = stack.pop()
    if opened != name or not stack:
        raise MappingError(f"failed to parse value as XML: element <{opened}> closed by </{name}>")
    written = children.pop("#text", "").strip()
    value: Any = children
    if not children:
        value = _value(written, cast=cast)
    elif written:
        value["#text"] = _value(written, cast=cast)
    parent, key = stack[-1][1], _local(name)
    if key not in parent:
        parent[key] = value
    elif isinstance(parent[key], list):
        parent[key].append(value)
    else:
        parent[key] = [parent[key], value]


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _value(written: str, *, cast: bool) -> Any:
    if not cast:
        return written
    for convert in (parse_number, to_bool):
        try:
            return convert(written)
        except MappingError:
            continue
    return written


def write(value: Any, indent: str | None) -> str:
    """The XML of an object; several or no keys at the top are put into `<doc>`. No indent: all in one line."""
    if not isinstance(value, dict) or len(value) != 1 or isinstance(next(iter(value.values())), list):
        value = {"doc": value}
    ((name, content),) = value.items()
    lines: list[str] = []
    _element(name, content, 0, indent or "", lines)
    written = ("" if indent is None else "\n").join(lines)
    refuse_giant(len(written))
    return written


def _element(name: str, value: Any, depth: int, indent: str, lines: list[str]) -> None:
    margin = indent * depth
    if isinstance(value, list):
        for item in value:
            _element(name, item, depth, indent, lines)
        return
    if not isinstance(value, dict):
        written = "" if value is None else _escaped(to_text(value))
        lines.append(f"{margin}<{name}>{written}</{name}>" if written else f"{margin}<{name}/>")
        return
    attributes = "".join(f' {key[1:]}="{_escaped(to_text(value[key]))}"' for key in sorted(value) if key[:1] == "-")
    children = [key for key in sorted(value) if key[:1] != "-" and key != "#text"]
    inner = _escaped(to_text(value["#text"])) if "#text" in value else ""
    if not children:
        lines.append(f"{margin}<{name}{attributes}>{inner}</{name}>" if inner else f"{margin}<{name}{attributes}/>")
        return
    lines.append(f"{margin}<{name}{attributes}>{inner}")
    for key in children:
        _element(key, value[key], depth + 1, indent, lines)
    lines.append(f"{margin}</{name}>")


def _escaped(written: str) -> str:
    return html.escape(written).replace("&#x27;", "&apos;")
