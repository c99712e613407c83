"""The state of a mapping's run, and new records of which the text alone does not tell the keys."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from conduix.mapping import tree
from conduix.mapping.compiler.code import NONE, attribute, call, compare, const, display, is_type, name
from conduix.mapping.compiler.generator import Generator
from conduix.mapping.compiler.learning import Unfit
from conduix.mapping.compiler.values import Plain, Record, Scope, T, Value, held, within
from conduix.mapping.tree import Expr, Statement


@dataclass(slots=True)
class Frame:
    """The state of a mapping's run, at one place of its code."""

    this: Value
    """The record that is mapped; where `in_place`, what stands under `this` is the new record instead."""
    in_place: bool
    maps: Mapping[str, tuple[Statement, ...]]
    applied: tuple[str, ...] = ()
    root: Value | None = None
    """The new record; None: nothing was assigned yet."""
    owned: frozenset[tuple[str, ...]] = frozenset()
    """Where `root` is a dict in a local name: the paths of the dicts in it that are surely nobody else's."""
    variables: dict[str, Value] | None = None
    keeps: bool = False
    """Are the record and what is below it Structs that may be written into?"""
    editable: bool = False
    """May the record itself become the new one? It was decoded for this run, and see `may_edit`."""
    drop: Callable[[], None] | None = None
    """Generates the end of a deleted record; only at the mapping's last statement."""

    def scope(self) -> Scope:
        """What expressions see."""
        this = self.root if self.in_place and self.root is not None else self.this
        return Scope(this, {}, self.variables or {}, self.root, self.maps, self.applied)

    def disown(self, path: tuple[str, ...]) -> None:
        """What stands at the path, and below it, may be somebody else's too."""
        self.owned = frozenset(owned for owned in self.owned if owned[: len(path)] != path)

    def shared(self, node: Expr) -> None:
        """The expression's value goes somewhere: what it reads of the new record is not the record's alone any more."""
        for path in _reads(node, in_place=self.in_place):
            self.disown(path)

    def fork(self) -> Frame:
        """The same state, for a branch."""
        return replace(self, variables=dict(self.variables or {}))


def _reads(node: Expr, *, in_place: bool) -> Iterator[tuple[str, ...]]:
    """The paths of the new record that an expression may read."""
    names: list[str] = []
    at = node
    while isinstance(at, tree.Field):
        names.append(at.name)
        at = at.target
    if isinstance(at, tree.Root) or (in_place and isinstance(at, tree.This)):
        yield tuple(reversed(names))
    else:
        for child in tree.children(at):
            yield from _reads(child, in_place=in_place)


def delete(gen: Generator, path: tuple[str, ...], frame: Frame) -> None:
    """Remove what stands at a path of the new record."""
    owner = _loosen(gen, frame).code
    if len(path) == 1:
        gen.code.do(call(attribute(owner, "pop"), const(path[0]), NONE))
        gen.forget(owner, path[0])
        frame.disown(path)
    else:
        gen.code.do(call(gen.bound(remove_shared), owner, gen.code.bind(path, "path")))
        frame.owned = frozenset({()})
        gen.forget(owner, path[0])


def remove_shared(owner: dict[str, Any], path: tuple[str, ...]) -> None:
    """Remove what stands at a path below `owner`, leaving every dict but `owner` itself as it was."""
    for key in path[:-1]:
        inner = owner.get(key)
        if isinstance(inner, list):
            raise Unfit
        if not isinstance(inner, dict):
            return
        owner[key] = inner.copy()
        owner = owner[key]
    owner.pop(path[-1], None)


def put(gen: Generator, path: tuple[str, ...], value: Value, frame: Frame) -> None:
    """Write a value at a path of the new record."""
    owner = _container(gen, path[:-1], frame)
    made = gen.plain(value)
    gen.code.set_item(owner, const(path[-1]), made.code)
    gen.forget(owner, path[-1])
    frame.disown(path)
    _changed(gen, frame, made.types | held(value))


def _changed(gen: Generator, frame: Frame, types: T) -> None:
    """A value of these types was put into the new record."""
    root = frame.root
    if isinstance(root, Plain) and types & T.OTHER:
        frame.root = Plain(root.code, root.types | T.OTHER)
        # an edited record keeps its name, of which it was known that it holds JSON only
        gen.prove(root.code, root.types | T.OTHER)


def _loosen(gen: Generator, frame: Frame) -> Plain:
    """The new record as a dict in a local name that nobody else has; its inner dicts are still shared."""
    root = frame.root
    if isinstance(root, Plain) and () in frame.owned:
        return root
    if isinstance(root, Record):
        made = gen.code.keep(gen.plain_code(root), "r")
        frame.owned = frozenset({(), *_inner_dicts(root)})
    elif root is None:
        made = gen.code.keep(display([]), "r")
        frame.owned = frozenset({()})
    else:
        old = gen.kept(root)
        if not within(old.types, T.DICT):
            gen.code.refuse_unless(is_type(old.code, "dict"))
            gen.prove(old.code, T.DICT)
        made = old.code if frame.editable else gen.code.keep(call(attribute(old.code, "copy")), "r")
        frame.owned = frozenset({()})
    loose = Plain(made, T.DICT | held(root))
    frame.root = loose
    return loose


def _inner_dicts(record: Record, at: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for key, part in record.fields.items():
        if isinstance(part, Record):
            found += [(*at, key), *_inner_dicts(part, (*at, key))]
    return found


def _container(gen: Generator, path: tuple[str, ...], frame: Frame) -> ast.expr:
    """The dict at a path of the new record, made nobody else's on the way; where it is none, the record is unfit."""
    owner = _loosen(gen, frame).code
    for length in range(1, len(path) + 1):
        here = path[:length]
        inner = gen.field(Plain(owner, T.DICT), path[length - 1])
        assert isinstance(inner, Plain)  # noqa: S101 - of a plain value
        code = inner.code
        if here not in frame.owned:
            code = _own(gen, owner, path[length - 1], code, editable=frame.editable)
            frame.owned |= {here}
        owner = code
    return owner


def _own(gen: Generator, owner: ast.expr, key: str, found: ast.expr, *, editable: bool) -> ast.expr:
    """The dict that stands under a key, nobody else's; made where there is none."""
    result = gen.code.fresh("r")
    with gen.block() as make:
        gen.code.refuse_unless(compare(found, "is", NONE))
        gen.code.set(result, display([]))
        gen.code.set_item(owner, const(key), name(result))
    with gen.block() as take:
        gen.code.set(result, found if editable else call(attribute(found, "copy")))
        if not editable:
            gen.code.set_item(owner, const(key), name(result))
    gen.code.when(is_type(found, "dict"), take, make)
    gen.prove(name(result), T.DICT)
    gen.keep_read(owner, key, name(result))
    return name(result)
