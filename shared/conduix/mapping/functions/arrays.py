"""Functions on arrays, most of them on objects too."""

from __future__ import annotations

from collections.abc import Callable
from functools import cmp_to_key
from typing import Any

from conduix.errors import MappingError
from conduix.mapping import paths
from conduix.mapping.functions.declare import Family, Parameter
from conduix.mapping.functions.objects import without
from conduix.mapping.values import (
    DELETED,
    NOTHING,
    WrongType,
    array,
    copied,
    equal,
    mapping,
    refuse_giant,
    text,
    type_name,
    whole,
)

family = Family("arrays")

Query = Callable[[Any], Any]

_TEST = Parameter("test", "query", "A query that gives a bool for each item.")
_QUERY = Parameter("query", "query", "A query that is run for each item.")


def _bool(found: Any, where: str) -> bool:
    if not isinstance(found, bool):
        raise MappingError(f"{where}: {WrongType('bool', found).message}")
    return found


@family.method("map_each", "An array with a query's result for each item, an object for each `{key, value}`.",
               _QUERY,
               examples=(("root.a = this.a.map_each(x -> x * 2)", '{"a":[1,2]}', '{"a":[2,4]}'),
                         ("root.a = this.a.map_each(x -> if x < 2 { deleted() })", '{"a":[1,2]}', '{"a":[2]}'),
                         ("root.a = this.a.map_each(i -> i.value.uppercase())", '{"a":{"k":"v"}}',
                          '{"a":{"k":"V"}}')))  # fmt: skip
def map_each(value: Any, query: Query) -> Any:
    """The new array or object; deleted items are gone, nothing leaves an item as it was."""
    if isinstance(value, list):
        pairs = [(item, query(item)) for item in value]
        return [old if new is NOTHING else new for old, new in pairs if new is not DELETED]
    if isinstance(value, dict):
        made = [(key, item, query({"key": key, "value": item})) for key, item in value.items()]
        return {key: old if new is NOTHING else new for key, old, new in made if new is not DELETED}
    raise WrongType("array", value)


@family.method("map_each_key", "The object with each key replaced by a query's result.", _QUERY,
               examples=(("root = this.map_each_key(k -> k.uppercase())", '{"a":1}', '{"A":1}'),))  # fmt: skip
def map_each_key(value: Any, query: Query) -> dict[str, Any]:
    """The new object; nothing leaves a key as it was."""
    made: dict[str, Any] = {}
    for key, item in mapping(value).items():
        new = query(key)
        if new is NOTHING:
            new = key
        if not isinstance(new, str):
            raise MappingError(f"unexpected result from key mapping: {WrongType('string', new).message}")
        made[new] = item
    return made


@family.method("filter", "The items of an array, or pairs of an object, for which a query is true.", _TEST,
               examples=(("root.a = this.a.filter(x -> x > 10)", '{"a":[3,11,4,17]}', '{"a":[11,17]}'),
                         ('root.a = this.a.filter(i -> i.key == "x")', '{"a":{"x":1,"y":2}}',
                          '{"a":{"x":1}}')))  # fmt: skip
def filter_items(value: Any, test: Query) -> Any:
    """What is left."""
    if isinstance(value, list):
        return [item for item in value if test(item) is True]
    if isinstance(value, dict):
        return {key: item for key, item in value.items() if test({"key": key, "value": item}) is True}
    raise WrongType("array or object", value)


@family.method("any", "Whether a query is true for an item.", _TEST,
               examples=(("root.a = this.a.any(x -> x > 2)", '{"a":[1,3]}', '{"a":true}'),))  # fmt: skip
def any_item(value: Any, test: Query) -> bool:
    """Whether one fits; false for an empty array."""
    return any(_bool(test(item), f"element {position}") for position, item in enumerate(array(value)))


@family.method("all", "Whether a query is true for every item.", _TEST,
               examples=(("root.a = this.a.all(x -> x > 2)", '{"a":[1,3]}', '{"a":false}'),))  # fmt: skip
def all_items(value: Any, test: Query) -> bool:
    """Whether all fit; false for an empty array."""
    items = array(value)
    return bool(items) and all(_bool(test(item), f"element {position}") for position, item in enumerate(items))


