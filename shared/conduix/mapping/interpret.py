"""Runs a mapping by walking its tree: the reference that compiled mappings are held against."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from conduix.errors import MappingError, RecordInvalid
from conduix.mapping import paths, tree
from conduix.mapping.arithmetic import BINARY, Mismatch, invert, negate, truth
from conduix.mapping.describe import describe
from conduix.mapping.functions import find
from conduix.mapping.functions.declare import Function
from conduix.mapping.record import ABSENT, Record
from conduix.mapping.tree import Expr, Mark, Statement
from conduix.mapping.values import DELETED, NOTHING, Absent, WrongType, copied, equal, is_null, text, type_name

MAX_RECURSION = 500
MAX_STEPS = 2_000_000
"""How many nodes may be evaluated for one record: here that takes seconds, in compiled code a few tenths of one."""
_PYTHON_FRAMES = 20_000


@dataclass(frozen=True, slots=True)
class Result:
    """What a mapping made of a record.

    `value`: the new value; DELETED drops the record; NOTHING leaves its value as it was. `meta`: the new metadata.
    """

    value: Any
    meta: dict[str, Any]


class Interpreter:
    """Runs one mapping over records; holds no state between them."""

    def __init__(self, mapping: tree.Mapping) -> None:
        self._mapping = mapping
        self._maps = {declared.name: declared.statements for declared in mapping.maps}
        if self._maps and sys.getrecursionlimit() < _PYTHON_FRAMES:
            # MAX_RECURSION levels of a map take several Python frames each; they are checked by _Frame.apply
            sys.setrecursionlimit(_PYTHON_FRAMES)

    def run(self, value: Any, meta: dict[str, Any] | None = None) -> Result:
        """Maps one record given as a value, which is never changed.

        Raises:
            MappingError: with what failed, the types found, line and column.
        """
        return self.run_record((Record(value, meta),), 0)

    def run_record(self, records: Sequence[Record], index: int) -> Result:
        """Maps the record at `index` of a batch, which functions such as `json().from(0)` can see whole."""
        record = records[index]
        output = _Output(NOTHING, dict(record.meta), _Steps())
        frame = _Frame(records, index, record, output, self._maps, {}, {})
        try:
            if self._mapping.in_place:
                output.root = copied(record.value)
                frame.this = _ROOT
            _run_statements(self._mapping.statements, frame)
        except RecursionError as error:
            raise MappingError("values or maps are nested too deep") from error
        return Result(output.root, output.meta)


def evaluate(expression: Expr, value: Any, meta: dict[str, Any] | None = None) -> Any:
    """The value of one expression for a record; may be DELETED or NOTHING.

    Raises:
        MappingError: with what failed, the types found, line and column.
    """
    return evaluate_record(expression, (Record(value, meta),), 0)


def evaluate_record(expression: Expr, records: Sequence[Record], index: int) -> Any:
    """The value of one expression for the record at `index` of a batch."""
    record = records[index]
    frame = _Frame(records, index, record, _Output(NOTHING, dict(record.meta), _Steps()), {}, {}, {})
    try:
        return _evaluate(expression, frame)
    except RecursionError as error:
        raise MappingError("values are nested too deep") from error


@dataclass(slots=True)
class _Steps:
    """What may still be done for one record: made arrays and texts count by their length, else they fill the memory."""

    left: int = MAX_STEPS

    def take(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise MappingError(f"the mapping took more than {MAX_STEPS} steps for one record")

    def charge(self, made: Any) -> Any:
        if isinstance(made, list | dict):
            self.take(len(made) >> 3)
        elif isinstance(made, str | bytes):
            self.take(len(made) >> 4)
        return made


@dataclass(slots=True)
class _Output:
    root: Any
    meta: dict[str, Any]
    steps: _Steps


_RECORD = object()
_ROOT = object()


@dataclass(slots=True)
class _Frame:
    """Where an expression is evaluated; implements `record.Scope` for the functions that ask for it."""

    records: Sequence[Record]
    index: int
    origin: Record
    output: _Output
    maps: dict[str, tuple[Statement, ...]]
    variables: dict[str, Any]
    params: dict[str, Any]
    this: Any = _RECORD
    depth: int = 0

    @property
    def record(self) -> Record:
        if not -len(self.records) <= self.index < len(self.records):
            return ABSENT
        return self.records[self.index]

    @property
    def new_meta(self) -> dict[str, Any]:
        return self.output.meta

    def at(self, index: int) -> _Frame:
        return replace(self, index=index)

    def apply(self, name: str, value: Any) -> Any:
        statements = self.maps.get(name)
        if statements is None:
            raise MappingError(f"map {name} was not found")
        if self.depth >= MAX_RECURSION:
            raise MappingError(
                f"entering map {name} exceeded maximum allowed stacks of {MAX_RECURSION}, "
                "this could be due to unbounded recursion"
            )
        output = _Output(NOTHING, self.output.meta, self.output.steps)
        _run_statements(statements, replace(self, output=output, variables={}, this=value, depth=self.depth + 1))
        return output.root


# statements


def _run_statements(statements: tuple[Statement, ...], frame: _Frame) -> None:
    for statement in statements:
        if isinstance(statement, tree.Assign):
            _assign(statement, frame)
            continue
        for condition, body in statement.branches:
            if _condition(condition, frame):
                _run_statements(body, frame)
                break
        else:
            _run_statements(statement.otherwise, frame)


def _assign(statement: tree.Assign, frame: _Frame) -> None:
    value = _evaluate(statement.value, frame)
    if value is NOTHING:
        return
    try:
        _write(statement.target, value, frame)
    except MappingError as error:
        raise _located(error, statement.target.mark, "") from error


def _write(target: tree.Target, value: Any, frame: _Frame) -> None:
    if target.kind == "var":
        if value is DELETED:
            frame.variables.pop(target.path[0], None)
        else:
            # in place, what a variable holds may be written into later
            frame.variables[target.path[0]] = copied(value)
    elif target.kind == "meta":
        _write_meta(target.path, value, frame.output.meta)
    else:
        _write_root(target.path, value, frame.output)


def _write_meta(path: tuple[str, ...], value: Any, meta: dict[str, Any]) -> None:
    if path:
        if value is DELETED:
            meta.pop(path[0], None)
        else:
            meta[path[0]] = copied(value)
        return
    if value is not DELETED and not isinstance(value, dict):
        raise MappingError(f"setting root meta object requires object value, received: {type_name(value)}")
    replacement = {} if value is DELETED else copied(value)
    meta.clear()
    meta.update(replacement)


def _write_root(path: tuple[str, ...], value: Any, output: _Output) -> None:
    if not path:
        output.root = copied(value)
        return
    if output.root is NOTHING or output.root is None:
        output.root = {}
    if value is DELETED:
        paths.remove(output.root, path)
    else:
        output.root = paths.put(output.root, path, copied(value))


def _condition(condition: Expr, frame: _Frame) -> bool:
    value = _evaluate(condition, frame)
    if value is None:
        return False
    if not isinstance(value, bool):
        error = MappingError(f"{describe(condition)} resolved to a non-boolean value ({type_name(value)})")
        raise _located(error, condition.mark, "")
    return value


# expressions


def _evaluate(node: Expr, frame: _Frame) -> Any:
    frame.output.steps.take(1)
    return _EVALUATORS[type(node)](node, frame)


def _this(node: tree.This, frame: _Frame) -> Any:
    if frame.this is _ROOT:
        return frame.output.root
    if frame.this is not _RECORD:
        return frame.this
    try:
        return frame.origin.value
    except MappingError as error:
        raise _located(error, node.mark, "") from error


def _variable(node: tree.Var, frame: _Frame) -> Any:
    if node.name not in frame.variables:
        known = ", ".join(f"${name}" for name in frame.variables) or "none is set before this line"
        raise _located(MappingError(f"variable '{node.name}' undefined (known: {known})"), node.mark, "")
    return frame.variables[node.name]


def _meta(node: tree.Meta, frame: _Frame) -> Any:
    return dict(frame.output.meta) if node.name is None else frame.output.meta.get(node.name)


def _unary(node: tree.Unary, frame: _Frame) -> Any:
    operand = _evaluate(node.operand, frame)
    if node.op == "!":
        if not isinstance(operand, bool):
            raise WrongType("bool", operand).located(describe(node.operand), node.mark.line, node.mark.column)
        return invert(operand)
    try:
        return negate(operand)
    except MappingError as error:
        raise _operands(error, "number literal", describe(node.operand), node.mark) from error


def _binary(node: tree.Binary, frame: _Frame) -> Any:
    if node.op == "|":
        return _coalesce(node, frame)
    left = _evaluate(node.left, frame)
    try:
        if node.op == "&&":
            return truth(left) and truth(_evaluate(node.right, frame))
        if node.op == "||":
            return truth(left) or truth(_evaluate(node.right, frame))
        return BINARY[node.op](left, _evaluate(node.right, frame))
    except MappingError as error:
        raise _operands(error, describe(node.left), describe(node.right), node.mark) from error


def _coalesce(node: tree.Binary, frame: _Frame) -> Any:
    try:
        left = _evaluate(node.left, frame)
    except MappingError:
        return _evaluate(node.right, frame)
    return _evaluate(node.right, frame) if is_null(left) else left


def _if(node: tree.If, frame: _Frame) -> Any:
    for condition, body in node.branches:
        if _condition(condition, frame):
            return _evaluate(body, frame)
    return NOTHING if node.otherwise is None else _evaluate(node.otherwise, frame)


def _match(node: tree.Match, frame: _Frame) -> Any:
    if node.target is not None:
        frame = replace(frame, this=_evaluate(node.target, frame))
    for case in node.cases:
        if case.pattern is None or _fits(case.pattern, frame):
            return _evaluate(case.body, frame)
    return NOTHING


def _fits(pattern: Expr, frame: _Frame) -> bool:
    if isinstance(pattern, tree.Literal):
        return equal(_this(tree.This(pattern.mark), frame), pattern.value)
    return _evaluate(pattern, frame) is True


def _lambda(node: tree.Lambda, frame: _Frame) -> Callable[[Any], Any]:
    if node.param is None:
        return lambda value: _evaluate(node.body, replace(frame, this=value))
    if node.param == "_":
        return lambda _: _evaluate(node.body, frame)
    name = node.param
    return lambda value: _evaluate(node.body, replace(frame, params={**frame.params, name: value}))


def _array(node: tree.Array, frame: _Frame) -> list[Any]:
    values = (_evaluate(item, frame) for item in node.items)
    return [value for value in values if not isinstance(value, Absent)]


def _object(node: tree.Object, frame: _Frame) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, item in node.items:
        name = _evaluate(key, frame)
        if not isinstance(name, str | bytes):
            raise WrongType("string", name).located(describe(key), key.mark.line, key.mark.column)
        value = _evaluate(item, frame)
        if not isinstance(value, Absent):
            made[text(name)] = value
    return made


# calls


def _call(node: tree.Call, frame: _Frame) -> Any:
    function = _declared("function", node.name)
    arguments = [_evaluate(argument, frame) for argument in node.args]
    try:
        return frame.output.steps.charge(function.call(*([frame] if function.scope else []), *arguments))
    except MappingError as error:
        raise _located(error, node.mark, "") from error


def _method(node: tree.Method, frame: _Frame) -> Any:
    function = _declared("method", node.name)
    target: Any = _thunk(node.target, frame) if function.lazy else _evaluate(node.target, frame)
    arguments = [_evaluate(argument, frame) for argument in node.args]
    try:
        made = function.call(*([frame] if function.scope else []), target, *arguments)
        return frame.output.steps.charge(made)
    except MappingError as error:
        raise _located(error, node.mark, describe(node.target)) from error


def _thunk(target: Expr, frame: _Frame) -> Callable[..., Any]:
    return lambda scope=frame: _evaluate(target, scope)


def _declared(kind: Any, name: str) -> Function:
    function = find(kind, name)
    if function is None:
        raise AssertionError(f"the checker let the {kind} {name} pass")
    return function


# errors


def _located(error: MappingError, mark: Mark, where: str) -> MappingError:
    """The error with its place; one that has a place already came from deeper within and keeps it."""
    if error.line or isinstance(error, RecordInvalid):
        return error
    if isinstance(error, WrongType):
        return error.located(where, mark.line, mark.column)
    if isinstance(error, Mismatch):
        return Mismatch(error.verb, error.left, error.right, line=mark.line, column=mark.column)
    message = f"{where}: {error.message}" if where else error.message
    return MappingError(message, line=mark.line, column=mark.column, remedy=error.remedy)


def _operands(error: MappingError, left: str, right: str, mark: Mark) -> MappingError:
    if isinstance(error, Mismatch) and not error.line:
        return Mismatch(error.verb, error.left, error.right, (left, right), line=mark.line, column=mark.column)
    return _located(error, mark, right)


_EVALUATORS: dict[type, Callable[[Any, _Frame], Any]] = {
    tree.Literal: lambda node, _: node.value,
    tree.This: _this,
    tree.Root: lambda _, frame: frame.output.root,
    tree.Meta: _meta,
    tree.Var: _variable,
    tree.Param: lambda node, frame: frame.params[node.name],
    tree.Field: lambda node, frame: paths.step(_evaluate(node.target, frame), node.name),
    tree.Call: _call,
    tree.Method: _method,
    tree.Unary: _unary,
    tree.Binary: _binary,
    tree.If: _if,
    tree.Match: _match,
    tree.Lambda: _lambda,
    tree.Context: lambda node, frame: _lambda(node.body, frame)(_evaluate(node.target, frame)),
    tree.Array: _array,
    tree.Object: _object,
}
