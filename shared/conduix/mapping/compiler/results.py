"""What types the results of functions have, where that is worth knowing: anything unknown may be of every type."""

from __future__ import annotations

from conduix.mapping.compiler.values import T, within
from conduix.mapping.functions.declare import STAGE, Function

_TEXTUAL = frozenset({
    "uppercase", "lowercase", "capitalize", "trim", "trim_prefix", "trim_suffix", "repeat", "reverse", "replace_all",
    "replace", "replace_all_many", "replace_many", "strip_html", "re_replace_all", "re_replace",
})  # fmt: skip
"""Text gives text, bytes give bytes."""

_FIXED: dict[str, T] = {
    **dict.fromkeys(("join", "format", "string", "type", "quote", "unquote", "escape_html", "unescape_html",
                     "escape_url_query", "unescape_url_query", "slug", "filepath_join", "ts_format", "ts_strftime",
                     "now", "uuid_v4", "uuid_v7", "nanoid", "hostname", "format_json_text"), T.STR),
    **dict.fromkeys(("contains", "has_prefix", "has_suffix", "exists", "re_match", "any", "all", "bool"), T.BOOL),
    **dict.fromkeys(("length", "index_of", "find", "ts_unix", "ts_unix_milli", "ts_unix_micro", "ts_unix_nano",
                     "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "count",
                     "timestamp_unix", "timestamp_unix_milli", "timestamp_unix_micro", "timestamp_unix_nano"), T.INT),
    **dict.fromkeys(("number", "abs", "ceil", "floor", "round", "sum", "max", "min", "log", "log10", "sin", "cos",
                     "tan", "pow", "float32", "float64", "pi", "random_int"), T.NUMBER),
    **dict.fromkeys(("ts_parse", "ts_strptime", "ts_tz", "ts_round", "timestamp"), T.OTHER),
    **dict.fromkeys(("keys", "filepath_split", "re_find_all", "find_all", "range"), T.LIST),
}  # fmt: skip

_KEEPS_ITEMS = {
    "without": T.DICT, "with": T.DICT, "values": T.LIST, "key_values": T.LIST, "enumerated": T.LIST, "flatten": T.LIST,
    "unique": T.LIST, "split": T.LIST, "sort": T.LIST,
}  # fmt: skip
"""A container of what the target holds: JSON of JSON."""

_RETURNED: dict[object, T] = {"str": T.STR, "bool": T.BOOL, "int": T.INT, "int | float": T.NUMBER}
"""What implementations say that they return, where that leaves no doubt: containers may hold anything."""


def result_types(function: Function, target: T) -> T:
    """The possible types of what `function` gives for a target of these types."""
    name = function.alias_of or function.name
    if name.startswith(STAGE):
        return T.JSON
    if name in _TEXTUAL:
        return T.STR | (target & T.OTHER)
    if name in _KEEPS_ITEMS:
        return _KEEPS_ITEMS[name] | (target & T.OTHER)
    if name in {"slice", "[:]", "not_empty"} and within(target, T.JSON):
        return target & (T.STR | T.LIST | T.DICT) or T.JSON
    if name == "not_null":
        return target & ~T.NULL or T.JSON
    if name == "index" and within(target, T.JSON):
        return T.JSON
    if name == "fold":
        return T.ANY
    returned = function.implementation.__annotations__.get("return")
    return _FIXED.get(name) or _RETURNED.get(returned, T.VALUE | target & T.ABSENT)