@family.method("fold", "One value of all items: a query gets `{tally, value}` and gives the next tally.",
               Parameter("initial", "any", "The first tally."), _QUERY,
               examples=(("root.a = this.a.fold(0, i -> i.tally + i.value)", '{"a":[3,8]}', '{"a":11}'),))  # fmt: skip
def fold(value: Any, initial: Any, query: Query) -> Any:
    """The last tally."""
    tally = copied(initial)
    for item in array(value):
        tally = query({"tally": tally, "value": item})
    return tally


@family.method("append", "The array with values added at its end.", variadic=True,
               examples=(('root.a = this.a.append("x", "y")', '{"a":[1]}', '{"a":[1,"x","y"]}'),))  # fmt: skip
def append(value: Any, *added: Any) -> list[Any]:
    """The longer array."""
    return [*array(value), *added]


@family.method("concat", "The array with the items of other arrays added.", variadic=True,
               examples=(("root.a = this.a.concat(this.b)", '{"a":[1],"b":[2]}', '{"a":[1,2]}'),))  # fmt: skip
def concat(value: Any, *others: Any) -> list[Any]:
    """The longer array."""
    return [*array(value), *(item for other in others for item in array(other))]


@family.method("zip", "The items of several arrays of one length, by position.", variadic=True,
               examples=(("root.a = this.a.zip(this.b)", '{"a":["x","y"],"b":[1,2]}',
                         '{"a":[["x",1],["y",2]]}'),))  # fmt: skip
def zip_arrays(value: Any, *others: Any) -> list[list[Any]]:
    """One array a position."""
    if not others:
        raise MappingError("zip requires at least one argument")
    columns = [array(value), *map(array, others)]
    if len({len(column) for column in columns}) > 1:
        raise MappingError("can't zip different length array values")
    return [list(row) for row in zip(*columns, strict=True)]


@family.method("enumerated", "The items as objects with their `index` and `value`.",
               examples=(("root.a = this.a.enumerated()", '{"a":["x"]}',
                         '{"a":[{"index":0,"value":"x"}]}'),))  # fmt: skip
def enumerated(value: Any) -> list[dict[str, Any]]:
    """One object an item."""
    return [{"index": index, "value": item} for index, item in enumerate(array(value))]


@family.method("flatten", "The array with the items of its arrays in their place, one level deep.",
               examples=(("root.a = this.a.flatten()", '{"a":["x",["y","z"]]}', '{"a":["x","y","z"]}'),))  # fmt: skip
def flatten(value: Any) -> list[Any]:
    """The flat array."""
    made: list[Any] = []
    for item in array(value):
        made.extend(item if isinstance(item, list) else [item])
    return made


@family.method("find", "Where a value stands first in an array, -1 if nowhere.",
               Parameter("value", "any", "The value."),
               examples=(('root.i = this.a.find("y")', '{"a":["x","y"]}', '{"i":1}'),))  # fmt: skip
def find(value: Any, wanted: Any) -> int:
    """The index."""
    return next((index for index, item in enumerate(array(value)) if equal(wanted, item)), -1)


@family.method("find_all", "Where a value stands in an array.", Parameter("value", "any", "The value."),
               examples=(('root.i = this.a.find_all("x")', '{"a":["x","y","x"]}', '{"i":[0,2]}'),))  # fmt: skip
def find_all(value: Any, wanted: Any) -> list[int]:
    """The indexes."""
    return [index for index, item in enumerate(array(value)) if equal(wanted, item)]


def _chosen(query: Query, index: int, item: Any) -> bool:
    return _bool(query(item), f"query returned a non-boolean value for index {index}")


@family.method("find_by", "Where a query is first true in an array, -1 if nowhere.", _QUERY,
               examples=(('root.i = this.a.find_by(x -> x != "x")', '{"a":["x","y"]}', '{"i":1}'),))  # fmt: skip
def find_by(value: Any, query: Query) -> int:
    """The index."""
    return next((index for index, item in enumerate(array(value)) if _chosen(query, index, item)), -1)


