"""Functions of patterns. The patterns are RE2's: their time grows with the text, never faster."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from conduix.errors import MappingError
from conduix.mapping.functions.declare import Family, Parameter
from conduix.mapping.values import data, refuse_giant

family = Family("regexp")

_PATTERN = Parameter("pattern", "string", "The pattern, in the syntax of RE2.")
_MAX_PATTERN = 10_000

# literals and classes of ASCII without repetition mean the same to `re`, cannot backtrack, and run 20 times faster
_PLAIN = re.compile(r"(?:[A-Za-z0-9_ ,;:@#/<>=&%\"'~-]|\[\^?(?:[A-Za-z0-9](?:-[A-Za-z0-9])?|[_ ,;:@#/.])+\])+\Z")
_EXPANSION = re.compile(r"\$(?:(\$)|\{(\w+)\}|(\w+))", re.ASCII)


@lru_cache(maxsize=512)
def compiled(pattern: str) -> Any:
    """The compiled pattern over UTF-8 bytes. Raises MappingError where it is no pattern of RE2."""
    import re2  # noqa: PLC0415 - a C++ extension that few commands need at their start

    if len(pattern) > _MAX_PATTERN:
        raise MappingError(f"a pattern of {len(pattern)} characters is longer than {_MAX_PATTERN}")
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern.encode(), options)
    except re2.error as error:
        reason = error.args[0].decode("utf-8", "replace") if error.args else "wrong syntax"
        raise MappingError(f"error parsing regexp: {reason}") from error
    except UnicodeEncodeError as error:
        raise MappingError("error parsing regexp: invalid UTF-8") from error


def _matches(pattern: str, raw: bytes) -> Iterator[Any]:
    """Successive matches; an empty one directly after another is left out."""
    end = -1
    for match in compiled(pattern).finditer(raw):
        if match.start() == match.end() == end:
            continue
        end = match.end()
        yield match


def _prepared(name: str) -> Callable[[str], Callable[[Any], Any]]:
    """For a method that only searches: compiles the pattern, so that a wrong one is found beforehand."""

    def prepare(pattern: str) -> Callable[[Any], Any]:
        compiled(pattern)
        search = next(function.implementation for function in family.functions if function.name == name)
        return lambda value: search(value, pattern)

    return prepare


def _decoded(raw: bytes | None) -> str:
    return "" if raw is None else raw.decode("utf-8", "replace")


def _prepare_match(pattern: str) -> Callable[[Any], bool]:
    search = compiled(pattern).search
    if _PLAIN.match(pattern):
        plain = re.compile(pattern).search
        return lambda value: (plain(value) if isinstance(value, str) else search(data(value))) is not None
    return lambda value: search(data(value)) is not None


@family.method("re_match", "Whether a pattern matches any part of the text.", _PATTERN, prepare=_prepare_match,
               examples=(('root.a = this.a.re_match("[0-9]")', '{"a":"10 puppies"}', '{"a":true}'),))  # fmt: skip
def re_match(value: Any, pattern: str) -> bool:
    """Whether it matches."""
    return compiled(pattern).search(data(value)) is not None


@family.method("re_find_all", "All matches of a pattern in the text.", _PATTERN,
               prepare=_prepared("re_find_all"),
               examples=(('root.a = this.a.re_find_all("a.")', '{"a":"paranormal"}',
                         '{"a":["ar","an","al"]}'),))  # fmt: skip
def re_find_all(value: Any, pattern: str) -> list[str]:
    """The matched texts."""
    return [_decoded(match.group()) for match in _matches(pattern, data(value))]


@family.method("re_find_all_submatch", "All matches of a pattern, each with the texts of its groups.", _PATTERN,
               prepare=_prepared("re_find_all_submatch"),
               examples=(('root.a = this.a.re_find_all_submatch("a(x*)b")', '{"a":"-axxb-ab-"}',
                          '{"a":[["axxb","xx"],["ab",""]]}'),))  # fmt: skip
def re_find_all_submatch(value: Any, pattern: str) -> list[list[str]]:
    """One array a match."""
    return [_groups(match) for match in _matches(pattern, data(value))]


def _groups(match: Any) -> list[str]:
    return [_decoded(match.group()), *map(_decoded, match.groups())]


def _names(pattern: str) -> list[str]:
    expression = compiled(pattern)
    names = [str(position) for position in range(expression.groups + 1)]
    for name, position in expression.groupindex.items():
        names[position] = _decoded(name) if isinstance(name, bytes) else name
    return names


@family.method("re_find_object", "The first match of a pattern as an object of its groups by name or number.", _PATTERN,
               prepare=_prepared("re_find_object"),
               examples=(('root.a = this.a.re_find_object("a(?P<foo>x*)b")', '{"a":"-axxb-"}',
                          '{"a":{"0":"axxb","foo":"xx"}}'),))  # fmt: skip
def re_find_object(value: Any, pattern: str) -> dict[str, str]:
    """The groups; empty without a match."""
    match = compiled(pattern).search(data(value))
    return {} if match is None else dict(zip(_names(pattern), _groups(match), strict=True))


@family.method("re_find_all_object", "All matches of a pattern as objects of their groups by name or number.", _PATTERN,
               prepare=_prepared("re_find_all_object"),
               examples=(('root.a = this.a.re_find_all_object("a(?P<foo>x*)b")', '{"a":"axb-ab"}',
                          '{"a":[{"0":"axb","foo":"x"},{"0":"ab","foo":""}]}'),))  # fmt: skip
def re_find_all_object(value: Any, pattern: str) -> list[dict[str, str]]:
    """One object a match."""
    names = _names(pattern)
    return [dict(zip(names, _groups(match), strict=True)) for match in _matches(pattern, data(value))]


def _prepare_replace(pattern: str, replacement: str) -> Callable[[Any], str]:
    expression = compiled(pattern)
    replace = _general_replace(pattern, expression, replacement)
    if _PLAIN.match(pattern) and "$" not in replacement:
        plain = re.compile(pattern)
        literal = replacement.replace("\\", "\\\\")
        return lambda value: _sized(plain.sub(literal, value)) if isinstance(value, str) else replace(value)
    return replace


def _sized(result: str) -> str:
    refuse_giant(len(result))
    return result


def _general_replace(pattern: str, expression: Any, replacement: str) -> Callable[[Any], str]:
    parts = _template(expression, replacement)

    def replace(value: Any) -> str:
        raw = data(value)
        made: list[bytes] = []
        end = size = 0
        for match in _matches(pattern, raw):
            made.append(raw[end : match.start()])
            made.extend(part if isinstance(part, bytes) else match.group(part) or b"" for part in parts)
            end = match.end()
            size += len(made[-1]) if parts else 0
            refuse_giant(size)
        made.append(raw[end:])
        refuse_giant(sum(map(len, made)))
        return _decoded(b"".join(made))

    return replace


def _template(expression: Any, replacement: str) -> list[bytes | int]:
    """The replacement as literal bytes and group numbers; a group that is not there gives nothing."""
    names = {_decoded(name) if isinstance(name, bytes) else name: at for name, at in expression.groupindex.items()}
    parts: list[bytes | int] = []
    end = 0
    for found in _EXPANSION.finditer(replacement):
        parts.append(replacement[end : found.start()].encode())
        end = found.end()
        name = found[2] or found[3]
        if found[1]:
            parts.append(b"$")
        elif name.isdigit():
            parts += [int(name)] if len(name) < 4 and int(name) <= expression.groups else []
        elif name in names:
            parts.append(names[name])
    parts.append(replacement[end:].encode())
    return [part for part in parts if part != b""]


@family.method("re_replace_all", "The text with every match of a pattern replaced; `$1` or `${name}` give a group.",
               _PATTERN, Parameter("value", "string", "What stands there then."),
               prepare=_prepare_replace, aliases=("re_replace",),
               examples=(('root.a = this.a.re_replace_all("ADD ([0-9]+)", "+($1)")', '{"a":"foo ADD 70"}',
                          '{"a":"foo +(70)"}'),))  # fmt: skip
def re_replace_all(value: Any, pattern: str, replacement: str) -> str:
    """The changed text."""
    return _prepare_replace(pattern, replacement)(value)
