"""Whole records as Structs: for mappings that leave most of a record as it came.

A Struct is decoded, changed and encoded faster than a dict, but says nothing about the order of keys, and it has to be
known which keys there are. They are learned from records, and a record counts as one of these only if it is, encoded
again, the very bytes that came (`conduix.mapping.keeping`): then its keys, their order and every value are as decoded.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from conduix.mapping import tree
from conduix.mapping.compiler.code import NONE, compare
from conduix.mapping.compiler.editing import may_edit
from conduix.mapping.compiler.generator import Generator
from conduix.mapping.compiler.learning import NotCompiled
from conduix.mapping.compiler.order import Order
from conduix.mapping.compiler.project import Shape, can_be_field
from conduix.mapping.compiler.values import Projected
from conduix.mapping.steps import FilterStep, MapStep, SampleStep

_MOST_FIELDS = 64
"""Objects with more keys are taken for dictionaries, whose keys are data."""
_DEEPEST = 8


def keepable(order: Order) -> bool:
    """Do the steps choose records and then change a few places of each, once, for ports of JSON lines?"""
    if order.form != "struct" or set(order.ports.values()) != {"jsonl"} or not order.steps:
        return False
    *before, last = order.steps
    if not isinstance(last, MapStep) or last.when is not None or not may_edit(last.mapping):
        return False
    places = _written(last.mapping)
    return len(set(places)) == len(places) and all(isinstance(step, FilterStep | SampleStep) for step in before)


def kept_shape(order: Order, samples: Sequence[Mapping[str, Any]]) -> Shape | None:
    """What the samples are made of, with the places that the mapping writes; None where that is no Struct."""
    last = order.steps[-1]
    shape = Shape("this", kept=True)
    _describe(shape, samples, 0)
    if shape.leaf or not isinstance(last, MapStep):
        return None
    return shape if all(_mark(shape, path) for path in _written(last.mapping)) else None


def _written(mapping: tree.Mapping) -> list[tuple[str, ...]]:
    """The places that are set or deleted, in the order of the text."""
    targets = [statement.target for statement in mapping.statements if isinstance(statement, tree.Assign)]
    return [target.path for target in targets if target.kind == "root" and target.path]


def _mark(shape: Shape, path: tuple[str, ...]) -> bool:
    """Note that the mapping writes there; False where that needs an object that the records do not have."""
    for key in path[:-1]:
        inner = shape.fields.get(key)
        if inner is None or inner.leaf:
            return False
        shape = inner
    key = path[-1]
    known = shape.fields.get(key)
    if known is None:
        shape.fields[key] = Shape(f"{shape.path}.{key}", whole=True, kept=True, added=True)
    else:
        known.whole = known.required = True
    return _are_names([key])


def _are_names(keys: Iterable[str]) -> bool:
    # a key of digits may also be meant as a place in an array
    return all(can_be_field(key) and not key.isdigit() for key in keys)


def _describe(shape: Shape, values: Sequence[Any], depth: int) -> None:
    """Fill in what the values, all of one place, have in common; a leaf where that is little."""
    known = [value for value in values if value is not None]
    kinds = {type(value) for value in known}
    if kinds == {dict}:
        keys = _in_order(known)
        if 0 < len(keys) <= _MOST_FIELDS and depth < _DEEPEST and _are_names(keys):
            for key in keys:
                child = shape.fields[key] = Shape(f"{shape.path}.{key}", kept=True)
                _describe(child, [value[key] for value in known if key in value], depth + 1)
            return
    elif kinds == {list} and depth < _DEEPEST:
        items = [item for value in known for item in value]
        inner = Shape(f"{shape.path}[]", kept=True)
        _describe(inner, items, depth + 1)
        if inner.fields:
            shape.items = inner
            return
    shape.whole = not kinds or not kinds <= {int, float}


def _in_order(objects: Sequence[Mapping[str, Any]]) -> list[str]:
    """The keys of all objects, each behind the one that it follows where it was seen first."""
    keys: list[str] = []
    for value in objects:
        place = 0
        for key in value:
            if key in keys:
                place = keys.index(key) + 1
            else:
                keys.insert(place, key)
                place += 1
    return keys


def overwrite(gen: Generator, root: Projected, path: Sequence[str], value: ast.expr) -> None:
    """Set a place of the record; UNSET removes it. A record without the object around it is left to the reference."""
    owner = root
    for key in path[:-1]:
        inner = gen.field(owner, key)
        if not isinstance(inner, Projected) or inner.shape.leaf:
            raise NotCompiled("what is written into is read as a whole")
        code = gen.code.keep(inner.code, "o")
        gen.code.refuse_unless(compare(code, "is not", NONE))
        owner = Projected(inner.shape, code, sure=True)
    gen.code.set_attribute(gen.code.keep(owner.code, "o"), owner.shape.slot(path[-1]), value)
