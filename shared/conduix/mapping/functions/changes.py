"""What differs between two values, and applying it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conduix.errors import MappingError
from conduix.mapping.functions.declare import Family, Parameter
from conduix.mapping.values import array, copied, equal, mapping, text, type_name

family = Family("objects")

_Change = dict[str, Any]


@family.method("diff", "The changes that make another value of this one: each has `Type` (`create`, `update` or "
               "`delete`), `Path`, `From` and `To`.",
               Parameter("other", "any", "The value to compare with."),
               examples=(("root.d = this.a.diff(this.b)", '{"a":{"n":1},"b":{"n":2}}',
                          '{"d":[{"Type":"update","Path":["n"],"From":1,"To":2}]}'),))  # fmt: skip
def diff(value: Any, other: Any) -> list[_Change] | None:
    """The changes; null for null."""
    return None if value is None else list(_changes((), value, other))


def _changes(path: tuple[str, ...], old: Any, new: Any) -> Iterator[_Change]:
    if isinstance(old, dict) and (isinstance(new, dict) or (new is None and not path)):
        yield from _of_objects(path, old, new or {})
    elif isinstance(old, list) and isinstance(new, list):
        yield from _of_arrays(path, old, new)
    elif type_name(old) != type_name(new) and old is not None and new is not None:
        raise MappingError(f"{'.'.join(path) or 'the value'}: cannot compare {type_name(old)} with {type_name(new)}")
    elif not equal(old, new):
        yield _change("update", path, old, new)


def _of_objects(path: tuple[str, ...], old: dict[str, Any], new: dict[str, Any]) -> Iterator[_Change]:
    for key, item in old.items():
        if key in new:
            yield from _changes((*path, key), item, new[key])
        else:
            yield _change("delete", (*path, key), item, None)
    for key in [key for key in new if key not in old]:
        yield _change("create", (*path, key), None, new[key])


def _of_arrays(path: tuple[str, ...], old: list[Any], new: list[Any]) -> Iterator[_Change]:
    for place in range(max(len(old), len(new))):
        at = (*path, str(place))
        if place >= len(new):
            yield _change("delete", at, old[place], None)
        elif place >= len(old):
            yield _change("create", at, None, new[place])
        else:
            yield from _changes(at, old[place], new[place])


def _change(kind: str, path: tuple[str, ...], old: Any, new: Any) -> _Change:
    return {"Type": kind, "Path": list(path), "From": old, "To": new}


@family.method("patch", "The value with changes applied that `diff` gave.",
               Parameter("changelog", "array", "The changes."),
               examples=(("root.a = this.a.patch(this.a.diff(this.b))", '{"a":{"n":1,"x":0},"b":{"n":2}}',
                          '{"a":{"n":2}}'),))  # fmt: skip
def patch(value: Any, changelog: list[Any]) -> Any:
    """The changed copy; null for null."""
    if value is None:
        return None
    made = [copied(value)]
    # from the end of an array, so that what is taken out moves nothing that is still to be changed
    deletions = [change for change in changelog if _kind(change) == "delete"]
    for change in [change for change in changelog if _kind(change) != "delete"] + deletions[::-1]:
        _apply(made, change)
    return made[0]


def _kind(change: Any) -> str:
    kind = mapping(change).get("Type")
    if kind not in {"create", "update", "delete"}:
        raise MappingError("a change has a `Type` of create, update or delete, as `diff` gives it")
    return text(kind)


def _apply(holder: list[Any], change: _Change) -> None:
    """Changes what the only item of `holder` is, or what is within it."""
    path = [text(name) for name in array(change.get("Path") or [])]
    place: Any = holder
    key: Any = 0
    for name in path:
        if not _has(place, key):
            raise MappingError(f"the path {'.'.join(path)} leads to nothing: there is no `{key}`")
        place = place[key]
        key = _index(place, name) if isinstance(place, list) else name
        if not isinstance(place, list | dict):
            raise MappingError(f"the path {'.'.join(path)} leads into {type_name(place)}")
    if change["Type"] != "create" and not _has(place, key):
        raise MappingError(f"the path {'.'.join(path)} leads to nothing: there is no `{key}`")
    if change["Type"] == "delete":
        if not path:
            raise MappingError("a change of the type delete has a `Path`")
        del place[key]
    elif isinstance(place, list) and key == len(place):
        place.append(copied(change.get("To")))
    else:
        place[key] = copied(change.get("To"))


def _has(place: Any, key: Any) -> bool:
    return bool(key < len(place)) if isinstance(place, list) else key in place


def _index(place: list[Any], key: str) -> int:
    if not key.isdecimal() or int(key) > len(place):
        raise MappingError(f"`{key}` is no place in an array of {len(place)} items")
    return int(key)
