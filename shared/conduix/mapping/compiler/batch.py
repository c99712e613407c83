"""Steps to one function over the records of a batch."""

from __future__ import annotations

import ast
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import msgspec

from conduix.errors import MappingError
from conduix.mapping.compiler.code import attribute, call, choose, compare, const, is_type, item, name, negated
from conduix.mapping.compiler.editing import may_edit
from conduix.mapping.compiler.expressions import evaluate
from conduix.mapping.compiler.generator import RECORD, Generator, Learned, NotCompiled, jsonable
from conduix.mapping.compiler.operators import strict_condition
from conduix.mapping.compiler.project import Shape, describe
from conduix.mapping.compiler.sampling import sampler
from conduix.mapping.compiler.statements import Frame, run_statements
from conduix.mapping.compiler.values import Plain, Projected, Record, Scope, T, Value
from conduix.mapping.interpret import Interpreter
from conduix.mapping.interpret import evaluate as interpret
from conduix.mapping.steps import FilterStep, MapStep, RouteStep, SampleStep, Step
from conduix.mapping.tree import Expr
from conduix.mapping.values import DELETED, NOTHING

InputForm = Literal["struct", "value", "text", "columns"]
"""What a record is for the generated function: a projection, a plain value, a line, a row of a csv file."""
PortKind = Literal["jsonl", "lines", "rows"]

