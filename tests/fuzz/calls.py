"""The target that calls every declared function with every kind of value, in every pair of places."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC
from functools import cache
from random import Random
from typing import Any

from conduix.errors import MappingError, MappingSyntaxError
from conduix.mapping import is_deterministic, parse_condition, parse_mapping, tree
from conduix.mapping.compiler.results import result_types
from conduix.mapping.compiler.values import types_of
from conduix.mapping.functions import find
from conduix.mapping.functions.declare import REQUIRED, Function
from conduix.mapping.interpret import Interpreter, evaluate
from conduix.mapping.steps import MapStep
from conduix.mapping.tree import Expr
from conduix.mapping.values import Timestamp, encode_json
from tests.fuzz import learned
from tests.fuzz.draw import TEXTS
from tests.fuzz.target import Case, Fault, Target
from tests.fuzz.ways import data_of, held

VALUES: Sequence[str] = (
    "null", "true", "false", "0", "1", "-1", "2.5", "-0.0", "9007199254740993", "9223372036854775807",
    "18446744073709551615", "-9223372036854775808", "1e300", "5e-324", '""', '"a"', '"a b"', '"12"', '"-1.5"',
    '"é\\u2028"', '"\\u0000"', '"{\\"a\\":1}"', '"2020-08-14T05:54:23Z"', '"%Y"', '"$.a"', '"("', '"UTC"', '"gzip"',
    "[]", "[1,2,3]", '["b","a",null]', '[[1],{"a":1},"x"]', "{}", '{"a":1}', '{"a":{"b":[1,"x"]},"0":null}',
    '[{"k":1,"v":2}]', "[1.5,-0.0,9223372036854775807]", '"\\ud800"', "[true]",
)  # fmt: skip
"""One of each kind and at each edge, as JSON."""
SPECIAL = ("this.a.bytes()", 'this.a.ts_tz("UTC")', "deleted()", "nothing()", "this.nowhere")
"""What JSON cannot write."""


@cache
def shapes() -> Sequence[tuple[Function, int, int]]:
    """Every function, number of arguments, and place of the argument that is tried; -1: none is."""
    found: list[tuple[Function, int, int]] = []
    for function in learned.functions():
        most = 2 if function.variadic else len(function.parameters)
        least = 0 if function.variadic else sum(p.default is REQUIRED for p in function.parameters)
        for count in range(least, most + 1):
            found += [(function, count, place) for place in range(count)] or [(function, count, -1)]
    return tuple(found)


def _draw(rng: Random, number: int) -> Case:
    """One shape after the other, with every value as target; the argument tried runs through all values by rounds."""
    function, count, place = shapes()[number % len(shapes())]
    round_ = number // len(shapes())
    arguments = ["this.x" if at == place else rng.choice(_sensible(rng, function, at)) for at in range(count)]
    target = rng.choice(SPECIAL) if round_ % 7 == 6 else "this.a"
    if function.kind == "method" and function.name in {"[:]", "[]"}:
        arguments += ["null"] * ((2 if function.name == "[:]" else 1) - count)
    call = learned.written(function, f"({target})", arguments)
    tried = VALUES[round_ % len(VALUES)] if place >= 0 else "null"
    if rng.random() < 0.2:
        call = call.replace("this.x", tried)  # as a constant it goes another way through checker and compiler
    lines = [f'{{"a":{value},"x":{tried}}}' for value in VALUES]
    if rng.random() < 0.3:
        lines += [f'{{"a":{_quoted(text)},"x":{tried}}}' for text in TEXTS]
    return {"text": f"root.r = {call}", "lines": [line.encode("utf-8").decode("latin-1") for line in lines]}


def _sensible(rng: Random, function: Function, at: int) -> Sequence[str]:
    if function.variadic:
        return VALUES
    parameter = function.parameters[at]
    if parameter.kind == "query" and rng.random() < 0.5:
        return ("this", "i -> i", "i -> i == 1", "i -> deleted()", 'i -> throw("no")', "i -> i.a", "i -> i.uppercase()")
    return learned.literals(parameter)


def _quoted(text: str) -> str:
    return encode_json(text).decode()


def _run(case: Case) -> str:
    try:
        mapping = parse_mapping(case["text"])
    except MappingSyntaxError:
        return "refused"
    if is_deterministic(mapping):
        outs, _, _ = held([MapStep("m", mapping)], data_of(case["lines"]))
        return "came out" if outs[0] else "failed"
    return _by_interpreter(Interpreter(mapping), data_of(case["lines"]))


def _by_interpreter(interpreter: Interpreter, data: bytes) -> str:
    """Functions that give something else each time: no error but the language's."""
    from tests.fuzz.ways import of_lines

    given = of_lines(data)
    ran = "failed"
    for index in range(given.count):
        try:
            encode_json(interpreter.run(given.whole(index)).value)
            ran = "came out"
        except MappingError:
            continue
    return ran


def _draw_types(rng: Random, number: int) -> Case:
    """One method after the other, with constants."""
    methods = [f for f in learned.functions() if f.kind == "method" and not f.scope and not f.lazy]
    function = methods[number % len(methods)]
    return {"name": function.name, "text": learned.written(function, "this", learned.drawn_literals(rng, function))}


def _run_types(case: Case) -> str:
    """What the compiler takes to be the type of a result must be it."""
    function = find("method", case["name"])
    try:
        expression = parse_condition(case["text"])
    except MappingSyntaxError:
        return "refused"
    if function is None or not isinstance(expression, tree.Method) or expression.name != case["name"]:
        return "rewritten"
    return "as said" if sum(_is_of_type(function, expression, target) for target in _targets()) else "failed"


@cache
def _targets() -> Sequence[Any]:
    values = [json.loads(value) for value in VALUES if "ud800" not in value]
    return (*values, b"ab", b"\xff", Timestamp(10**18, UTC))


def _is_of_type(function: Function, expression: Expr, target: Any) -> bool:
    try:
        value = evaluate(expression, target)
    except MappingError:
        return False
    types = result_types(function, types_of(target))
    if types_of(value) & ~types:
        raise Fault("a result is of another type than the compiler takes it for", f"{target!r}: {value!r}, not {types}")
    return True


TARGETS: Sequence[Target] = (
    Target("types", "what the compiler takes for the types of results", _draw_types, _run_types, 1),
    Target("calls", "every function with every kind of value, pair by pair", _draw, _run, 6, 20.0),
)
