"""JSONPath: `$.a.b[0]`, `[*]`, `..name`, `[1:3]`, `['a','b']`, `[?(@.n > 1 && @.t == 'x')]`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from conduix.errors import MappingError
from conduix.mapping.functions.regexp import re_match
from conduix.mapping.values import equal

_STEP = re.compile(
    r"\.\.(?P<deep>\*|[\w-]+|(?=\[))|\.(?P<name>\*|[\w-]+)|\[\s*(?P<index>-?\d+)\s*\]"
    r"|\[\s*(?P<slice>-?\d*\s*:\s*-?\d*(?:\s*:\s*-?\d*)?)\s*\]|\[(?P<all>\*)\]"
    r"|\[(?P<names>\s*(?:'[^']*'|\"[^\"]*\")(?:\s*,\s*(?:'[^']*'|\"[^\"]*\"))*\s*)\]"
    r"|\[(?P<indexes>\s*-?\d+(?:\s*,\s*-?\d+)+\s*)\]|\[\?\((?P<filter>.*?)\)\]"
)
_TERM = re.compile(
    r"\s*(?P<left>[@$][^\s=!<>&|~]*|'[^']*'|\"[^\"]*\"|-?[\d.]+|true|false|null)"
    r"(?:\s*(?P<op>==|!=|<=|>=|<|>|=~)\s*(?P<right>[@$][^\s=!<>&|~]*|'[^']*'|\"[^\"]*\"|-?[\d.]+|true|false|null))?\s*"
)
_MOST_FOUND = 1_000_000
_MAX_LENGTH = 10_000

Selector = Callable[[Any, Any], Iterator[Any]]
_WORDS = {"true": True, "false": False, "null": None}
_MISSING = object()


@lru_cache(maxsize=256)
def finder(expression: str) -> Callable[[Any], Any]:
    """A callable that gives what the path finds. Raises MappingError where the path is wrong."""
    selectors, many = _compiled(expression)

    def find(value: Any) -> Any:
        found = list(_select(selectors, value, value))
        if many:
            return found
        if not found:
            raise MappingError(f"unknown key in JSON path {expression}")
        return found[0]

    return find


def _select(selectors: list[Selector], value: Any, root: Any) -> Iterator[Any]:
    level = [value]
    for selector in selectors:
        level = [found for item in level for found in selector(item, root)]
        if len(level) > _MOST_FOUND:
            raise MappingError(f"the JSON path finds more than {_MOST_FOUND} values")
    yield from level


def _compiled(expression: str) -> tuple[list[Selector], bool]:
    if len(expression) > _MAX_LENGTH or re.search(r"\d{10}", expression):
        raise MappingError(f"a JSON path of {len(expression)} characters, or an index of ten digits, is too long")
    if expression[:1] not in {"$", "@"}:
        raise MappingError(f"parsing error: {expression}: a JSON path begins with `$`")
    at, many = 1, False
    selectors: list[Selector] = []
    while at < len(expression):
        step = _STEP.match(expression, at)
        if step is None:
            raise MappingError(
                f"parsing error: {expression}: unexpected `{expression[at : at + 5]}` at position {at + 1}"
            )
        at = step.end()
        made, plural = _selector(step)
        selectors += made
        many = many or plural
    return selectors, many


def _selector(step: re.Match[str]) -> tuple[list[Selector], bool]:
    if step["deep"] is not None:
        below: list[Selector] = [_descend]
        if step["deep"]:
            below.append(_wildcard if step["deep"] == "*" else _names([step["deep"]]))
        return below, True
    if step["name"]:
        plural = step["name"] == "*"
        return [_wildcard if plural else _names([step["name"]])], plural
    if step["all"]:
        return [_wildcard], True
    if step["index"]:
        return [_indexes([int(step["index"])])], False
    if step["indexes"]:
        return [_indexes([int(part) for part in step["indexes"].split(",")])], True
    if step["slice"]:
        return [_slice(step["slice"])], True
    if step["names"]:
        names = [first or second for first, second in re.findall(r"'([^']*)'|\"([^\"]*)\"", step["names"])]
        return [_names(names)], len(names) > 1
    return [_filter(step["filter"])], True


def _names(names: list[str]) -> Selector:
    def select(value: Any, _root: Any) -> Iterator[Any]:
        for name in names:
            if isinstance(value, dict) and name in value:
                yield value[name]
            elif isinstance(value, list) and name.isascii() and name.isdigit() and len(name) < 10:
                yield from value[int(name) : int(name) + 1]

    return select


def _indexes(indexes: list[int]) -> Selector:
    def select(value: Any, _root: Any) -> Iterator[Any]:
        for index in indexes:
            if isinstance(value, list) and -len(value) <= index < len(value):
                yield value[index]
            elif isinstance(value, dict) and str(index) in value:
                yield value[str(index)]

    return select


def _slice(written: str) -> Selector:
    bounds = [int(part) if part.strip() else None for part in written.split(":")]
    if len(bounds) == 3 and bounds[2] == 0:
        raise MappingError("the step of a slice in a JSON path cannot be 0")

    def select(value: Any, _root: Any) -> Iterator[Any]:
        if isinstance(value, list):
            yield from value[slice(*bounds)]

    return select


def _wildcard(value: Any, _root: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _descend(value: Any, root: Any) -> Iterator[Any]:
    yield value
    for item in _wildcard(value, root):
        yield from _descend(item, root)


# filters


def _filter(condition: str) -> Selector:
    holds = _condition(condition)

    def select(value: Any, root: Any) -> Iterator[Any]:
        for item in _wildcard(value, root):
            if holds(item, root):
                yield item

    return select


def _condition(condition: str) -> Callable[[Any, Any], bool]:
    alternatives = [[_term(part) for part in either.split("&&")] for either in condition.split("||")]
    return lambda item, root: any(all(term(item, root) for term in terms) for terms in alternatives)


def _term(written: str) -> Callable[[Any, Any], bool]:
    negated = written.strip().startswith("!")
    found = _TERM.fullmatch(written.strip().removeprefix("!"))
    if found is None:
        raise MappingError(f"parsing error: `{written.strip()}` is no condition of a JSON path")
    left = _operand(found["left"])
    if not found["op"]:
        return lambda item, root: (left(item, root) not in (_MISSING, None, False)) != negated
    right, compare = _operand(found["right"]), _COMPARE[found["op"]]
    return lambda item, root: compare(left(item, root), right(item, root)) != negated


def _operand(written: str) -> Callable[[Any, Any], Any]:
    if written[0] in "@$":
        selectors, _ = _compiled(written)
        from_root = written[0] == "$"
        return lambda item, root: next(_select(selectors, root if from_root else item, root), _MISSING)
    constant: Any
    if written[0] in "'\"":
        constant = written[1:-1]
    elif written in _WORDS:
        constant = _WORDS[written]
    else:
        try:
            constant = float(written)
        except ValueError as error:
            raise MappingError(f"parsing error: `{written}` is no number") from error
    return lambda _item, _root: constant


def _equal(left: Any, right: Any) -> bool:
    return left is not _MISSING and right is not _MISSING and equal(left, right)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def check(left: Any, right: Any) -> bool:
        numbers = all(isinstance(side, int | float) and not isinstance(side, bool) for side in (left, right))
        texts = isinstance(left, str) and isinstance(right, str)
        return (numbers or texts) and compare(left, right)

    return check


def _matches(left: Any, right: Any) -> bool:
    return isinstance(left, str) and isinstance(right, str) and re_match(left, right)


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    "<": _ordered(lambda left, right: left < right),
    "<=": _ordered(lambda left, right: left <= right),
    ">": _ordered(lambda left, right: left > right),
    ">=": _ordered(lambda left, right: left >= right),
    "=~": _matches,
}