@family.method("find_all_by", "Where a query is true in an array.", _QUERY,
               examples=(('root.i = this.a.find_all_by(x -> x != "y")', '{"a":["x","y","z"]}',
                         '{"i":[0,2]}'),))  # fmt: skip
def find_all_by(value: Any, query: Query) -> list[int]:
    """The indexes."""
    return [index for index, item in enumerate(array(value)) if _chosen(query, index, item)]


@family.method("index", "The item of an array, or the byte of bytes, at an index; negative ones count from the end.",
               Parameter("index", "integer", "Where."),
               examples=(("root.a = this.a.index(-1)", '{"a":["x","y"]}', '{"a":"y"}'),))  # fmt: skip
def index_item(value: Any, index: int) -> Any:
    """The item; one that is not there is an error."""
    if not isinstance(value, list | bytes):
        raise WrongType("array", value)
    return value[_position(len(value), index)]


def _position(size: int, index: int) -> int:
    position = index + size if index < 0 else index
    if not 0 <= position < size:
        raise MappingError(f"index '{position}' was out of bounds for array size: {size}")
    return position


@family.method("[]", "`value[index]`: the item of an array or character of a text; negative ones count from the end.",
               Parameter("index", "any", "Where."),
               examples=(("root.a = this.a[-1]\nroot.b = this.b[0]", '{"a":["x","y"],"b":"hi"}',
                         '{"a":"y","b":"h"}'),))  # fmt: skip
def bracket_index(value: Any, index: Any) -> Any:
    """The item; one that is not there is an error."""
    if not isinstance(value, list | str | bytes):
        raise WrongType("array or string", value)
    if isinstance(value, str):
        # positions are bytes, as everywhere in this language
        return chr(value.encode()[_position(len(value.encode()), whole(index))])
    return value[_position(len(value), whole(index))]


@family.method("[:]", "`value[low:high:step]`: a part of an array or text; every bound may be left out.",
               Parameter("low", "any", "The first position.", None), Parameter("high", "any", "Where to end.", None),
               Parameter("step", "any", "How far from one to the next; negative goes backwards.", None),
               examples=(("root.a = this.a[1:3]\nroot.b = this.b[::-1]", '{"a":[1,2,3,4],"b":"abc"}',
                          '{"a":[2,3],"b":"cba"}'),))  # fmt: skip
def bracket_slice(value: Any, low: Any, high: Any, step: Any) -> Any:
    """The part; characters of a text are whole."""
    if not isinstance(value, list | str | bytes):
        raise WrongType("array or string", value)
    start, end, stride = (None if bound is None else whole(bound) for bound in (low, high, step))
    if stride == 0:
        raise MappingError("slice step cannot be zero")
    if stride is None and start is not None and end is not None and start > end:
        raise MappingError(f"lower slice bound ({start}) must be lower than upper ({end})")
    return value[start:end:stride]


@family.method("slice", "A part of an array or text; negative bounds count from the end.",
               Parameter("low", "integer", "The first position."), Parameter("high", "integer", "Where to end.", None),
               examples=(("root.a = this.a.slice(0, 2)\nroot.b = this.b.slice(-2)", '{"a":"foo","b":[1,2,3]}',
                          '{"a":"fo","b":[2,3]}'),))  # fmt: skip
def slice_part(value: Any, low: int, high: int | None) -> Any:
    """The part; positions in a text are bytes."""
    if high is not None and 0 < high <= low:
        raise MappingError(f"lower slice bound {low} must be lower than upper ({high})")
    if isinstance(value, str):
        if value.isascii():
            return _part(value, low, high)
        return _part(value.encode(), low, high).decode("utf-8", "replace")
    if isinstance(value, list | bytes):
        return _part(value, low, high)
    raise WrongType("array or string", value)


def _part(value: Any, low: int, high: int | None) -> Any:
    size = len(value)
    end = size if high is None else min(high + size if high < 0 else high, size)
    end = max(end, 0)
    start = max(low + size, 0) if low < 0 else low
    if start > end:
        raise MappingError(
            f"lower slice bound {start} must be lower than or equal to upper bound ({end}) and target length ({size})"
        )
    return value[start:end]


