"""Draws mappings: the functions that are declared, with arguments that are mostly of the right type."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random

from conduix.mapping.functions.declare import Function, Parameter
from tests.fuzz import learned
from tests.fuzz.draw import KEYS

_PATHS: Mapping[str, Sequence[str]] = {
    "string": ("this.s", "this.t", "this.o.s", "this.o.d.t", "this.at", '"x"', '"a-b"', '""', '"é"', '"%v %s"', "@k"),
    "number": ("this.n", "this.m", "this.o.n", "n", "0", "1", "-1", "2.5", "100", "9223372036854775807", "this.ns.0"),
    "bool": ("this.b", "true", "false", 'this.s == "a"', "this.n > 1", "this.t != null", 'this.exists("o.s")'),
    "array": ("this.ns", "this.items", "[1, 2]", "[]", '["a", this.s]', "[this.n, this.m]", "this.items"),
    "object": ("this", "this.o", "this.o.d", '{"k": this.n}', "{}", "this.items.0", '{"a": {"b": 1}}', "root", "@"),
    "null": ("null", "this.missing", "this.o.missing.deeper", "$v", 'this."q\\"k"', 'this."x y"', "this.any"),
    "bytes": ("content()", "this.s.bytes()", '"YQ==".decode("base64")'),
    "timestamp": ('this.at.ts_parse("2006-01-02T15:04:05Z")', 'this.n.ts_tz("UTC")', 'this.at.ts_strptime("%Y-%m-%d")'),
}  # fmt: skip
KINDS = tuple(_PATHS)
_TARGETS = (
    "root.a", "root.b", "root.a.x", "root.d.x", "root.d.y", "root.o.s", "root.s", "root.items", "root.n",
    'root."x y"', "root.a.0", "let v", "let w", "meta k", "root",
)  # fmt: skip
_FIXED = (
    "root = this", "root.s = deleted()", "root.o = deleted()", "root.missing.x = deleted()", "root.a = $v",
    "root.e = root.a", 'root.f = this.n.apply("twice")', "meta k = deleted()", "meta = {}", "root = root",
    "root.a = nothing()", "let v = this",
)  # fmt: skip
_MAPS = (
    'map twice {\n  root = if this == null { 0 } else { this * 2 }\n}\nmap outer {\n  root.x = this.apply("twice")\n}\n'
)
_COMPARE = ("==", "!=", "<", "<=", ">", ">=")


class Writer:
    """Draws one text. `wrong` is how often another type stands where one is wanted."""

    def __init__(self, rng: Random, wrong: float = 0.08) -> None:
        self.rng = rng
        self.wrong = wrong
        self.known = learned.knowledge()
        self.names: list[str] = []
        self.room = 14
        """How many calls and operators may still come: texts stay such that a person can read a finding."""

    def expression(self, kind: str, depth: int = 3) -> str:
        """An expression that mostly gives the kind."""
        if kind == "any" or self.rng.random() < self.wrong:
            kind = self.rng.choice(KINDS)
        self.room -= 1
        if depth <= 0 or self.room < 0 or self.rng.random() < 0.25:
            return self._leaf(kind)
        if self.rng.random() < 0.5:
            return self._called(kind, depth)
        return self.rng.choice(_COMPOUND.get(kind, _ANY))(self, kind, depth - 1)

    def _leaf(self, kind: str) -> str:
        if self.names and self.rng.random() < 0.5:
            name = self.rng.choice(self.names)
            return self.rng.choice((name, name, f"{name}.p", f"{name}.value", f"{name}.s"))
        return self.rng.choice(_PATHS[kind])

    def _called(self, kind: str, depth: int) -> str:
        fitting: Sequence[Function] = self.known.gives.get(kind, ())
        if not fitting or self.rng.random() < 0.1:
            fitting = learned.functions()
        return self.call(self.rng.choice(fitting), depth)

    def call(self, function: Function, depth: int) -> str:
        """A call of the function."""
        target = ""
        if function.kind == "method":
            takes = self.known.takes.get(function.name) or KINDS
            target = f"({self.expression(self.rng.choice(takes), depth - 1)})"
        arguments = learned.drawn_literals(self.rng, function)
        for position, _ in enumerate(arguments):
            parameter = None if function.variadic else function.parameters[position]
            arguments[position] = self._argument(parameter, arguments[position], depth)
        return learned.written(function, target, arguments)

    def _argument(self, parameter: Parameter | None, literal: str, depth: int) -> str:
        if parameter is None:
            return literal if self.rng.random() < 0.5 else self.expression("any", depth - 1)
        if parameter.kind == "query":
            return self.query(depth)
        if self.rng.random() < 0.7:
            return literal
        kind = {"data": "string", "integer": "number", "fallback": "any"}.get(parameter.kind, parameter.kind)
        return self.expression(kind, depth - 1)

    def query(self, depth: int) -> str:
        """A lambda, or an expression whose `this` is each item."""
        if self.rng.random() < 0.25:
            return self.expression("any", depth - 1)
        name = f"x{len(self.names)}"
        self.names.append(name)
        body = self.expression(self.rng.choice(("any", "number", "bool", "string")), depth - 1)
        self.names.pop()
        return f"{name} -> {body}"

    def statement(self, depth: int = 3) -> str:
        """One statement."""
        roll = self.rng.random()
        if roll < 0.65:
            return f"{self.rng.choice(_TARGETS)} = {self.expression('any', depth)}"
        if roll < 0.8:
            return self.rng.choice(_FIXED)
        if roll < 0.86:
            return f"root = if {self.expression('bool', 1)} {{ deleted() }}"
        inner = self.statement(depth - 1) if depth > 1 else "root.z = 1"
        other = f" else {{\n  {self.statement(1)}\n}}" if self.rng.random() < 0.6 else ""
        return f"if {self.expression('bool', 2)} {{\n  {inner}\n}}{other}"

    def mapping(self) -> str:
        """A whole mapping."""
        statements = []
        for _ in range(self.rng.choice((1, 1, 2, 3, 5))):
            self.room = 12
            statements.append(self.statement())
        maps = _MAPS if any("apply" in statement for statement in statements) else ""
        return maps + "\n".join(statements)

    # shapes

    def _operation(self, kind: str, depth: int) -> str:
        sign = self.rng.choice(("+",) if kind == "string" else ("+", "-", "*", "/", "%", "+"))
        return f"({self.expression(kind, depth)} {sign} {self.expression(kind, depth)})"

    def _negation(self, kind: str, depth: int) -> str:
        return f"{'!' if kind == 'bool' else '-'}({self.expression(kind, depth)})"

    def _comparison(self, _kind: str, depth: int) -> str:
        both = self.rng.choice(("number", "number", "string", "any"))
        return f"({self.expression(both, depth)} {self.rng.choice(_COMPARE)} {self.expression(both, depth)})"

    def _junction(self, kind: str, depth: int) -> str:
        return f"({self.expression(kind, depth)} {self.rng.choice(('&&', '||'))} {self.expression(kind, depth)})"

    def _choice(self, kind: str, depth: int) -> str:
        other = f" else {{ {self.expression(kind, depth)} }}" if self.rng.random() < 0.8 else ""
        return f"(if {self.expression('bool', depth)} {{ {self.expression(kind, depth)} }}{other})"

    def _match(self, kind: str, depth: int) -> str:
        literal = self.rng.choice(('"a"', "1", "null", "this == 2", 'this.type() == "string"', "true"))
        default = f", _ => {self.expression(kind, depth)}" if self.rng.random() < 0.8 else ""
        return f"(match {self.expression('any', depth)} {{ {literal} => {self.expression(kind, depth)}{default} }})"

    def _fallback(self, kind: str, depth: int) -> str:
        left, right = self.expression("any", depth), self.expression(kind, depth)
        return self.rng.choice((f"({left} | {right})", f"({left}).or({right})", f"({left}).catch({right})"))

    def _array(self, _kind: str, depth: int) -> str:
        items = [self.expression("any", depth) for _ in range(self.rng.randrange(4))]
        return f"[{', '.join([*items, *(['deleted()'] if self.rng.random() < 0.1 else [])])}]"

    def _object(self, _kind: str, depth: int) -> str:
        pairs = [f"{self._key(depth)}: {self.expression('any', depth)}" for _ in range(self.rng.randrange(4))]
        return f"{{{', '.join(pairs)}}}"

    def _key(self, depth: int) -> str:
        if self.rng.random() < 0.9:
            return '"' + self.rng.choice(KEYS).replace('"', '\\"') + '"'
        return f"({self.expression('string', depth)})"

    def _loop(self, _kind: str, depth: int) -> str:
        source = self.expression("array", depth)
        return f"({source}).{self.rng.choice(('map_each', 'filter', 'sort_by', 'any', 'all'))}({self.query(depth)})"

    def _sum(self, _kind: str, depth: int) -> str:
        return f"({self._loop('array', depth)}).{self.rng.choice(('sum', 'length', 'max'))}()"

    def _context(self, kind: str, depth: int) -> str:
        name = f"x{len(self.names)}"
        source = self.expression("any", depth)
        self.names.append(name)
        body = self.expression(kind, depth)
        self.names.pop()
        return f"({source}).({name} -> {body})"


_Shape = Callable[[Writer, str, int], str]
_ANY: tuple[_Shape, ...] = (Writer._choice, Writer._match, Writer._fallback, Writer._context)
_COMPOUND: Mapping[str, tuple[_Shape, ...]] = {
    "string": (*_ANY, Writer._operation),
    "number": (*_ANY, Writer._operation, Writer._operation, Writer._negation, Writer._sum),
    "bool": (*_ANY, Writer._comparison, Writer._comparison, Writer._junction, Writer._negation),
    "array": (*_ANY, Writer._array, Writer._loop, Writer._loop),
    "object": (*_ANY, Writer._object, Writer._object),
}


def mapping(rng: Random) -> str:
    """A mapping; one in five cares little about types."""
    return Writer(rng, rng.choice((0.03, 0.08, 0.08, 0.08, 0.5))).mapping()


def condition(rng: Random) -> str:
    """A condition."""
    return Writer(rng).expression("bool")
