"""Options through their pydantic model, with every error at the key or value that causes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from conduix.spec.diagnostics import MAX_PROBLEMS, Code, Problems, nearest
from conduix.spec.dialects.draft import Option
from conduix.spec.nodes import Mark, Node, Path, Scalar, Table, child, kind, path_text, plain, scalars
from conduix.spec.options import Options
from conduix.spec.shapes import Shape, field_names, inner, models

M = TypeVar("M", bound=Options)

_EXPECTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "iterable_type": "a list",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "none_required": "nothing",
}
_BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}


_KEYS = frozenset({"missing", "extra_forbidden"})
"""Errors about keys, which no variable can bring."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose options these are: in words (`the source file`), its place, and the keys it has beside its options."""

    words: str
    mark: Mark
    path: Path
    own_keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Fault:
    """An error of pydantic with its place in the document."""

    error: ErrorDetails
    key: Mark
    value: Mark
    path: Path
    node: Node | None
    shapes: tuple[Shape, ...]
    """Types that may stand at `path`; for an unknown or missing key, at the mapping around it."""


def validate(model: type[M], options: Mapping[str, Option], subject: Subject, problems: Problems) -> M | None:
    """The options as their model; None if they do not fit, with every reason in `problems`."""
    try:
        valid = model.model_validate({key: plain(option.value) for key, option in options.items()})
    except ValidationError as error:
        # more than are reported at all would only cost time: placing compares them with each other
        errors = error.errors(include_url=False)[: 2 * MAX_PROBLEMS]
        faults = [_place(each, model, options, subject) for each in errors]
        if not (faults := _known_faults(faults, options, subject, problems)):
            return None
        misspelt = {(*fault.path[:-1], _meant(fault, subject)) for fault in faults if _is_unknown(fault)}
        for fault, expected in _merged(faults):
            if not (fault.error["type"] == "missing" and _beside_config(fault.path, subject) & misspelt):
                _report(fault, expected, subject, problems)
        return None
    return valid if _no_bool_became_a_number(valid, options, problems) else None


def _known_faults(
    faults: list[_Fault], options: Mapping[str, Option], subject: Subject, problems: Problems
) -> list[_Fault]:
    """Without those about a value that is bound elsewhere; what is about the document as a whole must be known here."""
    whole = [option.value for option in options.values()]
    known = []
    for fault in faults:
        about = whole if fault.node is None else [fault.node]
        if fault.error["type"] in _KEYS or not any(each.is_open for node in about for each in scalars(node)):
            known.append(fault)
        elif not subject.path:
            message = f"{_name(fault.path)} must be known before the document runs; give the variable a default"
            problems.error(Code.VARIABLE_UNSET, fault.value, fault.path, message, "${NAME:a default}")
    return known


def _place(error: ErrorDetails, model: type[Options], options: Mapping[str, Option], subject: Subject) -> _Fault:
    """Follow pydantic's location down the tree; parts of it that name union members lead nowhere and are skipped."""
    loc = error["loc"]
    shapes: tuple[Shape, ...] = (model,)
    if not loc or loc[0] not in options:
        path = subject.path + tuple(loc[:1])
        return _Fault(error, subject.mark, subject.mark, path, None, shapes)
    option = options[str(loc[0])]
    key, node, path = option.key, option.value, option.path
    if len(loc) > 1 or error["type"] != "extra_forbidden":
        shapes = _inside(shapes, loc[0])
    for index, step in enumerate(loc[1:], 2):
        below = child(node, step)
        last = index == len(loc)
        if below is not None:
            key = node.entries[str(step)].key if isinstance(node, Table) else below.mark
            node, path = below, (*path, step)
            if not (last and error["type"] == "extra_forbidden"):
                shapes = _inside(shapes, step)
        elif last and error["type"] == "missing":
            path = (*path, step)
    return _Fault(error, key, node.mark, path, node, shapes)


def _inside(shapes: Iterable[Shape], step: str | int) -> tuple[Shape, ...]:
    return tuple(below for shape in shapes for below in inner(shape, step))


def _merged(faults: list[_Fault]) -> Iterator[tuple[_Fault, list[str]]]:
    """One fault for each place: a union reports each of its members, only the nearest one is of use."""
    done: set[Path] = set()
    for fault in faults:
        if fault.error["type"] not in _EXPECTED:
            yield fault, []
            continue
        others = [each for each in faults if each.path[: len(fault.path)] == fault.path]
        if fault.path in done or any(each.error["type"] not in _EXPECTED or each.path != fault.path for each in others):
            continue
        done.add(fault.path)
        yield fault, list(dict.fromkeys(_EXPECTED[each.error["type"]] for each in others))


