"""Text escaped for URLs, and back."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, quote_plus, unquote_to_bytes

from conduix.errors import MappingError
from conduix.mapping.functions.declare import Family
from conduix.mapping.values import text

family = Family("strings")


@family.method("escape_url_query", "The text as it may stand in the query of a URL.",
               examples=(("root.a = this.a.escape_url_query()", '{"a":"a & b"}', '{"a":"a+%26+b"}'),))  # fmt: skip
def escape_url_query(value: Any) -> str:
    """The escaped text."""
    return quote_plus(text(value), safe="")


_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2}).{0,2}", re.DOTALL)


@family.method("unescape_url_query", "The text with URL escapes resolved.",
               examples=(("root.a = this.a.unescape_url_query()", '{"a":"a+%26+b"}', '{"a":"a & b"}'),))  # fmt: skip
def unescape_url_query(value: Any) -> str:
    """The text. Raises MappingError on a wrong escape."""
    return unescaped(text(value).replace("+", " "))


def unescaped(escaped: str) -> str:
    """The text with percent escapes resolved. Raises MappingError on a wrong escape."""
    if wrong := _BAD_ESCAPE.search(escaped):
        raise MappingError(f'invalid URL escape "{wrong[0]}"')
    return unquote_to_bytes(escaped).decode("utf-8", "replace")


@family.method(
    "escape_url_path",
    "The text as it may stand between two slashes of a URL's path.",
    examples=(("root.a = this.a.escape_url_path()", '{"a":"a & b/c"}', '{"a":"a%20&%20b%2Fc"}'),),
)
def escape_url_path(value: Any) -> str:
    """The escaped text."""
    return quote(text(value), safe="$&+=:@")


@family.method(
    "unescape_url_path",
    "The text with the escapes of a URL's path resolved.",
    examples=(("root.a = this.a.unescape_url_path()", '{"a":"a%20+%2Fc"}', '{"a":"a +/c"}'),),
)
def unescape_url_path(value: Any) -> str:
    """The text. Raises MappingError on a wrong escape."""
    return unescaped(text(value))
