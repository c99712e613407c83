"""Arrays and objects: merging, flattening, emptying out, paths that are calculated."""

from __future__ import annotations

from typing import Any, Final

from conduix.errors import MappingError
from conduix.mapping.functions.declare import REMAP, Family, Parameter
from conduix.mapping.values import WrongType, copied, equal, mapping, refuse_giant, text, to_text, type_name, whole

family = Family("collections", prefix=REMAP)

_ARRAY = Parameter("value", "array", "The array.")
_OBJECT = Parameter("value", "object", "The object.")
_ANY = Parameter("value", "any", "An array or an object.")
_PATH = Parameter("path", "array", "Names of fields and places in arrays, from outside.")
_SEPARATOR = Parameter("separator", "string", "What stands between two names.", ".")
_RECURSIVE = Parameter("recursive", "bool", "Whether what is inside is done too.", True)


@family.function("merge", "An object with the fields of another, which win; with `deep` objects inside are merged.",
                 Parameter("to", "object", "The object."), Parameter("from", "object", "What wins."),
                 Parameter("deep", "bool", "Whether objects inside are merged too.", False),
                 examples=(('.a = merge({"x":1,"o":{"p":1}}, {"o":{"q":2}})', "{}", '{"a":{"x":1,"o":{"q":2}}}'),
                           ('.a = merge({"o":{"p":1}}, {"o":{"q":2}}, deep: true)', "{}",
                            '{"a":{"o":{"p":1,"q":2}}}')))  # fmt: skip
def merge(to: dict[str, Any], other: dict[str, Any], deep: bool) -> dict[str, Any]:
    """The merged object."""
    made = dict(to)
    for key, value in other.items():
        old = made.get(key)
        inside = deep and isinstance(old, dict) and isinstance(value, dict)
        made[key] = merge(mapping(old), value, deep) if inside else value
    return made


@family.function("flatten", "An object with dotted names instead of objects inside, an array without arrays inside.",
                 _ANY, _SEPARATOR,
                 examples=(('.a = flatten({"b":{"c":1},"d":[1,[2]]})', "{}", '{"a":{"b.c":1,"d":[1,[2]]}}'),
                           (".a = flatten([1,[2,[3]]])", "{}", '{"a":[1,2,3]}')))  # fmt: skip
def flatten(value: Any, separator: str) -> Any:
    """The flat value."""
    if isinstance(value, list):
        return _flat_items(value)
    return _flat_fields(mapping(value), "", separator)


def _flat_items(items: list[Any]) -> list[Any]:
    made: list[Any] = []
    for item in items:
        made += _flat_items(item) if isinstance(item, list) else [item]
    return made