@family.method("sort", "The array in rising order; all items numbers or all texts, unless a query compares.",
               Parameter("compare", "query", "Gets `{left, right}`, says whether left comes first.", None),
               examples=(("root.a = this.a.sort()", '{"a":["b","a"]}', '{"a":["a","b"]}'),
                         ("root.a = this.a.sort(i -> i.left > i.right)", '{"a":[1,3,2]}',
                          '{"a":[3,2,1]}')))  # fmt: skip
def sort(value: Any, compare: Query | None) -> list[Any]:
    """The sorted array."""
    items = array(value)
    if compare is None:
        return [item for _, item in sorted(_keyed(items, items, "sort"), key=lambda pair: pair[0])]
    before = compare

    def ordered(left: Any, right: Any) -> int:
        if _bool(before({"left": left, "right": right}), "sort argument"):
            return -1
        return 1 if _bool(before({"left": right, "right": left}), "sort argument") else 0

    return sorted(items, key=cmp_to_key(ordered))


@family.method("sort_by", "The array in rising order of what a query gives for each item.", _QUERY,
               examples=(("root.a = this.a.sort_by(x -> x.n)", '{"a":[{"n":2},{"n":1}]}',
                         '{"a":[{"n":1},{"n":2}]}'),))  # fmt: skip
def sort_by(value: Any, query: Query) -> list[Any]:
    """The sorted array."""
    items = array(value)
    keyed = _keyed([query(item) for item in items], items, "sort_by")
    return [item for _, item in sorted(keyed, key=lambda pair: pair[0])]


def _keyed(keys: list[Any], items: list[Any], name: str) -> list[tuple[Any, Any]]:
    if len(items) < 2:
        return list(zip(keys, items, strict=True))
    kinds = {"number": "number", "string": "string", "bytes": "string"}
    first = kinds.get(type_name(keys[0]), "number or string")
    for position, key in enumerate(keys):
        if kinds.get(type_name(key)) != first:
            raise MappingError(f"{name} element {position}: {WrongType(first, key).message}")
    return [(text(key) if first == "string" else key, item) for key, item in zip(keys, items, strict=True)]


@family.method("unique", "The array without items that stand in it before.",
               Parameter("emit", "query", "What of an item has to be different.", None),
               examples=(("root.a = this.a.unique()", '{"a":["x","y","x"]}', '{"a":["x","y"]}'),
                         ("root.a = this.a.unique(x -> x.n)", '{"a":[{"n":1},{"n":1}]}',
                          '{"a":[{"n":1}]}')))  # fmt: skip
def unique(value: Any, emit: Query | None) -> list[Any]:
    """The shorter array."""
    seen: set[tuple[str, Any]] = set()
    made: list[Any] = []
    for position, item in enumerate(array(value)):
        key = item if emit is None else emit(item)
        kind = type_name(key)
        if kind not in {"string", "bytes", "number", "timestamp"}:
            raise MappingError(f"index {position}: {WrongType('string or number', key).message}")
        mark = ("number", key) if kind == "number" else ("string", text(key))
        if mark not in seen:
            seen.add(mark)
            made.append(item)
    return made


@family.method("explode", "Copies of an object, each with one item of the array or object at a path in its place.",
               Parameter("path", "string", "A dotted path."),
               examples=(('root = this.explode("v")', '{"id":1,"v":["a","b"]}', '[{"id":1,"v":"a"},{"id":1,"v":"b"}]'),
                         ('root = this.explode("v")', '{"id":1,"v":{"a":2}}', '{"a":{"id":1,"v":2}}')))  # fmt: skip
def explode(value: Any, path: str) -> Any:
    """An array for an array, an object for an object."""
    names = paths.split(path)
    target = paths.get(mapping(value), names)
    if not isinstance(target, list | dict):
        raise MappingError(f"expected array or object value at path '{path}', found: {type_name(target)}")
    rest = without(value, path)
    refuse_giant(len(target) * len(rest) * 16)
    if isinstance(target, list):
        return [paths.put(copied(rest), names, item) for item in target]
    return {key: paths.put(copied(rest), names, item) for key, item in target.items()}
