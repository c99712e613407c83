"""Texts: looking into them, cutting them, spelling names in other cases, patterns."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from typing import Any

from conduix.errors import MappingError
from conduix.mapping.functions.declare import REMAP, Family, Parameter
from conduix.mapping.functions.regexp import compiled
from conduix.mapping.values import data, refuse_giant, text

family = Family("text", prefix=REMAP)

_VALUE = Parameter("value", "string", "The text.")
_PART = Parameter("substring", "string", "What to look for.")
_CASE = Parameter("case_sensitive", "bool", "Whether upper and lower case differ.", True)
_PATTERN = Parameter("pattern", "string", "The pattern, in the syntax of RE2; written as r'…'.")
_GROUPS = Parameter("numeric_groups", "bool", "Whether groups without a name are given too, by their number.", False)
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_A-Za-z]+")
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


def _folded(value: str, *, case_sensitive: bool) -> str:
    return value if case_sensitive else value.casefold()


def _looking(name: str, what: str, test: Callable[[str, str], bool], sample: str) -> None:
    def implementation(value: str, part: str, case_sensitive: bool) -> bool:
        return test(_folded(value, case_sensitive=case_sensitive), _folded(part, case_sensitive=case_sensitive))

    implementation.__doc__ = f"Whether the text {what}."
    family.function(name, f"Whether the text {what} another.", _VALUE, _PART, _CASE,
                    examples=((f'.a = {name}("Hello", "{sample}", case_sensitive: false)', "{}", '{"a":true}'),))(
                    implementation)  # fmt: skip


_looking("contains", "contains", lambda value, part: part in value, "ELL")
_looking("starts_with", "starts with", str.startswith, "he")
_looking("ends_with", "ends with", str.endswith, "LO")


@family.function("contains_all", "Whether the text contains all of several others.", _VALUE,
                 Parameter("substrings", "array", "What to look for."), _CASE,
                 examples=(('.a = contains_all("a b c", ["a", "c"])', "{}", '{"a":true}'),))  # fmt: skip
def contains_all(value: str, parts: list[Any], case_sensitive: bool) -> bool:
    """Whether each is in it."""
    whole = _folded(value, case_sensitive=case_sensitive)
    return all(_folded(text(part), case_sensitive=case_sensitive) in whole for part in parts)


@family.function("replace", "The text with the first `count` places replaced, all of them without it.", _VALUE,
                 Parameter("pattern", "string", "What to replace."), Parameter("with", "string", "The replacement."),
                 Parameter("count", "integer", "How often at the most.", -1),
                 examples=(('.a = replace("a-b-c", "-", "+", count: 1)', "{}", '{"a":"a+b-c"}'),))  # fmt: skip
def replace(value: str, part: str, replacement: str, count: int) -> str:
    """The changed text."""
    places = value.count(part) if count < 0 else min(count, value.count(part))
    refuse_giant(len(value) + places * (len(replacement) - len(part)))
    return value.replace(part, replacement, places)


@family.function("split", "The parts of the text between separators.", _VALUE,
                 Parameter("pattern", "string", "The separator."),
                 Parameter("limit", "integer", "How many parts at the most; the last has the rest.", None),
                 examples=(('.a = split("a,b,c", ",", limit: 2)', "{}", '{"a":["a","b,c"]}'),))  # fmt: skip
def split(value: str, separator: str, limit: int | None) -> list[str]:
    """The parts."""
    if limit is not None and limit <= 0:
        return []
    most = -1 if limit is None else min(limit - 1, len(value))
    return value.split(separator, most) if separator else list(value)


@family.function("split_by_pattern", "The parts of the text between matches of a pattern; written "
                 "`split(value, r'…', limit)`.", _VALUE, _PATTERN,
                 Parameter("limit", "integer", "How many parts at the most; the last has the rest.", None),
                 examples=((".a = split(\"a1b22c\", r'[0-9]+')", "{}", '{"a":["a","b","c"]}'),))  # fmt: skip
def split_by_pattern(value: str, pattern: str, limit: int | None) -> list[str]:
    """The parts."""
    if limit is not None and limit <= 0:
        return []
    raw, at = data(value), 0
    parts: list[bytes] = []
    for match in compiled(pattern).finditer(raw):
        if limit is not None and len(parts) >= limit - 1:
            break
        if match.end() > match.start():
            parts.append(raw[at : match.start()])
            at = match.end()
    return [part.decode("utf-8", "replace") for part in (*parts, raw[at:])]


@family.function("find", "Where another text begins first, from 0, -1 if it does not.", _VALUE,
                 Parameter("pattern", "string", "What to look for."),
                 Parameter("from", "integer", "Where to begin.", 0),
                 examples=(('.a = find("foobar", "bar")', "{}", '{"a":3}'),))  # fmt: skip
def find(value: str, part: str, start: int) -> int:
    """The place."""
    return value.find(part, max(start, 0))


@family.function("truncate", "The first `limit` characters of the text.", _VALUE,
                 Parameter("limit", "integer", "How many."),
                 Parameter("suffix", "string", "What follows where something was cut off.", ""),
                 examples=(('.a = truncate("abcdef", 3, suffix: "…")', "{}", '{"a":"abc…"}'),))  # fmt: skip
def truncate(value: str, limit: int, suffix: str) -> str:
    """The shorter text."""
    return value if len(value) <= max(limit, 0) else value[: max(limit, 0)] + suffix


@family.function("strlen", "How many characters the text has.", _VALUE,
                 examples=(('.a = strlen("né")', "{}", '{"a":2}'),))  # fmt: skip
def strlen(value: str) -> int:
    """The number; `length` counts bytes."""
    return len(value)


@family.function("strip_ansi_escape_codes", "The text without the codes that colour a terminal.", _VALUE,
                 examples=(('.a = strip_ansi_escape_codes("\\u001b[1mfoo")', "{}", '{"a":"foo"}'),))  # fmt: skip
def strip_ansi_escape_codes(value: str) -> str:
    """The plain text."""
    return _ANSI.sub("", value)


def _spelled(name: str, sample: str, join: Callable[[list[str]], str]) -> None:
    def implementation(value: str) -> str:
        return join([word.lower() for word in _WORDS.findall(value)])

    implementation.__doc__ = "The name in its new spelling."
    family.function(name, f"A name spelled like `{sample}`.", _VALUE,
                    examples=((f'.a = {name}("input-string Name")', "{}", f'{{"a":"{sample}"}}'),))(
                    implementation)  # fmt: skip


_spelled("camelcase", "inputStringName",
         lambda words: "".join((*words[:1], *(word.capitalize() for word in words[1:]))))  # fmt: skip
_spelled("pascalcase", "InputStringName", lambda words: "".join(word.capitalize() for word in words))
_spelled("snakecase", "input_string_name", "_".join)
_spelled("kebabcase", "input-string-name", "-".join)
_spelled("screamingsnakecase", "INPUT_STRING_NAME", lambda words: "_".join(words).upper())


@family.function("basename", "The last part of a file path.", _VALUE,
                 examples=(('.a = basename!("/usr/local/bin/tool")', "{}", '{"a":"tool"}'),))  # fmt: skip
def basename(value: str) -> str:
    """The name."""
    return posixpath.basename(value.rstrip("/"))


@family.function("dirname", "A file path without its last part.", _VALUE,
                 examples=(('.a = dirname!("/usr/local/bin/tool")', "{}", '{"a":"/usr/local/bin"}'),))  # fmt: skip
def dirname(value: str) -> str:
    """The directory, `.` for a name alone."""
    return posixpath.dirname(value.rstrip("/")) or ("/" if value.startswith("/") else ".")


# patterns


@family.function("match_any", "Whether one of several patterns matches a part of the text.", _VALUE,
                 Parameter("patterns", "array", "The patterns, in the syntax of RE2."),
                 examples=((".a = match_any(\"abc\", [r'^x', r'c$'])", "{}", '{"a":true}'),))  # fmt: skip
def match_any(value: str, patterns: list[Any]) -> bool:
    """Whether any does."""
    return any(compiled(text(pattern)).search(data(value)) is not None for pattern in patterns)


@family.function("parse_regex", "The named groups of a pattern's first match; none is an error.", _VALUE, _PATTERN,
                 _GROUPS,
                 examples=((".a = parse_regex!(\"n: 12\", r'(?P<n>[0-9]+)')", "{}", '{"a":{"n":"12"}}'),
                           (".a = parse_regex!(\"n: 12\", r'(?P<n>[0-9]+)', numeric_groups: true)", "{}",
                            '{"a":{"0":"12","1":"12","n":"12"}}')))  # fmt: skip
def parse_regex(value: str, pattern: str, numeric_groups: bool) -> dict[str, Any]:
    """The groups; one that took no part is null."""
    for found in _matched(value, pattern, numeric_groups=numeric_groups):
        return found
    raise MappingError("could not find any pattern matches")


@family.function("parse_regex_all", "The named groups of all matches of a pattern.", _VALUE, _PATTERN, _GROUPS,
                 examples=((".a = parse_regex_all!(\"1 2\", r'(?P<n>[0-9]+)')", "{}",
                            '{"a":[{"n":"1"},{"n":"2"}]}'),))  # fmt: skip
def parse_regex_all(value: str, pattern: str, numeric_groups: bool) -> list[dict[str, Any]]:
    """One object a match."""
    return list(_matched(value, pattern, numeric_groups=numeric_groups))


def _matched(value: str, pattern: str, *, numeric_groups: bool) -> Iterator[dict[str, Any]]:
    expression = compiled(pattern)
    for match in expression.finditer(data(value)):
        numbers = {str(place): match.group(place) for place in range(match.re.groups + 1)} if numeric_groups else {}
        found = numbers | {_name(name): match.group(place) for name, place in expression.groupindex.items()}
        yield {name: None if part is None else part.decode("utf-8", "replace") for name, part in found.items()}


def _name(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)
