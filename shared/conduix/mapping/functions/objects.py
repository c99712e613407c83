"""Functions on objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conduix.errors import MappingError
from conduix.mapping import paths
from conduix.mapping.functions.declare import Family, Parameter
from conduix.mapping.values import DELETED, WrongType, array, copied, mapping, text

family = Family("objects")

_PATH = Parameter("path", "string", "A dotted path; `~1` stands for a dot within a name.")
_WITH = Parameter("with", "any", "The other value.")


@family.method("get", "The value at a dotted path, null if there is none.", _PATH,
               examples=(("root.a = this.get(this.p)", '{"p":"b.c","b":{"c":1}}', '{"a":1}'),))  # fmt: skip
def get(value: Any, path: str) -> Any:
    """The value."""
    return paths.get(value, paths.split(path))


@family.method("exists", "Whether there is a value, be it null, at a dotted path.", _PATH,
               examples=(('root.a = this.exists("b.c")', '{"b":{}}', '{"a":false}'),))  # fmt: skip
def exists(value: Any, path: str) -> bool:
    """Whether it is there."""
    return paths.exists(value, paths.split(path))


@family.method("set", "The object with a value at a dotted path.", _PATH, Parameter("value", "any", "The value."),
               examples=(('root = this.set("n.f", "x")', '{"b":1}', '{"b":1,"n":{"f":"x"}}'),
                         ('root = this.set("b", deleted())', '{"a":1,"b":1}', '{"a":1}')))  # fmt: skip
def set_value(value: Any, path: str, new: Any) -> Any:
    """A changed copy; deleted removes what is there."""
    changed = copied(value)
    names = paths.split(path)
    if new is DELETED:
        paths.remove(changed, names)
        return changed
    return paths.put(changed, names, copied(new))


@family.method("without", "The object without the fields at dotted paths.", variadic=True,
               examples=(('root = this.without("a.b", "c")', '{"a":{"b":1,"x":2},"c":3}',
                         '{"a":{"x":2}}'),))  # fmt: skip
def without(value: Any, *removed: Any) -> dict[str, Any]:
    """What is left."""
    return _without(mapping(value), [paths.split(_path(position, path)) for position, path in enumerate(removed)])


def _path(position: int, path: Any) -> str:
    try:
        return text(path)
    except MappingError as error:
        raise MappingError(f"argument {position}: {error.message}") from error


def _without(value: dict[str, Any], removed: list[tuple[str, ...]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, item in value.items():
        here = [path[1:] for path in removed if path[0] == key]
        if () in here:
            continue
        made[key] = _without(item, here) if here and isinstance(item, dict) else item
    return made


@family.method("with", "The object with only the fields at dotted paths.", variadic=True,
               examples=(('root = this.with("a.b", "c")', '{"a":{"b":1,"x":2},"c":3,"d":4}',
                         '{"a":{"b":1},"c":3}'),))  # fmt: skip
def with_only(value: Any, *kept: Any) -> dict[str, Any]:
    """What is kept."""
    return _with(mapping(value), [paths.split(_path(position, path)) for position, path in enumerate(kept)])


def _with(value: dict[str, Any], kept: list[tuple[str, ...]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, item in value.items():
        here = [path[1:] for path in kept if path[0] == key]
        deeper = [path for path in here if path]
        if here:
            made[key] = _with(item, deeper) if deeper and isinstance(item, dict) else item
    return made


@family.method("keys", "The keys of an object, sorted.",
               examples=(("root.a = this.a.keys()", '{"a":{"y":1,"x":2}}', '{"a":["x","y"]}'),))  # fmt: skip
def keys(value: Any) -> list[str]:
    """The keys."""
    return sorted(mapping(value))


@family.method("values", "The values of an object, in the order of its keys.",
               examples=(("root.a = this.a.values()", '{"a":{"x":1,"y":2}}', '{"a":[1,2]}'),))  # fmt: skip
def values(value: Any) -> list[Any]:
    """The values."""
    return list(mapping(value).values())


@family.method("key_values", "The pairs of an object as objects with `key` and `value`.",
               examples=(("root.a = this.a.key_values()", '{"a":{"x":1}}',
                         '{"a":[{"key":"x","value":1}]}'),))  # fmt: skip
def key_values(value: Any) -> list[dict[str, Any]]:
    """One object a pair."""
    return [{"key": key, "value": item} for key, item in mapping(value).items()]


@family.method("merge", "Two objects as one, both values in an array where both have one; or two arrays.", _WITH,
               examples=(("root = this.a.merge(this.b)", '{"a":{"x":1,"y":2},"b":{"x":3}}',
                         '{"x":[1,3],"y":2}'),))  # fmt: skip
def merge(value: Any, other: Any) -> Any:
    """The merged value."""
    return _merged(value, other, _collected)


@family.method("assign", "Two objects as one, the second's value where both have one; or two arrays.", _WITH,
               examples=(("root = this.a.assign(this.b)", '{"a":{"x":1,"y":2},"b":{"x":3}}',
                         '{"x":3,"y":2}'),))  # fmt: skip
def assign(value: Any, other: Any) -> Any:
    """The merged value."""
    return _merged(value, other, lambda _, new: new)


def _merged(value: Any, other: Any, collide: Callable[[Any, Any], Any]) -> Any:
    if isinstance(value, list):
        return [*value, *(other if isinstance(other, list) else [other])]
    if not isinstance(value, dict):
        raise WrongType("object or array", value)
    made = copied(value)
    if isinstance(other, dict):
        _merge_into(made, copied(other), collide)
    return made


def _merge_into(target: dict[str, Any], source: dict[str, Any], collide: Callable[[Any, Any], Any]) -> None:
    for key, item in source.items():
        if key not in target:
            target[key] = item
        elif isinstance(item, dict) and isinstance(target[key], dict):
            _merge_into(target[key], item, collide)
        else:
            target[key] = collide(target[key], item)


def _collected(old: Any, new: Any) -> list[Any]:
    return [*(old if isinstance(old, list) else [old]), *(new if isinstance(new, list) else [new])]


@family.method("squash", "An array of objects merged to one.",
               examples=(("root.a = this.a.squash()", '{"a":[{"x":["p"]},{"x":["q"]}]}',
                         '{"a":{"x":["p","q"]}}'),))  # fmt: skip
def squash(value: Any) -> Any:
    """The merged object; null for an array without any."""
    made: dict[str, Any] | None = None
    for item in array(value):
        if isinstance(item, dict):
            made = {} if made is None else made
            _merge_into(made, copied(item), _collected)
    return made


@family.method("collapse", "All fields of an array or object by their dotted paths.",
               Parameter("include_empty", "bool", "Whether empty arrays and objects are kept.", False),
               examples=(("root = this.collapse()", '{"a":[{"b":"1"},{"b":{}}]}', '{"a.0.b":"1"}'),
                         ("root = this.collapse(include_empty: true)", '{"a":{"b":{}}}', '{"a.b":{}}')))  # fmt: skip
def collapse(value: Any, include_empty: bool) -> dict[str, Any]:
    """One level of fields."""
    if not isinstance(value, dict | list):
        raise MappingError("not an object or array")
    made: dict[str, Any] = {}
    _collapse((), value, made, include_empty=include_empty)
    return made


def _collapse(path: tuple[str, ...], value: Any, made: dict[str, Any], *, include_empty: bool) -> None:
    if isinstance(value, dict | list) and value:
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in pairs:
            _collapse((*path, str(key)), item, made, include_empty=include_empty)
    elif path and (include_empty or not isinstance(value, dict | list)):
        made[paths.join(path)] = value
