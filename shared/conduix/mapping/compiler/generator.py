"""The state of one round of code generation, and the ways in which code gets at a value."""

from __future__ import annotations

import ast
from collections import ChainMap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import msgspec
from msgspec import UNSET

from conduix.mapping import paths
from conduix.mapping.compiler.budget import Steps
from conduix.mapping.compiler.code import (
    NONE,
    Code,
    attribute,
    binary,
    call,
    choose,
    compare,
    const,
    display,
    either,
    is_simple,
    is_type,
    item,
    name,
)  # fmt: skip
from conduix.mapping.compiler.learning import Learned, Unfit
from conduix.mapping.compiler.project import Shape, can_be_field
from conduix.mapping.compiler.values import (
    Built,
    Plain,
    Projected,
    Record,
    Scope,
    Stream,
    T,
    Value,
    held,
    jsonable,
    within,
)
from conduix.mapping.tree import Expr
from conduix.mapping.values import NOTHING, settled

RECORD = "m"
"""The local name of the record as it came."""

LIMIT = float(2**51)
"""Below it, floats are exact integers with two bits to spare: calculating with ints and floats mixed gives what the
reference gives, and a float is whole if adding `_ROUNDER` and taking it away again changes nothing."""
_ROUNDER = 1.5 * 2**52
"""Between it and its double no float has a fraction; up to LIMIT more or less leads nowhere else."""


class Language(Protocol):
    """The parts of the language that call each other in circles; `language.py` puts them together."""

    def evaluate(self, gen: Generator, node: Expr, scope: Scope) -> Value:
        """The value of an expression."""

    def run_map(self, gen: Generator, label: str, target: Value, scope: Scope) -> Value:
        """The result of a declared map."""

    def build_list(self, gen: Generator, value: Stream, *, structs: bool) -> Built | Plain:
        """The list of a stream."""


