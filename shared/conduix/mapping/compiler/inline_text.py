"""Methods on text that are written out in the generated code; see `inline`."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping

import msgspec

from conduix.mapping import tree
from conduix.mapping.compiler.code import (
    attribute,
    both,
    call,
    choose,
    compare,
    const,
    is_type,
)  # fmt: skip
from conduix.mapping.compiler.generator import Generator
from conduix.mapping.compiler.generic import method
from conduix.mapping.compiler.values import Plain, Scope, T, Value, within
from conduix.mapping.functions.coercion import parse_number
from conduix.mapping.functions.formatting import formatter

_decode_number = msgspec.json.Decoder(int | float).decode


def number_of_text(spelled: str) -> int | float:
    """What `.number()` makes of a text, not yet settled.

    The numbers of JSON at once; what is spelled differently, or in more than 15 characters, by the declared function.
    """
    try:
        found = _decode_number(spelled)
    except (msgspec.DecodeError, ValueError):
        return parse_number(spelled)
    return found if len(spelled) < 16 and spelled.strip() is spelled else parse_number(spelled)


def _text_target(gen: Generator, node: tree.Method, scope: Scope) -> tuple[Plain, bool]:
    """The target under a name, and whether inline code may take it for text (or fail)."""
    made = gen.kept(gen.value(node.target, scope))
    return made, within(made.types, T.JSON) and (not gen.guarded or within(made.types, T.STR))


def _cased(python: str) -> Callable[[Generator, tree.Method, Scope], Value]:
    def inline(gen: Generator, node: tree.Method, scope: Scope) -> Value:
        target, is_text = _text_target(gen, node, scope)
        slow = method(gen, node, target, scope)
        if not is_text:
            return slow
        fast = call(attribute(target.code, python))
        return Plain(choose(call(attribute(target.code, "isascii")), fast, slow.code), T.STR)

    return inline


def _constants(node: tree.Method) -> list[str] | None:
    """The arguments, if all of them are constant texts."""
    values = [part.value for part in node.args if isinstance(part, tree.Literal) and isinstance(part.value, str)]
    return values if len(values) == len(node.args) else None


def _by_python(
    python: str, types: T, allowed: Callable[[list[str]], bool]
) -> Callable[[Generator, tree.Method, Scope], Value | None]:
    """A method that is the same as Python's of text, for constant arguments that `allowed` accepts."""

    def inline(gen: Generator, node: tree.Method, scope: Scope) -> Value | None:
        arguments = _constants(node)
        if arguments is None or not allowed(arguments):
            return None
        target, is_text = _text_target(gen, node, scope)
        if not is_text:
            return method(gen, node, target, scope)
        return Plain(call(attribute(target.code, python), *map(const, arguments)), types)

    return inline


def _contains(gen: Generator, node: tree.Method, scope: Scope) -> Value | None:
    """`[constants].contains(text)`."""
    if not isinstance(node.target, tree.Literal) or not isinstance(node.target.value, list):
        return None
    wanted = node.target.value
    if not all(isinstance(part, str) for part in wanted):
        return None
    part = gen.plain(gen.value(node.args[0], scope))
    if not within(gen.types(part), T.JSON):
        return None
    return Plain(compare(part.code, "in", ast.Tuple([const(text) for text in wanted], ast.Load())), T.BOOL)


_FEW = 8
"""So many letters of a class are replaced one after the other; more of them by a table, which costs more to begin."""
_LETTERS = re.compile(r"\[([A-Za-z0-9_ ,;:@#/.]+)\]")


def _re_replace_all(gen: Generator, node: tree.Method, scope: Scope) -> Value | None:
    """A class of single ASCII characters, each replaced by one character or none."""
    arguments = _constants(node)
    letters = _LETTERS.fullmatch(arguments[0]) if arguments else None
    if arguments is None or letters is None or len(arguments[1]) > 1 or arguments[1] in {"$", "\\"}:
        return None
    target, is_text = _text_target(gen, node, scope)
    if not is_text:
        return method(gen, node, target, scope)
    different = dict.fromkeys(letters[1])
    if len(different) <= _FEW:
        changed = target.code
        for letter in different:
            changed = call(attribute(changed, "replace"), const(letter), const(arguments[1]))
        return Plain(changed, T.STR)
    changes = gen.code.bind(str.maketrans(dict.fromkeys(letters[1], arguments[1])), "changes")
    return Plain(call(attribute(target.code, "translate"), changes), T.STR)


def _join(gen: Generator, node: tree.Method, scope: Scope) -> Value | None:
    arguments = _constants(node)
    if arguments is None:
        return None
    target = gen.kept(gen.value(node.target, scope))
    if target.types & T.OTHER or gen.guarded:
        return method(gen, node, target, scope)
    if not within(target.types, T.LIST):
        gen.code.refuse_unless(is_type(target.code, "list"))
    return Plain(call(attribute(const("".join(arguments)), "join"), target.code), T.STR)


def _string(gen: Generator, node: tree.Method, scope: Scope) -> Value | None:
    target = gen.plain(gen.value(node.target, scope))
    types = gen.types(target)
    if within(types, T.STR):
        return target
    if within(types, T.INT):
        return Plain(call(gen.bound(str, "text"), target.code), T.STR)
    return method(gen, node, target, scope)


_PLAIN_VERB = re.compile(r"%[sv]|%")


def _format(gen: Generator, node: tree.Method, scope: Scope) -> Value | None:
    """A template of `%s` and `%v` only, where all arguments are texts."""
    if not isinstance(node.target, tree.Literal) or not isinstance(node.target.value, str):
        return None
    template = node.target.value
    verbs = _PLAIN_VERB.findall(template)
    if "%" in verbs or len(verbs) != len(node.args) or not verbs:
        return None
    parts = [gen.kept(gen.value(part, scope)) for part in node.args]
    if gen.guarded or not within(_union(parts), T.JSON):
        return None
    pieces: list[ast.expr] = []
    for position, text in enumerate(_PLAIN_VERB.split(template)):
        if text:
            pieces.append(const(text))
        if position < len(parts):
            pieces.append(ast.FormattedValue(parts[position].code, -1, None))
    filled: ast.expr = ast.JoinedStr(pieces)
    unsure = [is_type(part.code, "str") for part in parts if not within(part.types, T.STR)]
    if not unsure:
        return Plain(filled, T.STR)
    slow = call(gen.bound(formatter(template), "fill"), ast.List([part.code for part in parts], ast.Load()))
    return Plain(choose(both(unsure), filled, slow), T.STR)


def _union(parts: list[Plain]) -> T:
    types = T(0)
    for part in parts:
        types |= part.types
    return types


METHODS: Mapping[str, Callable[[Generator, tree.Method, Scope], Value | None]] = {
    "uppercase": _cased("upper"),
    "lowercase": _cased("lower"),
    "has_prefix": _by_python("startswith", T.BOOL, lambda found: len(found) == 1),
    "has_suffix": _by_python("endswith", T.BOOL, lambda found: len(found) == 1),
    "trim": _by_python("strip", T.STR, lambda found: len(found) == 1 and bool(found[0])),
    "replace_all": _by_python("replace", T.STR, lambda found: 0 < len(found[1]) <= len(found[0]) or not found[1]),
    "split": _by_python("split", T.LIST, lambda found: bool(found[0])),
    "re_replace_all": _re_replace_all,
    "contains": _contains,
    "join": _join,
    "string": _string,
    "format": _format,
}
