"""Reading and writing by path. A path is a tuple of names; a dotted path is its text form with `~1` for a dot."""

from __future__ import annotations

from typing import Any

from conduix.errors import MappingError
from conduix.mapping.values import type_name


def split(dotted: str) -> tuple[str, ...]:
    """The names of a dotted path: `a.b~1c` is `a`, `b.c`."""
    return tuple(name.replace("~1", ".").replace("~0", "~") for name in dotted.split("."))


def join(path: tuple[str, ...]) -> str:
    """The dotted form of a path."""
    return ".".join(name.replace("~", "~0").replace(".", "~1") for name in path)


def step(value: Any, name: str) -> Any:
    """One key of an object or index of an array; None where it is missing."""
    if isinstance(value, dict):
        return value.get(name)
    if isinstance(value, list):
        index = _index(name)
        return value[index] if index is not None and index < len(value) else None
    return None


def get(value: Any, path: tuple[str, ...]) -> Any:
    """The value at `path`, None where it is missing; `*` collects over the items of an array."""
    found = _find(value, path)
    return None if found is _MISSING else found


def exists(value: Any, path: tuple[str, ...]) -> bool:
    """Whether something, be it null, stands at `path`."""
    return _find(value, path) is not _MISSING


_MISSING = object()


def _find(value: Any, path: tuple[str, ...]) -> Any:
    for position, name in enumerate(path):
        if isinstance(value, dict):
            value = value.get(name, _MISSING)
        elif isinstance(value, list) and name == "*":
            rest = path[position + 1 :]
            found = [item for item in (_find(item, rest) for item in value) if item is not _MISSING]
            return found or _MISSING
        elif isinstance(value, list):
            index = _index(name)
            value = value[index] if index is not None and index < len(value) else _MISSING
        else:
            return _MISSING
        if value is _MISSING:
            return _MISSING
    return value


def _index(name: str) -> int | None:
    return int(name) if name.isascii() and name.isdigit() and len(name) < 19 else None


def put(container: Any, path: tuple[str, ...], value: Any) -> Any:
    """Writes `value` at `path` into `container`, making the objects on the way, and gives the container back.

    Raises:
        MappingError: something on the way is neither object nor array, or an index is not in its array.
    """
    at = container
    for position, name in enumerate(path):
        last = position == len(path) - 1
        if isinstance(at, dict):
            if last:
                at[name] = value
            elif at.get(name) is None:
                at[name] = {}
            at = at[name]
        elif isinstance(at, list):
            at = _put_item(at, name, value if last else None, last=last, path=path)
        else:
            raise _collision(at, path, path[:position])
    return container


def _put_item(items: list[Any], name: str, value: Any, *, last: bool, path: tuple[str, ...]) -> Any:
    if name == "-":
        items.append(value if last else {})
        return items[-1]
    index = _index(name)
    if index is None or index >= len(items):
        raise MappingError(
            f"unable to set target path {join(path)}: `{name}` is no index of an array of {len(items)} items; "
            "write `-` to append"
        )
    if last:
        items[index] = value
    return items[index]


def _collision(at: Any, path: tuple[str, ...], culprit: tuple[str, ...]) -> MappingError:
    owner = join(culprit) or "the root"
    return MappingError(
        f"unable to set target path {join(path)} as the value of {owner} was a non-object type ({type_name(at)})"
    )


def remove(container: Any, path: tuple[str, ...]) -> None:
    """Removes what stands at `path`; what is not there needs no removing."""
    at = get(container, path[:-1]) if len(path) > 1 else container
    name = path[-1]
    if isinstance(at, dict):
        at.pop(name, None)
    elif isinstance(at, list):
        index = _index(name)
        if index is not None and index < len(at):
            del at[index]