class Generator:
    """One round: expressions go in, statements come out in `code`."""

    def __init__(self, learned: Learned, language: Language, *, structs: bool) -> None:
        self.code = Code()
        self.learned = learned
        self.structs = structs
        """Do new objects only go into JSON, so that they may be Structs?"""
        self.guarded = 0
        """Above zero where a failure is recovered from: failing must be cheap there."""
        self.optional = 0
        """Above zero in code that does not run for every record: it demands nothing of the projection."""
        self.steps = Steps(self.code)
        self._language = language
        self._known: ChainMap[str, T] = ChainMap()
        self._kept: ChainMap[tuple[str, str], ast.expr] = ChainMap()
        self.code.bound.update({"Unfit": Unfit, "UNSET": UNSET, "type": type, "len": len, "iter": iter, "int": int})
        self.code.bound.update({kind.__name__: kind for kind in (bool, float, str, list, dict)})

    def value(self, expression: Expr, scope: Scope) -> Value:
        """Generate the code of an expression."""
        return self._language.evaluate(self, expression, scope)

    def applied(self, label: str, target: Value, scope: Scope) -> Value:
        """Generate the code of `target.apply(label)`."""
        return self._language.run_map(self, label, target, scope)

    @contextmanager
    def block(self) -> Iterator[list[ast.stmt]]:
        """A block of statements; what is learned inside about local names is forgotten after it."""
        known, kept = self._known, self._kept
        self._known, self._kept = known.new_child(), kept.new_child()
        try:
            with self.code.block() as body:
                yield body
        finally:
            self._known, self._kept = known, kept

    @contextmanager
    def continued(self, body: list[ast.stmt]) -> Iterator[None]:
        """Go on with a block that was closed."""
        with self.block() as more:
            yield
        body.extend(more)

    def forget(self, owner: ast.expr, key: str) -> None:
        """The dict of this name got another value under `key`: what was read there before no longer holds."""
        if not isinstance(owner, ast.Name):
            return
        stale = {code.id for kept in self._kept.maps if isinstance(code := kept.pop((owner.id, key), None), ast.Name)}
        while stale:
            base = stale.pop()
            for kept in self._kept.maps:
                for known in [known for known in kept if known[0] == base]:
                    code = kept.pop(known)
                    if isinstance(code, ast.Name):
                        stale.add(code.id)

    def keep_read(self, owner: ast.expr, key: str, code: ast.expr) -> None:
        """From here on in this block `owner[key]` stands under a name."""
        if isinstance(owner, ast.Name):
            self._kept[owner.id, key] = code

    @contextmanager
    def branch(self) -> Iterator[list[ast.stmt]]:
        """A block that not every record comes to."""
        self.optional += 1
        try:
            with self.block() as body:
                yield body
        finally:
            self.optional -= 1

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Inside, failures are recovered from by the mapping itself."""
        self.guarded += 1
        try:
            yield
        finally:
            self.guarded -= 1

    def bound(self, function: Callable[..., Any], hint: str = "") -> ast.expr:
        """A name for a function of ours."""
        return self.code.bind(function, hint or function.__name__.strip("_"))

    def nothing(self) -> Plain:
        """No value."""
        return Plain(self.code.bind(NOTHING, "NOTHING"), T.ABSENT)

    # what is known of local names

    def types(self, value: Plain) -> T:
        """The possible types, with what checks before this place have shown."""
        if isinstance(value.code, ast.Name):
            return value.types & self._known.get(value.code.id, T.ANY)
        return value.types

    def prove(self, code: ast.expr, types: T) -> None:
        """From here on in this block the name is known to be of `types`."""
        if isinstance(code, ast.Name):
            self._known[code.id] = types

    # reading

    def field(self, value: Value, key: str) -> Value:
        """`value.key`; null where it is missing."""
        if isinstance(value, Record):
            found = value.fields.get(key)
            return Plain(NONE, T.NULL) if found is None else self.present(found)
        if isinstance(value, Projected) and not value.shape.whole and can_be_field(key) and not key.isdigit():
            return self._projected_field(value, key)
        return self._plain_field(self.plain(value), key)

    def present(self, value: Value) -> Value:
        """A field's value, null where the field is missing."""
        if isinstance(value, Plain) and value.types & T.ABSENT:
            code = self.code.keep(value.code)
            return Plain(choose(compare(code, "is", name("UNSET")), NONE, code), value.types & ~T.ABSENT | T.NULL)
        return value

    def slot(self, value: Projected, key: str) -> tuple[Shape, ast.expr]:
        """The shape of a field, and the attribute that holds it (None where its owner is null)."""
        shape = value.shape
        child = shape.fields.get(key)
        if child is None:
            child = shape.fields[key] = Shape(f"{shape.path}.{key}", kept=shape.kept, added=shape.kept)
            self.learned.changed = True
        child.seen += 1
        base = self.code.keep(value.code, "o")
        known = self._kept.get((base.id, key)) if isinstance(base, ast.Name) else None
        if known is not None:
            return child, known
        code = attribute(base, shape.slot(key))
        if not value.sure:
            code = choose(compare(base, "is", NONE), NONE, code)
        if (child.reads > 1 or not child.leaf) and isinstance(base, ast.Name):
            code = self._kept[base.id, key] = self.code.keep(code, "o")
        return child, code

    def _projected_field(self, value: Projected, key: str) -> Value:
        if value.shape.items is not None:
            self.take_whole(value.shape)
            return self._plain_field(self.plain(value), key)
        child, code = self.slot(value, key)
        if child.may_be_unset:
            code = self.code.keep(code, "o")
            code = choose(compare(code, "is", name("UNSET")), NONE, code)
        return Projected(child, code)

    def _plain_field(self, value: Plain, key: str) -> Plain:
        types = self.types(value)
        if not types & (T.DICT | T.LIST):
            self.evaluate(value.code)
            return Plain(NONE, T.NULL)
        base = self.code.keep(value.code, "o")
        kept = self._kept.get((base.id, key)) if isinstance(base, ast.Name) else None
        if isinstance(base, ast.Name) and base.id == RECORD and not within(types, T.DICT):
            # looked at once at the top, instead of at every field
            self.learned.changed |= not self.learned.objects
            self.learned.objects = True
        if kept is None:
            get = call(attribute(base, "get"), const(key))
            step = call(self.bound(paths.step), base, const(key))
            kept = self.code.keep(get if within(types, T.DICT) else choose(is_type(base, "dict"), get, step), "o")
            if isinstance(base, ast.Name):
                self._kept[base.id, key] = kept
        return Plain(kept, T.JSON if within(types, T.JSON) else T.VALUE)

    def evaluate(self, code: ast.expr) -> None:
        """Evaluate what nobody needs the value of: it may fail."""
        if not is_simple(code):
            self.code.do(code)

    def take_whole(self, shape: Shape) -> None:
        """This place is needed as it is: the next round decodes it so."""
        if not shape.whole:
            shape.whole = True
            self.learned.changed = True

    # getting at values

    def plain(self, value: Value) -> Plain:
        """The value as a plain value of the language, for anybody."""
        if isinstance(value, Plain):
            return self._settle(value) if value.raw else value
        if isinstance(value, Projected):
            numbers = value.shape.leaf and value.shape.number
            if not numbers:
                self.take_whole(value.shape)
            return Plain(value.code, T.NUMBER if numbers else T.JSON)
        if isinstance(value, Record):
            made = self.display(value, self.plain_code)
            return Plain(made, T.DICT | held(value))
        if isinstance(value, Stream):
            return self.plain(self.built(value, structs=False))
        self.learned.add(self.learned.plain_lists, id(value.node))
        return Plain(value.code, T.LIST)

    def plain_code(self, value: Value) -> ast.expr:
        """The code of the value as anybody may see it; UNSET for a missing field."""
        return self.plain(value).code

    def kept(self, value: Value, hint: str = "v") -> Plain:
        """The plain value under a name of its own."""
        made = self.plain(value)
        return Plain(self.code.keep(made.code, hint), self.types(made), small=made.small)

    def settle_now(self, value: Value) -> Value:
        """The same value, with everything that can fail done at this place."""
        if isinstance(value, Stream):
            return self.built(value, structs=self.structs)
        if isinstance(value, Record):
            return Record({key: self.settle_now(part) for key, part in value.fields.items()})
        if isinstance(value, Plain):
            return Plain(self.code.keep(value.code), value.types, value.raw, value.small)
        if isinstance(value, Projected):
            return Projected(value.shape, self.code.keep(value.code, "o"), value.sure)
        return value

    def built(self, value: Stream, *, structs: bool) -> Built | Plain:
        """The list of a stream, made."""
        return self._language.build_list(self, value, structs=structs)

    def _settle(self, value: Plain) -> Plain:
        if within(self.types(value), T.INT):
            return Plain(value.code, T.INT, small=value.small)
        code = self.code.keep(value.code, "n")
        if value.small:
            # twice as fast as a remainder
            whole = binary(binary(code, "+", const(_ROUNDER)), "-", const(_ROUNDER))
            return Plain(choose(compare(whole, "!=", code), code, call(name("int"), code)), T.NUMBER, small=True)
        rest = ast.BinOp(code, ast.Mod(), const(1.0))
        done = either([is_type(code, "int"), rest])
        return Plain(choose(done, code, call(self.bound(settled), code)), T.NUMBER)

    # writing

    def display(self, record: Record, form: Callable[[Value], ast.expr]) -> ast.expr:
        """A dict of the record's fields, without those that are missing."""
        pairs = [(key, form(part)) for key, part in record.fields.items()]
        unsure = [key for key, part in record.fields.items() if isinstance(part, Plain) and part.types & T.ABSENT]
        if not unsure:
            return display(pairs)
        made = self.code.keep(display(pairs), "d")
        for key in unsure:
            with self.block() as body:
                self.code.emit(ast.Delete([ast.Subscript(made, const(key), ast.Del())]))
            self.code.when(compare(item(made, const(key)), "is", name("UNSET")), body)
        return made

    def output(self, value: Value) -> ast.expr:
        """The value as it goes into the JSON encoder: a Struct, or plain JSON values."""
        if isinstance(value, Stream):
            value = self.built(value, structs=self.structs)
        if isinstance(value, Record):
            return self.struct(value) if self.structs and value.fields else self.display(value, self.output)
        if isinstance(value, Built) or (isinstance(value, Projected) and value.shape.kept and not value.shape.leaf):
            return value.code
        made = self.plain(value)
        if not self.types(made) & T.OTHER:
            return made.code
        return call(self.bound(jsonable), made.code)

    def struct(self, record: Record) -> ast.expr:
        """A Struct of the record's fields: faster to make and to encode than a dict."""
        if not all(can_be_field(key) for key in record.fields):
            return self.display(record, self.output)
        arguments = [self.output(part) for part in record.fields.values()]
        return call(self.struct_type(tuple(record.fields)), *arguments)

    def struct_type(self, keys: tuple[str, ...]) -> ast.expr:
        """The Struct class of objects with these keys."""
        rename = {f"f{index}": key for index, key in enumerate(keys)}
        made = msgspec.defstruct("Made", [(slot, Any) for slot in rename], rename=rename, gc=False)
        return self.code.bind(made, "Made")
