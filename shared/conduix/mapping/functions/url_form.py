"""The parts of a URL, split and unescaped as Go's net/url does it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from conduix.errors import MappingError

_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
_WRONG_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2}).{0,2}", re.DOTALL)
_HOST = re.compile(r"(?:\[[^\]]*\]|[^:\[\]]*)(?::[0-9]*)?\Z")


def read(url: str) -> dict[str, Any]:
    """scheme, opaque, host, path, raw_path, raw_query, fragment, raw_fragment; user where there is one."""
    rest, _, raw_fragment = url.partition("#")
    try:
        return _parts(rest, raw_fragment)
    except MappingError as error:
        raise MappingError(f'parse "{rest}": {error.message}') from error


def _parts(rest: str, raw_fragment: str) -> dict[str, Any]:
    if re.search(r"[\x00-\x1f\x7f]", rest):
        raise MappingError("net/url: invalid control character in URL")
    scheme = ""
    if found := _SCHEME.match(rest):
        scheme, rest = found[1].lower(), rest[found.end() :]
    elif rest.startswith(":"):
        raise MappingError("missing protocol scheme")
    rest, _, raw_query = rest.partition("?")
    parts: dict[str, Any] = {"scheme": scheme, "opaque": "", "host": "", "path": "", "raw_path": "",
                             "raw_query": raw_query, "fragment": "", "raw_fragment": ""}  # fmt: skip
    if scheme and not rest.startswith("/"):
        parts["opaque"], rest = rest, ""
    elif not scheme and ":" in rest.split("/")[0]:
        raise MappingError("first path segment in URL cannot contain colon")
    if rest.startswith("//") and (scheme or not rest.startswith("///")):
        authority, slash, path = rest[2:].partition("/")
        _set_authority(parts, authority)
        rest = slash + path
    parts["path"], parts["raw_path"] = _component(rest, "/:;=@$&+,")
    parts["fragment"], parts["raw_fragment"] = _component(raw_fragment, "/:;=@$&+,?!()*")
    return parts


def _component(raw: str, safe: str) -> tuple[str, str]:
    """The unescaped text, and the raw one where escaping would not lead back to it."""
    decoded = _unescaped(raw)
    return decoded, "" if quote(decoded, safe=safe + "-_.~") == raw else raw


def _unescaped(raw: str) -> str:
    if wrong := _WRONG_ESCAPE.search(raw):
        raise MappingError(f'invalid URL escape "{wrong[0]}"')
    return unquote_to_bytes(raw).decode("utf-8", "replace")


def _set_authority(parts: dict[str, Any], authority: str) -> None:
    user, at, host = authority.rpartition("@")
    if at:
        name, colon, password = user.partition(":")
        parts["user"] = {"name": _unescaped(name)}
        if colon:
            parts["user"]["password"] = _unescaped(password)
    if not _HOST.match(host):
        raise MappingError(f'invalid port "{host[host.find(":") :]}" after host')
    if " " in host:
        raise MappingError('invalid character " " in host name')
    parts["host"] = _unescaped(host)