def _report(fault: _Fault, expected: list[str], subject: Subject, problems: Problems) -> None:
    name = _name(fault.path)
    what = fault.error["type"]
    if expected:
        found = kind(plain(fault.node)) if fault.node is not None else "nothing"
        suggestion = ""
        if "a text" in expected and isinstance(fault.node, Scalar) and fault.node.value is not None:
            suggestion = f'"{fault.node.text}"'
        message = f"{name} must be {' or '.join(expected)}, found {found}"
        problems.error(Code.WRONG_TYPE, fault.value, fault.path, message, suggestion)
    elif what == "extra_forbidden":
        known = _known_keys(fault)
        message = f"{subject.words} has no option {name!r}" + (f"; it has {_listed(known)}" if known else "")
        problems.error(Code.UNKNOWN_KEY, fault.key, fault.path, message, _meant(fault, subject))
    elif what == "missing":
        at = fault.key if fault.node is None else fault.value
        message = f"{subject.words} needs {name!r}"
        problems.error(Code.MISSING_KEY, at, fault.path, message, f"{name}: {_example(fault.shapes, name)}")
    else:
        message, suggestion = _invalid(fault, name, subject)
        problems.error(Code.INVALID_VALUE, fault.value, fault.path, message, suggestion)


def _is_unknown(fault: _Fault) -> bool:
    return fault.error["type"] == "extra_forbidden"


def _known_keys(fault: _Fault) -> set[str]:
    return {key for shape in fault.shapes for model in models(shape) for key in field_names(model)}


def _meant(fault: _Fault, subject: Subject) -> str:
    """The key that an unknown one was probably meant to be; the node's own keys are among them."""
    own_keys = subject.own_keys if len(fault.path) <= len(subject.path) + 2 else frozenset()
    return nearest(_name(fault.path), _known_keys(fault) | own_keys)


def _beside_config(path: Path, subject: Subject) -> set[Path]:
    """The two places where an option of a node may stand; deeper ones have one place."""
    if len(path) == len(subject.path) + 1:
        return {path, (*subject.path, "config", path[-1])}
    return {path}


def _name(path: Path) -> str:
    """What the value is called: its key, with the index where it is an item of a list."""
    keys = [at for at, step in enumerate(path) if isinstance(step, str)]
    if not keys:
        return ""
    return str(path[-1]) if keys[-1] == len(path) - 1 else path_text(path[keys[-1] :])


def _invalid(fault: _Fault, name: str, subject: Subject) -> tuple[str, str]:
    context: Mapping[str, Any] = fault.error.get("ctx", {})
    what = fault.error["type"]
    if what in {"literal_error", "enum"}:
        expected = str(context.get("expected", ""))
        names = [part.strip().strip("'") for part in expected.replace(" or ", ",").split(",")]
        found = kind(plain(fault.node)) if fault.node is not None else "nothing"
        return f"{name} must be {expected}, found {found}", nearest(str(fault.error["input"]), names)
    if what in _BOUNDS:
        key, words = _BOUNDS[what]
        return f"{name} must be {words} {context.get(key)}, found {fault.error['input']}", ""
    said = fault.error["msg"].removeprefix("Value error, ")
    if what == "value_error":
        # our validators say in one sentence what is wrong and what to write
        problem, _, instead = said.partition("; write ")
        return problem, instead
    return f"{name or subject.words}: {said[:1].lower()}{said[1:]}", ""


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)[:20])


def _example(shapes: Iterable[Shape], name: str) -> str:
    for shape in shapes:
        for model in models(shape):
            info = field_names(model).get(name)
            if info and info.examples:
                return str(info.examples[0])
    return "…"


def _no_bool_became_a_number(valid: BaseModel, options: Mapping[str, Option], problems: Problems) -> bool:
    """Pydantic reads true as 1 where a number is wanted; that is not what anybody means in a document."""
    found = list(
        _numbers_from_bools(valid, {k: o.value for k, o in options.items()}, {k: o.path for k, o in options.items()})
    )
    for name, node, path in found:
        problems.error(Code.WRONG_TYPE, node.mark, path, f"{name} must be a number, found {kind(plain(node))}")
    return not found


def _numbers_from_bools(
    valid: BaseModel, nodes: Mapping[str, Node], paths: Mapping[str, Path]
) -> Iterator[tuple[str, Node, Path]]:
    for name in type(valid).model_fields.keys() & nodes.keys():
        node, value = nodes[name], getattr(valid, name)
        if isinstance(value, BaseModel) and isinstance(node, Table):
            below = {key: entry.value for key, entry in node.entries.items()}
            yield from _numbers_from_bools(value, below, {key: (*paths[name], key) for key in below})
        elif isinstance(node, Scalar) and isinstance(node.value, bool) and type(value) in {int, float}:
            yield name, node, paths[name]