_MOST_ROUNDS = 40


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be generated."""

    steps: Sequence[Step]
    ports: Mapping[str, PortKind]
    form: InputForm
    columns: tuple[str, ...] = ()
    own: bool = False
    """Records are decoded for this function alone, so that it may change them."""
    offsets: bool = False
    """Give the positions of what leaves?"""
    raw: PortKind | None = None
    """Ports of this kind get the lines themselves: no step changes records, and the input is written like that."""
    meta: bool = False


@dataclass(frozen=True, slots=True)
class BatchFunction:
    """A generated function: `run(records, outs, offs, metas, tally, shard)`.

    `records` gives what `takes` lists, as a tuple where that is more than one thing. `outs`, `offs`, `metas` are the
    lists of each port. `tally[k]` is increased by what step k filtered. It raises at a record that it does not cover
    and goes on behind it when it is called again with the same iterator.
    """

    run: Callable[..., None]
    takes: tuple[str, ...]
    """Some of `offset`, `line`, `meta`, `record`, in this order."""
    shape: Shape
    """For the form `struct`: what is decoded of a record."""
    source: str
    """The generated code, for people."""
    projection: str


def compile_batch(order: Order) -> BatchFunction:
    """Generate until a round learns nothing new, then compile."""
    shape, learned = Shape("this"), Learned()
    for _ in range(_MOST_ROUNDS):
        learned.changed = False
        writer = _Writer(order, shape, learned)
        writer.write()
        _count_reads(shape, learned)
        if not learned.changed:
            return writer.finish()
    raise AssertionError("the generated code does not come to rest")


def _count_reads(shape: Shape, learned: Learned) -> None:
    for place in shape.everywhere():
        if (place.seen > 1) != (place.reads > 1):
            learned.changed = True
        place.reads, place.seen = place.seen, 0


class _Writer:
    """Writes the function once."""

    def __init__(self, order: Order, shape: Shape, learned: Learned) -> None:
        self.order = order
        self.shape = shape
        self.learned = learned
        self.gen = Generator(learned, evaluate, structs=set(order.ports.values()) == {"jsonl"})
        self.takes: set[str] = set()
        self.before: list[ast.stmt] = []
        self.counted: list[int] = []
        self.loop: list[ast.stmt] = []

    def write(self) -> None:
        with self.gen.block() as body:
            value = self._start()
            for position, step in enumerate(self.order.steps):
                if isinstance(step, RouteStep):
                    self._route(position, step, value)
                    break
                value = self._step(position, step, value)
            else:
                self._emit("out", value)
        self.loop = body

    # records in

    def _start(self) -> Value:
        code = self.gen.code
        if self.order.form == "struct":
            return Projected(self.shape, name(RECORD), sure=True)
        if self.order.form == "value":
            if self.learned.objects:
                code.refuse_unless(is_type(self._record(), "dict"))
                self.gen.prove(name(RECORD), T.DICT)
            return Plain(name(RECORD), T.JSON)
        if self.order.form == "text":
            return Plain(name(RECORD), T.STR)
        slots = [f"c{index}" for index in range(len(self.order.columns))]
        target = ast.Tuple([ast.Name(slot, ast.Store()) for slot in slots], ast.Store())
        code.emit(ast.Assign([target], self._record()))
        pairs = zip(self.order.columns, slots, strict=True)
        return Record({column: Plain(name(slot), T.STR) for column, slot in pairs})

    def _record(self) -> ast.expr:
        self.takes.add("record")
        return name(RECORD)

    # steps

    def _step(self, position: int, step: Step, value: Value) -> Value:
        if isinstance(step, FilterStep):
            self._filter(position, step, value)
            return value
        if isinstance(step, SampleStep):
            self._sample(position, step, value)
            return value
        if isinstance(step, MapStep):
            last = position == len(self.order.steps) - 1
            made = self._map(position, step, value)
            return made if last else self._between(made)
        raise TypeError(f"{type(step).__name__} is the last step of a stretch")

    def _between(self, value: Value) -> Value:
        """The record as the next step sees it: settled, and JSON only."""
        if isinstance(value, Record):
            return Record({key: self._between(part) for key, part in value.fields.items()})
        done = self.gen.settle_now(value)
        if isinstance(done, Plain) and done.types & T.OTHER:
            return Plain(self.gen.code.keep(call(self.gen.bound(jsonable), done.code)), done.types & ~T.OTHER | T.STR)
        return done

    def _drop(self, position: int) -> None:
        if position not in self.counted:
            self.counted.append(position)
        self.gen.code.increase(f"d{position}", const(1))
        self.gen.code.emit(ast.Continue())

    def _test(self, condition: Expr, value: Value) -> ast.expr:
        """A condition's code; by the interpreter where it cannot be compiled."""
        key = id(condition)
        if key not in self.learned.interpreted:
            before = len(self.gen.code.body)
            try:
                return strict_condition(self.gen, self.gen.value(condition, Scope(value)))
            except NotCompiled:
                del self.gen.code.body[before:]
                self.learned.add(self.learned.interpreted, key)
        test = self.gen.bound(partial(strict_test, condition), "test")
        return self.gen.code.keep(call(test, self.gen.plain_code(value), *self._metadata()))

    def _metadata(self) -> list[ast.expr]:
        """The metadata as an argument for the reference, if the records have any."""
        if not self.order.meta:
            return []
        self.takes.add("meta")
        return [name("meta")]

    def _filter(self, position: int, step: FilterStep, value: Value) -> None:
        with self._where(step, value) as body:
            test = self._test(step.condition, value)
            with self.gen.block() as gone:
                self._drop(position)
            self.gen.code.emit(ast.If(negated(test), gone, []))
        self._attach(body)

    def _sample(self, position: int, step: SampleStep, value: Value) -> None:
        keep = f"keep{position}"
        chooser = self.gen.bound(sampler(step.rate, step.seed), "sampler")
        self.before.append(ast.Assign([ast.Name(keep, ast.Store())], call(chooser, name("shard"))))
        if step.seed is not None:
            self.takes.add("offset")
        with self._where(step, value) as body:
            with self.gen.block() as gone:
                self._drop(position)
            arguments = [name("o")] if step.seed is not None else []
            self.gen.code.emit(ast.If(negated(call(name(keep), *arguments)), gone, []))
        self._attach(body)

    def _where(self, step: FilterStep | SampleStep | MapStep, value: Value) -> Any:
        """The block of a step: that of its `when`, if it has one."""
        self._when = None if step.when is None else self._test(step.when, value)
        return self.gen.branch() if self._when is not None else self.gen.block()

    def _attach(self, body: list[ast.stmt]) -> None:
        if self._when is None:
            self.gen.code.body.extend(body)
        else:
            self.gen.code.emit(ast.If(self._when, body, []))

    def _map(self, position: int, step: MapStep, value: Value) -> Value:
        if step.when is None:
            return self._mapped(position, step, value)
        when = self._test(step.when, value)
        result = self.gen.code.fresh("j")
        with self.gen.branch() as yes:
            made = self.gen.plain(self._between(self._mapped(position, step, value)))
            self.gen.code.set(result, made.code)
        with self.gen.block() as no:
            old = self.gen.plain(value)
            self.gen.code.set(result, old.code)
        self.gen.code.emit(ast.If(when, yes, no))
        return Plain(name(result), made.types | old.types)

    def _mapped(self, position: int, step: MapStep, value: Value) -> Value:
        if id(step) not in self.learned.interpreted:
            before = len(self.gen.code.body)
            try:
                return self._compiled(position, step, value)
            except NotCompiled:
                del self.gen.code.body[before:]
                self.learned.add(self.learned.interpreted, id(step))
        return self._interpreted(position, step, value)

    def _compiled(self, position: int, step: MapStep, value: Value) -> Value:
        mapping = step.mapping
        maps = {declared.name: declared.statements for declared in mapping.maps}
        frame = Frame(value, mapping.in_place, maps, variables={}, drop=lambda: self._drop(position))
        # only the record as it was decoded: what a step has made may hold the same object twice
        first = not any(isinstance(earlier, MapStep) for earlier in self.order.steps[:position])
        frame.editable = self.order.own and first and may_edit(mapping)
        if mapping.in_place:
            frame.root = value
        run_statements(self.gen, mapping.statements, frame)
        if frame.root is None:
            return value
        if isinstance(frame.root, Plain) and frame.root.types & T.ABSENT:
            return self._perhaps(position, frame.root, value)
        return frame.root

    def _perhaps(self, position: int, made: Plain, value: Value) -> Value:
        """What a mapping gives that may have deleted the record or left it as it was."""
        gen = self.gen
        code = gen.code.keep(made.code)
        with gen.block() as gone:
            self._drop(position)
        gen.code.emit(ast.If(compare(code, "is", gen.code.bind(DELETED, "DELETED")), gone, []))
        if not made.types & ~T.ABSENT:
            return value
        old = gen.plain(value)
        unchanged = compare(code, "is", gen.code.bind(NOTHING, "NOTHING"))
        return Plain(gen.code.keep(choose(unchanged, old.code, code)), made.types & ~T.ABSENT | old.types)

    def _interpreted(self, position: int, step: MapStep, value: Value) -> Value:
        run = self.gen.bound(partial(interpreted, Interpreter(step.mapping)), "interpreted")
        pair = self.gen.code.keep(call(run, self.gen.plain_code(value), *self._metadata()))
        made = self.gen.code.keep(item(pair, const(0)))
        if self.order.meta:
            self.gen.code.set("meta", item(pair, const(1)))
        with self.gen.block() as gone:
            self._drop(position)
        self.gen.code.emit(ast.If(compare(made, "is", self.gen.code.bind(DELETED, "DELETED")), gone, []))
        return Plain(made, T.JSON)

    # records out

    def _emit(self, port: str, value: Value) -> None:
        if port not in self.order.ports:
            return
        self._append(port, self._leaving(self.order.ports[port], value))

    def _leaving(self, kind: PortKind, value: Value) -> ast.expr:
        """What is put on a port's list."""
        if kind == self.order.raw:
            self.takes.add("line")
            return name("l")
        if kind == "jsonl":
            return self.gen.output(value)
        made = self.gen.plain(value)
        code = call(self.gen.bound(jsonable), made.code) if made.types & T.OTHER else made.code
        if kind == "rows":
            return code
        if made.types == T.STR:
            return code
        code = self.gen.code.keep(code)
        return choose(is_type(code, "str"), code, call(self.gen.bound(json_text), code))

    def _append(self, port: str, code: ast.expr) -> None:
        index = list(self.order.ports).index(port)
        self.gen.code.do(call(name(f"out{index}"), code))
        if self.order.offsets:
            self.takes.add("offset")
            self.gen.code.do(call(name(f"off{index}"), name("o")))
        if self.order.meta:
            self.takes.add("meta")
            self.gen.code.do(call(name(f"meta{index}"), name("meta")))

    def _route(self, position: int, step: RouteStep, value: Value) -> None:
        value = self.gen.settle_now(value) if not isinstance(value, Projected) else value
        if step.mode == "fan_out":
            self._give([route for route, _ in step.routes], value)
            return
        taken = self.gen.code.fresh("hit")
        tests: list[tuple[str, ast.expr]] = []
        if step.mode == "condition":
            self._first_route(position, step, list(step.routes), value)
            return
        for route, condition in step.routes:
            test = const(True) if condition is None else self._test(condition, value)
            tests.append((route, self.gen.code.keep(test, "t")))
        self.gen.code.set(taken, ast.BoolOp(ast.Or(), [test for _, test in tests]) if len(tests) > 1 else tests[0][1])
        with self.gen.block() as unmatched:
            self._no_route(position, step, value)
        self.gen.code.emit(ast.If(negated(name(taken)), unmatched, []))
        leaving = {route: self._kept_leaving(route, value) for route, _ in tests if route in self.order.ports}
        for route, test in tests:
            if route in leaving:
                with self.gen.block() as body:
                    self._append(route, leaving[route])
                self.gen.code.emit(ast.If(test, body, []))

    def _kept_leaving(self, route: str, value: Value) -> ast.expr:
        return self.gen.code.keep(self._leaving(self.order.ports[route], value))

    def _give(self, routes: Iterable[str], value: Value) -> None:
        """The same record to several ports."""
        connected = [route for route in routes if route in self.order.ports]
        by_kind = {
            kind: self.gen.code.keep(self._leaving(kind, value))
            for kind in dict.fromkeys(self.order.ports[r] for r in connected)
        }
        for route in connected:
            self._append(route, by_kind[self.order.ports[route]])

    def _first_route(self, position: int, step: RouteStep, routes: list[tuple[str, Expr | None]], value: Value) -> None:
        if not routes:
            self._no_route(position, step, value)
            return
        route, condition = routes[0]
        if condition is None:
            self._emit(route, value)
            return
        test = self._test(condition, value)
        with self.gen.branch() as yes:
            self._emit(route, value)
            if not self.gen.code.body:
                self.gen.code.emit(ast.Pass())
        with self.gen.branch() as no:
            self._first_route(position, step, routes[1:], value)
        self.gen.code.when(test, yes, no)

    def _no_route(self, position: int, step: RouteStep, value: Value) -> None:
        if step.default is not None and step.default in self.order.ports:
            self._emit(step.default, value)
            self.gen.code.emit(ast.Continue())
        elif step.no_match == "dlq":
            self.gen.code.refuse_unless(const(False))
        else:
            self._drop(position)

    # the function

    def finish(self) -> BatchFunction:
        if self.order.form == "struct" and not self.order.raw:
            self.takes.add("record")
        if self._reads_record() or not self.takes:
            self.takes.add("record")
        takes = tuple(part for part in _TAKEN if part in self.takes)
        tree = self._function(takes)
        module = ast.Module([tree], [])
        ast.fix_missing_locations(module)
        scope: dict[str, Any] = {**self.gen.code.bound, "__builtins__": {}}
        exec(compile(module, "<mapping>", "exec"), scope)  # noqa: S102 - the tree holds our own names and constants only
        function = scope["run"]
        assert isinstance(function, types.FunctionType)  # noqa: S101 - it was just defined
        return BatchFunction(function, takes, self.shape, ast.unparse(tree), describe(self.shape))

    def _reads_record(self) -> bool:
        return any(
            isinstance(node, ast.Name) and node.id == RECORD for statement in self.loop for node in ast.walk(statement)
        )

    def _function(self, takes: tuple[str, ...]) -> ast.FunctionDef:
        gen = self.gen
        with gen.code.block() as body:
            for index in range(len(self.order.ports)):
                for local, argument in (("out", "outs"), ("off", "offs"), ("meta", "metas")):
                    if (
                        local == "out"
                        or (local == "off" and self.order.offsets)
                        or (local == "meta" and self.order.meta)
                    ):
                        gen.code.set(f"{local}{index}", attribute(item(name(argument), const(index)), "append"))
            for position in self.counted:
                gen.code.set(f"d{position}", const(0))
            body.extend(self.before)
            names: list[ast.expr] = [ast.Name(_TAKEN[part], ast.Store()) for part in takes]
            target = names[0] if len(names) == 1 else ast.Tuple(names, ast.Store())
            loop = ast.For(target, name("records"), self.loop or [ast.Pass()], [])
            gen.code.emit(ast.Try([loop], [], [], self._tallies()) if self.counted else loop)
        arguments = ("records", "outs", "offs", "metas", "tally", "shard")
        parameters = ast.arguments([], [ast.arg(part) for part in arguments], None, [], [], None, [])
        return ast.FunctionDef("run", parameters, body, [])

    def _tallies(self) -> list[ast.stmt]:
        with self.gen.code.block() as body:
            for position in self.counted:
                target = ast.Subscript(name("tally"), const(position), ast.Store())
                self.gen.code.emit(ast.AugAssign(target, ast.Add(), name(f"d{position}")))
        return body


