"""Steps to one function over the records of a batch."""

from __future__ import annotations

import ast
import types
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from conduix.mapping.compiler.bridge import interpreted, strict_test
from conduix.mapping.compiler.code import attribute, call, choose, compare, const, is_type, item, name, negated
from conduix.mapping.compiler.editing import may_edit
from conduix.mapping.compiler.generator import RECORD, Generator
from conduix.mapping.compiler.keep import kept_shape
from conduix.mapping.compiler.language import Bloblang
from conduix.mapping.compiler.learning import Learned, NotCompiled
from conduix.mapping.compiler.loose import Frame
from conduix.mapping.compiler.operators import strict_condition
from conduix.mapping.compiler.order import BatchFunction, Order
from conduix.mapping.compiler.outlet import Outlet
from conduix.mapping.compiler.project import Shape, describe
from conduix.mapping.compiler.sampling import sampler
from conduix.mapping.compiler.statements import run_statements
from conduix.mapping.compiler.values import Plain, Projected, Record, Scope, T, Value, jsonable
from conduix.mapping.interpret import Interpreter
from conduix.mapping.steps import FilterStep, MapStep, RouteStep, SampleStep, Step
from conduix.mapping.tree import Expr
from conduix.mapping.values import DELETED, NOTHING

_MOST_ROUNDS = 40


def compile_batch(order: Order) -> BatchFunction:
    """Generate until a round learns nothing new, then compile."""
    return _settled(order, Shape("this"), Learned())


def compile_kept(order: Order, samples: Sequence[Mapping[str, Any]]) -> BatchFunction | None:
    """The function for records like the samples, decoded as Structs; None where the general one must do."""
    shape = kept_shape(order, samples)
    if shape is None:
        return None
    learned = Learned()
    made = _settled(replace(order, form="kept"), shape, learned)
    return None if shape.whole or learned.interpreted else made


def _settled(order: Order, shape: Shape, learned: Learned) -> BatchFunction:
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
        self.gen = Generator(learned, Bloblang(), structs=set(order.ports.values()) == {"jsonl"})
        self.takes: set[str] = set()
        self.outlet = Outlet(self.gen, order, self)
        self.before: list[ast.stmt] = []
        self.counted: list[int] = []
        self.loop: list[ast.stmt] = []

    def write(self) -> None:
        """Generate the loop's body."""
        with self.gen.block() as body:
            value = self._start()
            for position, step in enumerate(self.order.steps):
                if isinstance(step, RouteStep):
                    self.outlet.route(position, step, value)
                    break
                value = self._step(position, step, value)
            else:
                self.outlet.emit("out", value)
        self.loop = body

    # records in

    def _start(self) -> Value:
        code = self.gen.code
        if self.order.form == "kept":
            # None stands for a record that does not fit
            code.refuse_unless(compare(self._record(), "is not", const(None)))
            return Projected(self.shape, name(RECORD), sure=True)
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

    def drop(self, position: int) -> None:
        """Generate the end of a record that the step at `position` filters."""
        if position not in self.counted:
            self.counted.append(position)
        self.gen.code.increase(f"d{position}", const(1))
        self.gen.code.emit(ast.Continue())

    def test(self, condition: Expr, value: Value) -> ast.expr:
        """A condition's code; by the interpreter where it cannot be compiled."""
        key = id(condition)
        if key not in self.learned.interpreted:
            before = len(self.gen.code.body)
            try:
                return strict_condition(self.gen, self.gen.value(condition, Scope(value)))
            except NotCompiled as why:
                del self.gen.code.body[before:]
                self.learned.leave(key, why)
        test = self.gen.bound(partial(strict_test, condition), "test")
        return self.gen.code.keep(call(test, self.gen.plain_code(value), *self._metadata()))

    def _metadata(self) -> list[ast.expr]:
        """The metadata as an argument for the reference, if the records have any."""
        if not self.order.meta:
            return []
        self.takes.add("meta")
        return [name("meta")]

    @contextmanager
    def _where(self, step: FilterStep | SampleStep, value: Value) -> Iterator[None]:
        """The code of a step, which runs only where its `when` holds."""
        when = None if step.when is None else self.test(step.when, value)
        with self.gen.block() if when is None else self.gen.branch() as body:
            yield
        if when is None:
            self.gen.code.body.extend(body)
        else:
            self.gen.code.emit(ast.If(when, body, []))

    def _keep_if(self, position: int, kept: ast.expr) -> None:
        with self.gen.block() as gone:
            self.drop(position)
        self.gen.code.emit(ast.If(negated(kept), gone, []))

    def _filter(self, position: int, step: FilterStep, value: Value) -> None:
        with self._where(step, value):
            self._keep_if(position, self.test(step.condition, value))

    def _sample(self, position: int, step: SampleStep, value: Value) -> None:
        keep = f"keep{position}"
        chooser = self.gen.bound(sampler(step.rate, step.seed), "sampler")
        self.before.append(ast.Assign([ast.Name(keep, ast.Store())], call(chooser, name("shard"))))
        arguments = []
        if step.seed is not None:
            self.takes.add("offset")
            arguments.append(name("o"))
        with self._where(step, value):
            self._keep_if(position, call(name(keep), *arguments))

    def _map(self, position: int, step: MapStep, value: Value) -> Value:
        if step.when is None:
            return self._mapped(position, step, value)
        when = self.test(step.when, value)
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
            except NotCompiled as why:
                del self.gen.code.body[before:]
                self.learned.leave(id(step), why)
        return self._interpreted(position, step, value)

    def _compiled(self, position: int, step: MapStep, value: Value) -> Value:
        mapping = step.mapping
        maps = {declared.name: declared.statements for declared in mapping.maps}
        frame = Frame(value, mapping.in_place, maps, variables={}, drop=lambda: self.drop(position))
        # only the record as it was decoded: what a step has made may hold the same object twice
        first = not any(isinstance(earlier, MapStep) for earlier in self.order.steps[:position])
        frame.editable = self.order.own and first and may_edit(mapping)
        frame.keeps = self.order.form == "kept"
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
            self.drop(position)
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
            self.drop(position)
        self.gen.code.emit(ast.If(compare(made, "is", self.gen.code.bind(DELETED, "DELETED")), gone, []))
        return Plain(made, T.JSON)

    # the function

    def finish(self) -> BatchFunction:
        """Compile what was generated."""
        if self.order.form == "struct" and not self.order.raw:
            self.takes.add("record")
        # of something it must take as much as there are records: that tells how far it is when it raises
        if self._reads_record() or not self.takes & {"line", "record"}:
            self.takes.add("record")
        takes = tuple(part for part in _TAKEN if part in self.takes)
        tree = self._function(takes)
        module = ast.Module([tree], [])
        ast.fix_missing_locations(module)
        scope: dict[str, Any] = {**self.gen.code.bound, "__builtins__": {}}
        with warnings.catch_warnings():
            # Python warns of constants in the wrong place, `null[0]`: here they are the user's, and fail as they should
            warnings.simplefilter("ignore", SyntaxWarning)
            code = compile(module, "<mapping>", "exec")
        exec(code, scope)  # noqa: S102 - the tree holds our own names and constants only
        function = scope["run"]
        assert isinstance(function, types.FunctionType)  # noqa: S101 - it was just defined
        left = tuple(dict.fromkeys(self.learned.interpreted.values()))
        return BatchFunction(function, takes, self.shape, ast.unparse(tree), describe(self.shape), left)

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
