"""Structured filters: a field, an operator and a value, or groups of such tests, read into the tree of a condition.

A field that is missing or null passes `neq`, `notin`, `notexists` and `null` only; a value of another type than the
operator needs fails the record, as it does in a condition that is written out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any, Final, NoReturn

from conduix.errors import MappingError, MappingSyntaxError
from conduix.mapping import paths, tree
from conduix.mapping.check import check_expression
from conduix.mapping.functions.regexp import compiled
from conduix.mapping.tree import Expr
from conduix.mapping.values import type_name

OPERATORS: Final = (
    "eq", "neq", "gt", "gte", "lt", "lte", "contains", "startswith", "endswith", "regex", "exists", "notexists",
    "null", "notnull", "in", "notin",
)  # fmt: skip
ALONE: Final = frozenset({"exists", "notexists", "null", "notnull"})
"""Operators without a value."""

_MARK: Final = tree.Mark(1, 1)
_ORDER: Final[dict[str, tree.BinaryOp]] = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_METHODS: Final = {
    "contains": "contains", "startswith": "has_prefix", "endswith": "has_suffix", "regex": "re_match",
}  # fmt: skip
_TEXTS: Final = frozenset({"startswith", "endswith", "regex"})
_MAX_DEPTH: Final = 50


def read_structured(test: Mapping[str, Any]) -> Expr:
    """The checked condition of a test `{field, operator, value}` or a group `{and: […]}`, `{or: […]}`.

    Raises:
        MappingSyntaxError: an operator that there is not, a value that it cannot take, an empty or too deep group.
    """
    return check_expression(_read(test, 0))


def _read(test: Mapping[str, Any], depth: int) -> Expr:
    if depth > _MAX_DEPTH:
        _refuse(f"groups are nested deeper than {_MAX_DEPTH}")
    if not isinstance(test, Mapping):
        _refuse(f"a test is `field`, `operator` and `value`, or a group `and` or `or`, this is {type_name(test)}")
    groups = [name for name in ("and", "or") if name in test]
    if not groups:
        return _comparison(test)
    if len(test) > 1:
        _refuse(f"a group has nothing beside `{groups[0]}`: put the other tests inside")
    return _group(groups[0], test[groups[0]], depth)


def _group(name: str, tests: Any, depth: int) -> Expr:
    if not isinstance(tests, Sequence) or isinstance(tests, str) or not tests:
        _refuse(f"`{name}` is a list of one test or more")
    symbol: tree.BinaryOp = "&&" if name == "and" else "||"
    read = [_read(test, depth + 1) for test in tests]
    return reduce(lambda left, right: tree.Binary(symbol, left, right, _MARK), read)


def _comparison(test: Mapping[str, Any]) -> Expr:
    unknown = sorted(test.keys() - {"field", "operator", "value"})
    if unknown:
        _refuse(f"a test has no `{unknown[0]}`: write `field`, `operator` and `value`, or a group `and` or `or`")
    field, operator = test.get("field"), test.get("operator")
    if not isinstance(field, str) or not field:
        _refuse("`field` is the dotted path of a field, such as `customer.name`")
    if operator not in OPERATORS:
        _refuse(f"there is no operator {operator!r}: write one of {', '.join(OPERATORS)}")
    _check_value(operator, test)
    return _BUILD[operator](field, operator, test.get("value"))


def _check_value(operator: str, test: Mapping[str, Any]) -> None:
    value = test.get("value")
    if operator in ALONE:
        if "value" in test:
            _refuse(f"`{operator}` takes no `value`")
    elif "value" not in test:
        _refuse(f"`{operator}` needs a `value`")
    elif operator in {"in", "notin"}:
        if not isinstance(value, list | tuple) or not value:
            _refuse(f"the value of `{operator}` is a list of one value or more")
    elif operator in _ORDER:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            _refuse(f"the value of `{operator}` is a number or a text, this is {type_name(value)}")
    elif operator in _TEXTS and not isinstance(value, str):
        _refuse(f"the value of `{operator}` is a text, this is {type_name(value)}: put it in quotes")
    elif operator == "regex":
        try:
            compiled(str(value))
        except MappingError as error:
            _refuse(error.message)


def _refuse(message: str) -> NoReturn:
    raise MappingSyntaxError(message, line=1, column=1)


def _at(path: str) -> Expr:
    at: Expr = tree.This(_MARK)
    for name in paths.split(path):
        at = tree.Field(at, name, _MARK)
    return at


def _literal(value: Any) -> tree.Literal:
    return tree.Literal(list(value) if isinstance(value, tuple) else value, _MARK)


def _present(path: str) -> Expr:
    return tree.Binary("!=", _at(path), _literal(None), _MARK)


def _unless_null(path: str, test: Expr) -> Expr:
    return tree.Binary("&&", _present(path), test, _MARK)


def _not(test: Expr) -> Expr:
    return tree.Unary("!", test, _MARK)


def _equal(path: str, operator: str, value: Any) -> Expr:
    return tree.Binary("==" if operator == "eq" else "!=", _at(path), _literal(value), _MARK)


def _ordered(path: str, operator: str, value: Any) -> Expr:
    return _unless_null(path, tree.Binary(_ORDER[operator], _at(path), _literal(value), _MARK))


def _called(path: str, operator: str, value: Any) -> Expr:
    return _unless_null(path, tree.Method(_at(path), _METHODS[operator], (_literal(value),), _MARK))


def _existing(path: str, operator: str, _value: Any) -> Expr:
    test = tree.Method(tree.This(_MARK), "exists", (_literal(path),), _MARK)
    return test if operator == "exists" else _not(test)


def _nullness(path: str, operator: str, _value: Any) -> Expr:
    return _present(path) if operator == "notnull" else tree.Binary("==", _at(path), _literal(None), _MARK)


def _listed(path: str, operator: str, value: Any) -> Expr:
    test = tree.Method(_literal(value), "contains", (_at(path),), _MARK)
    return test if operator == "in" else _not(test)


_BUILD: Final[dict[str, Callable[[str, str, Any], Expr]]] = {
    **dict.fromkeys(("eq", "neq"), _equal),
    **dict.fromkeys(_ORDER, _ordered),
    **dict.fromkeys(_METHODS, _called),
    **dict.fromkeys(("exists", "notexists"), _existing),
    **dict.fromkeys(("null", "notnull"), _nullness),
    **dict.fromkeys(("in", "notin"), _listed),
}