_TAKEN = {"offset": "o", "line": "l", "meta": "meta", "record": RECORD}

_encode = msgspec.json.encode
_NO_META: Mapping[str, Any] = {}


def json_text(value: Any) -> str:
    """The value as one line of JSON."""
    return _encode(value).decode()


def interpreted(interpreter: Interpreter, value: Any, meta: Mapping[str, Any] = _NO_META) -> tuple[Any, Any]:
    """What the reference makes of a record and its metadata.

    The first is DELETED, or the new value (the old one if the mapping sets none).
    """
    made = interpreter.run(value, dict(meta))
    if made.value is NOTHING:
        return value, made.meta
    return (made.value if made.value is DELETED else jsonable(made.value)), made.meta


def strict_test(condition: Expr, value: Any, meta: Mapping[str, Any] = _NO_META) -> bool:
    """A condition of a filter, a route or `when` by the reference.

    Raises:
        MappingError: it gives anything but a bool.
    """
    found = interpret(condition, value, dict(meta))
    if isinstance(found, bool):
        return found
    from conduix.mapping.describe import describe as describe_node  # noqa: PLC0415 - only for the message
    from conduix.mapping.values import type_name  # noqa: PLC0415

    mark = condition.mark
    raise MappingError(
        f"{describe_node(condition)} gives {type_name(found)}, the condition needs a bool: compare it with something",
        line=mark.line, column=mark.column,
    )  # fmt: skip