def _flat_fields(fields: dict[str, Any], prefix: str, separator: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, item in fields.items():
        if isinstance(item, dict):
            made |= _flat_fields(item, f"{prefix}{key}{separator}", separator)
        else:
            made[prefix + key] = item
    return made


@family.function("unflatten", "An object with objects inside instead of dotted names.", _OBJECT, _SEPARATOR, _RECURSIVE,
                 examples=(('.a = unflatten({"b.c":1,"b.d":2})', "{}", '{"a":{"b":{"c":1,"d":2}}}'),))  # fmt: skip
def unflatten(value: dict[str, Any], separator: str, recursive: bool) -> dict[str, Any]:
    """The nested object."""
    made: dict[str, Any] = {}
    for key, item in value.items():
        inner = unflatten(item, separator, recursive) if recursive and isinstance(item, dict) else item
        names = key.split(separator) if separator else [key]
        _refuse_long(names)
        *outside, last = names
        place = made
        for name in outside:
            if not isinstance(place.setdefault(name, {}), dict):
                place[name] = {}
            place = place[name]
        old = place.get(last)
        place[last] = merge(old, inner, True) if isinstance(old, dict) and isinstance(inner, dict) else inner
    return made


@family.function("compact", "An array or object without empty values.", _ANY, _RECURSIVE,
                 Parameter("null", "bool", "Whether nulls go.", True),
                 Parameter("string", "bool", "Whether empty texts go.", True),
                 Parameter("object", "bool", "Whether empty objects go.", True),
                 Parameter("array", "bool", "Whether empty arrays go.", True),
                 Parameter("nullish", "bool", "Whether texts go that are blank or `-`.", False),
                 examples=(('.a = compact({"b":null,"c":"","d":[{}],"e":1})', "{}",
                            '{"a":{"e":1}}'),))  # fmt: skip
def compact(value: Any, recursive: bool, *kinds: bool) -> Any:
    """What is left."""
    if not isinstance(value, list | dict):
        raise WrongType("array or object", value)
    gone = {type(None): kinds[0], str: kinds[1], dict: kinds[2], list: kinds[3]}

    def kept(item: Any) -> bool:
        if isinstance(item, str) and item.strip() in {"", "-"} and kinds[4]:
            return False
        return bool(item) or not gone.get(type(item), False)

    def inner(item: Any) -> Any:
        return compact(item, recursive, *kinds) if recursive and isinstance(item, list | dict) else item

    if isinstance(value, list):
        return [made for item in value if kept(made := inner(item))]
    return {key: made for key, item in value.items() if kept(made := inner(item))}


@family.function("includes", "Whether an array has an item.", _ARRAY, Parameter("item", "any", "What to look for."),
                 examples=(('.a = includes(["x", "y"], "y")', "{}", '{"a":true}'),))  # fmt: skip
def includes(value: list[Any], item: Any) -> bool:
    """Whether any item equals it."""
    return any(equal(each, item) for each in value)


@family.function("pop", "An array without its last item.", _ARRAY,
                 examples=((".a = pop([1, 2])", "{}", '{"a":[1]}'),))  # fmt: skip
def pop(value: list[Any]) -> list[Any]:
    """The shorter array."""
    return value[:-1]


@family.function("chunks", "An array or a text in pieces of the same size.", Parameter("value", "any", "What to cut."),
                 Parameter("chunk_size", "integer", "Items or bytes of a piece."),
                 examples=(('.a = chunks("abcde", 2)', "{}", '{"a":["ab","cd","e"]}'),))  # fmt: skip
def chunks(value: Any, size: int) -> list[Any]:
    """The pieces; the last may be shorter."""
    if size < 1:
        raise MappingError("chunk_size must be at least 1")
    if isinstance(value, list):
        return [value[at : at + size] for at in range(0, len(value), size)]
    raw = text(value).encode()
    return [raw[at : at + size].decode("utf-8", "replace") for at in range(0, len(raw), size)]


@family.function("zip", "Two arrays as one of pairs, as long as the shorter one.",
                 Parameter("array_0", "array", "One."), Parameter("array_1", "array", "The other."),
                 examples=(('.a = zip([1, 2], ["x", "y"])', "{}", '{"a":[[1,"x"],[2,"y"]]}'),))  # fmt: skip
def zip_arrays(first: list[Any], second: list[Any]) -> list[Any]:
    """The pairs."""
    return [[left, right] for left, right in zip(first, second, strict=False)]


@family.function("object_from_array", "An object of an array of pairs, or of an array of values and one of keys.",
                 Parameter("values", "array", "Pairs, or values."),
                 Parameter("keys", "array", "The keys, if there are only values.", None),
                 examples=(('.a = object_from_array([["k", 1]])', "{}", '{"a":{"k":1}}'),
                           ('.a = object_from_array([1], keys: ["k"])', "{}", '{"a":{"k":1}}')))  # fmt: skip
def object_from_array(values: list[Any], keys: list[Any] | None) -> dict[str, Any]:
    """The object; pairs whose key is null are left out."""
    pairs = values if keys is None else [[key, value] for key, value in zip(keys, values, strict=False)]
    if any(not isinstance(pair, list) or not pair for pair in pairs):
        raise MappingError("object_from_array takes arrays of a key and a value, or `keys` beside the values")
    return {text(pair[0]): pair[1] if len(pair) > 1 else None for pair in pairs if pair[0] is not None}


@family.function("tally", "How often each text of an array occurs in it.", _ARRAY,
                 examples=(('.a = tally!(["x", "y", "x"])', "{}", '{"a":{"x":2,"y":1}}'),))  # fmt: skip
def tally(value: list[Any]) -> dict[str, int]:
    """The counts by text."""
    made: dict[str, int] = {}
    for item in value:
        if not isinstance(item, str):
            raise MappingError(f"all values must be strings, found {type_name(item)}")
        made[item] = made.get(item, 0) + 1
    return made


# paths that are calculated

_MOST_NAMES: Final = 200
_BYTES_AN_ITEM: Final = 8


def _refuse_long(path: list[Any]) -> None:
    if len(path) > _MOST_NAMES:
        raise MappingError(f"a path of {len(path)} names is longer than {_MOST_NAMES}")


@family.function("get", "What stands at a path, null where nothing does.", _ANY, _PATH,
                 examples=(('.a = get!(.o, ["l", -1])', '{"o":{"l":[1,2]}}', '{"o":{"l":[1,2]},"a":2}'),))  # fmt: skip
def get(value: Any, path: list[Any]) -> Any:
    """The value at the path."""
    for name in path:
        if isinstance(value, dict) and isinstance(name, str):
            value = value.get(name)
        elif isinstance(value, list) and not isinstance(name, str):
            place = whole(name)
            value = value[place] if -len(value) <= place < len(value) else None
        else:
            return None
    return value


@family.function("set", "An array or object with a value set at a path.", _ANY, _PATH,
                 Parameter("data", "any", "The value."),
                 examples=(('.a = set!({}, ["o", "p"], 1)', "{}", '{"a":{"o":{"p":1}}}'),))  # fmt: skip
def set_path(value: Any, path: list[Any], new: Any) -> Any:
    """The changed copy; what is missing on the way is made."""
    _refuse_long(path)
    if not path:
        return new
    name, rest = path[0], path[1:]
    if isinstance(name, str):
        made = dict(value) if isinstance(value, dict) else {}
        made[name] = set_path(made.get(name), rest, new)
        return made
    items = list(value) if isinstance(value, list) else []
    place = whole(name)
    place = max(place + len(items), 0) if place < 0 else place
    refuse_giant(place * _BYTES_AN_ITEM)
    items += [None] * (place + 1 - len(items))
    items[place] = set_path(items[place], rest, new)
    return items


@family.function("remove", "An array or object without what stands at a path.", _ANY, _PATH,
                 Parameter("compact", "bool", "Whether what becomes empty goes too.", False),
                 examples=(('.a = remove!({"o":{"p":1}}, ["o", "p"])', "{}", '{"a":{"o":{}}}'),
                           ('.a = remove!({"o":{"p":1}}, ["o", "p"], compact: true)', "{}", '{"a":{}}')))  # fmt: skip
def remove(value: Any, path: list[Any], empty_too: bool) -> Any:
    """The changed copy."""
    if not path:
        raise MappingError("the path of remove has at least one name")
    made = copied(value)
    holders: list[tuple[Any, Any]] = []
    place = made
    for name in path:
        key = name if isinstance(name, str) else whole(name)
        if get(place, [name]) is None and not (isinstance(place, dict) and key in place):
            return made
        holders.append((place, key))
        place = place[key]
    for holder, key in reversed(holders):
        del holder[key]
        if holder or not empty_too:
            break
    return made


@family.function("join", "The texts of an array in one.", _ARRAY,
                 Parameter("separator", "string", "What stands between them.", ""),
                 examples=(('.a = join!(["x", "y"], ", ")', "{}", '{"a":"x, y"}'),))  # fmt: skip
def join(value: list[Any], separator: str) -> str:
    """The joined text."""
    for item in value:
        if not isinstance(item, str):
            raise MappingError(f"all array items must be strings, found {type_name(item)} ({to_text(item)[:50]})")
    refuse_giant(sum(map(len, value)) + len(separator) * len(value))
    return separator.join(value)
