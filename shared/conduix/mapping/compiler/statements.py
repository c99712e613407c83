"""Statements to code: the new record is known by its keys for as long as the text alone tells them."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from msgspec.structs import replace

from conduix.mapping import tree
from conduix.mapping.compiler.code import (
    call,
    choose,
    compare,
    name,
)  # fmt: skip
from conduix.mapping.compiler.generator import Generator
from conduix.mapping.compiler.keep import overwrite
from conduix.mapping.compiler.learning import NotCompiled
from conduix.mapping.compiler.loose import Frame, delete, put
from conduix.mapping.compiler.operators import condition
from conduix.mapping.compiler.values import Plain, Projected, Record, Scope, T, Value, within
from conduix.mapping.tree import Expr, Statement
from conduix.mapping.values import DELETED, NOTHING, Absent


def run_statements(gen: Generator, statements: Sequence[Statement], frame: Frame) -> None:
    """Generate the statements; `frame` is carried along."""
    drop = frame.drop
    for position, statement in enumerate(statements):
        frame.drop = drop if position == len(statements) - 1 else None
        if not isinstance(statement, tree.Assign):
            _if(gen, statement.branches, statement.otherwise, frame)
        elif isinstance(statement.value, tree.If):
            split = _as_statement(statement, statement.value)
            _if(gen, split.branches, split.otherwise, frame)
        else:
            _assign(gen, statement, frame)
    frame.drop = drop


def run_map(gen: Generator, label: str, target: Value, scope: Scope) -> Value:
    """What `target.apply(label)` gives."""
    frame = Frame(target, in_place=False, maps=scope.maps, applied=(*scope.applied, label), variables={})
    run_statements(gen, scope.maps[label], frame)
    return frame.root if frame.root is not None else gen.nothing()


def _as_statement(statement: tree.Assign, value: tree.If) -> tree.IfStatement:
    """`root.a = if c { x } else { y }` as `if c { root.a = x } else { root.a = y }`."""

    def assign(body: Expr) -> tuple[Statement, ...]:
        return (replace(statement, value=body),)

    branches = tuple((test, assign(body)) for test, body in value.branches)
    return tree.IfStatement(branches, () if value.otherwise is None else assign(value.otherwise), statement.mark)


# assignments


def _assign(gen: Generator, statement: tree.Assign, frame: Frame) -> None:
    target = statement.target
    value = gen.settle_now(gen.value(statement.value, frame.scope()))
    types = value.types if isinstance(value, Plain) else T.VALUE
    if types & (T.LIST | T.DICT):
        frame.shared(statement.value)
    if target.kind == "meta":
        raise NotCompiled("metadata is the interpreter's")
    if target.kind == "var":
        if types & T.ABSENT:
            raise NotCompiled("whether the variable is set depends on the record")
        frame.variables = {**(frame.variables or {}), target.path[0]: value}
    elif within(types, T.ABSENT) and isinstance(value, Plain):
        _assign_absent(gen, target.path, value, frame)
    elif not target.path:
        if types & T.ABSENT and frame.root is not None:
            raise NotCompiled("whether the new record is another one depends on the record")
        _assign_root(value, frame)
    elif types & T.ABSENT and isinstance(value, Plain):
        _assign_perhaps(gen, target.path, value, frame)
    else:
        _assign_path(gen, target.path, value, frame)


def _assign_root(value: Value, frame: Frame) -> None:
    frame.root = value
    frame.owned = frozenset()


def _is_bound(gen: Generator, value: Plain, what: Absent) -> bool:
    return isinstance(value.code, ast.Name) and gen.code.bound.get(value.code.id) is what


def _assign_absent(gen: Generator, path: tuple[str, ...], value: Plain, frame: Frame) -> None:
    """`deleted()` or `nothing()`, as the text says."""
    if _is_bound(gen, value, NOTHING):
        return
    if not _is_bound(gen, value, DELETED):
        raise NotCompiled("whether it is deleted or nothing depends on the record")
    if not path:
        frame.root = value
        frame.owned = frozenset()
        return
    root = frame.root
    if isinstance(root, Projected) and frame.keeps:
        overwrite(gen, root, path, name("UNSET"))
        return
    if isinstance(root, Record) and _delete_known(root, path, frame):
        return
    delete(gen, path, frame)


def _delete_known(root: Record, path: tuple[str, ...], frame: Frame) -> bool:
    if len(path) > 1 and path[0] in root.fields:
        return False
    frame.root = Record({key: part for key, part in root.fields.items() if key != path[0]})
    return True


def _assign_perhaps(gen: Generator, path: tuple[str, ...], value: Plain, frame: Frame) -> None:
    """A value that may be deleted or nothing, by the record."""
    root = frame.root if frame.root is not None else Record({})
    if not isinstance(root, Record) or len(path) > 1:
        raise NotCompiled("whether there is a value depends on the record")
    code = gen.code.keep(value.code)
    old = root.fields.get(path[0])
    if old is None:
        present = choose(call(gen.bound(isinstance), code, gen.bound(Absent)), name("UNSET"), code)
        # nothing leaves the new record unset, so that the old one would stay
        if frame.root is None:
            raise NotCompiled("whether there is a new record depends on the record")
        frame.root = Record({**root.fields, path[0]: Plain(gen.code.keep(present), value.types)})
        return
    before = gen.kept(old)
    if before.types & T.ABSENT:
        raise NotCompiled("the order of the keys depends on the record")
    deleted = compare(code, "is", gen.code.bind(DELETED, "DELETED"))
    stays = compare(code, "is", gen.code.bind(NOTHING, "NOTHING"))
    merged = choose(stays, before.code, choose(deleted, name("UNSET"), code))
    frame.root = Record({**root.fields, path[0]: Plain(gen.code.keep(merged), value.types | before.types)})


def _assign_path(gen: Generator, path: tuple[str, ...], value: Value, frame: Frame) -> None:
    root = frame.root
    if isinstance(root, Projected) and frame.keeps:
        overwrite(gen, root, path, gen.output(value))
        return
    if root is None or (isinstance(root, Plain) and within(root.types, T.NULL)):
        root = Record({})
    if isinstance(root, Record):
        grown = _with(root, path, value)
        if grown is not None:
            frame.root = grown
            return
    if frame.root is None:
        frame.root = root
    put(gen, path, value, frame)


def _with(record: Record, path: tuple[str, ...], value: Value) -> Record | None:
    """The record with a value at a path; None where what is there is not known well enough."""
    key = path[0]
    old = record.fields.get(key)
    if isinstance(old, Plain) and old.types & T.ABSENT:
        return None
    if len(path) == 1:
        return Record({**record.fields, key: value})
    inner = Record({}) if old is None or (isinstance(old, Plain) and within(old.types, T.NULL)) else old
    if not isinstance(inner, Record):
        return None
    made = _with(inner, path[1:], value)
    return None if made is None else Record({**record.fields, key: made})


# branches


def _if(
    gen: Generator,
    branches: Sequence[tuple[Expr, Sequence[Statement]]],
    otherwise: Sequence[Statement],
    frame: Frame,
) -> None:
    if not branches:
        run_statements(gen, otherwise, frame)
        return
    test = condition(gen, gen.value(branches[0][0], frame.scope()))
    if isinstance(test, ast.Constant):
        if test.value is True:
            run_statements(gen, branches[0][1], frame)
        else:
            _if(gen, branches[1:], otherwise, frame)
        return
    first, second = frame.fork(), frame.fork()
    with gen.branch() as yes:
        run_statements(gen, branches[0][1], first)
    with gen.branch() as no:
        _if(gen, branches[1:], otherwise, second)
    if frame.drop is not None and _is_deleted(gen, first.root) != _is_deleted(gen, second.root):
        _drop(gen, frame, (first, yes), (second, no))
    else:
        _join(gen, frame, (first, yes), (second, no))
    if yes or no:
        gen.code.when(test, yes, no)
    else:
        gen.code.do(test)


_Arm = tuple[Frame, list[ast.stmt]]


def _is_deleted(gen: Generator, root: Value | None) -> bool:
    return isinstance(root, Plain) and _is_bound(gen, root, DELETED)


def _drop(gen: Generator, frame: Frame, first: _Arm, second: _Arm) -> None:
    """One branch deletes the record at the end of the mapping: what is known after both is what the other one knows."""
    (_, gone), (stays, _) = (first, second) if _is_deleted(gen, first[0].root) else (second, first)
    with gen.continued(gone):
        assert frame.drop is not None  # noqa: S101 - asked before
        frame.drop()
    frame.root, frame.owned, frame.variables = stays.root, stays.owned, stays.variables


def _join(gen: Generator, frame: Frame, first: _Arm, second: _Arm) -> None:
    """What is known after both branches; differing values get a common name, set at the end of either branch."""
    one, other = first[0], second[0]
    frame.root = _joined(gen, one.root, other.root, first[1], second[1])
    frame.owned = one.owned & other.owned if one.root is other.root else frozenset()
    variables: dict[str, Value] = {}
    for label in {**(one.variables or {}), **(other.variables or {})}:
        left, right = (one.variables or {}).get(label), (other.variables or {}).get(label)
        merged = _joined(gen, left, right, first[1], second[1])
        if merged is not None:
            variables[label] = merged
    frame.variables = variables


def _joined(
    gen: Generator, left: Value | None, right: Value | None, yes: list[ast.stmt], no: list[ast.stmt]
) -> Value | None:
    if left is right:
        return left
    if isinstance(left, Record) and isinstance(right, Record):
        return _joined_records(gen, left, right, yes, no)
    result = gen.code.fresh("j")
    types = T(0)
    for value, body in ((left, yes), (right, no)):
        with gen.continued(body):
            made = gen.nothing() if value is None else gen.plain(value)
            types |= gen.types(made)
            gen.code.set(result, made.code)
    return Plain(name(result), types)


def _joined_records(gen: Generator, left: Record, right: Record, yes: list[ast.stmt], no: list[ast.stmt]) -> Record:
    keys = list({**left.fields, **right.fields})
    common = [key for key in keys if key in left.fields and key in right.fields]
    if [key for key in left.fields if key in common] != [key for key in right.fields if key in common]:
        raise NotCompiled("the order of the keys depends on the record")
    if [key for key in keys if key in right.fields] != list(right.fields):
        raise NotCompiled("the order of the keys depends on the record")
    fields: dict[str, Value] = {}
    for key in keys:
        one, other = left.fields.get(key), right.fields.get(key)
        if one is not None and other is not None:
            merged = _joined(gen, one, other, yes, no)
            assert merged is not None  # noqa: S101 - neither side is missing
            fields[key] = merged
        else:
            fields[key] = _perhaps(gen, one, other, yes, no)
    return Record(fields)


def _perhaps(gen: Generator, left: Value | None, right: Value | None, yes: list[ast.stmt], no: list[ast.stmt]) -> Plain:
    """A field that only one branch sets."""
    result = gen.code.fresh("j")
    types = T.ABSENT
    for value, body in ((left, yes), (right, no)):
        with gen.continued(body):
            if value is None:
                gen.code.set(result, name("UNSET"))
            else:
                made = gen.plain(value)
                types |= gen.types(made)
                gen.code.set(result, made.code)
    return Plain(name(result), types)
