"""Every example of every declared function is true, and every declaration is complete."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from conduix.mapping import parse_mapping, parse_remap, registry
from conduix.mapping.functions import find, table
from conduix.mapping.functions.declare import REMAP, REQUIRED, Example, Function
from conduix.mapping.functions.remap import table as remap_table
from conduix.mapping.interpret import Interpreter
from conduix.mapping.steps import MapStep
from conduix.mapping.values import plain
from tests.unit.compile.held import check
from tests.unit.mapping.run import out, same

_REMAPS = [function for function in remap_table().values() if function.alias_of is None]
_ALL = [*registry(), *_REMAPS]
_EXAMPLES = [
    pytest.param(function, example, id=f"{function.kind}-{function.name}-{number}")
    for function in _ALL
    for number, example in enumerate(function.examples)
]


@pytest.mark.parametrize(("function", "example"), _EXAMPLES)
def test_an_example_gives_what_it_says(function: Function, example: Example) -> None:
    assert same(_result(function, example.mapping, json.loads(example.input)), json.loads(example.output))


@pytest.mark.parametrize(("function", "example"), _EXAMPLES)
def test_an_example_gives_the_same_compiled(function: Function, example: Example) -> None:
    tree = parse_remap(example.mapping) if function.name.startswith(REMAP) else parse_mapping(example.mapping)
    line = json.dumps(json.loads(example.input)).encode()
    check([MapStep("example", tree)], line + b"\n")


def _result(function: Function, text: str, value: Any) -> Any:
    if not function.name.startswith(REMAP):
        return out(text, value)
    return plain(Interpreter(parse_remap(text)).run(value).value)


@pytest.mark.parametrize("function", _ALL, ids=lambda function: f"{function.kind}-{function.name}")
def test_a_declaration_is_complete(function: Function) -> None:
    assert function.doc.endswith(".")
    assert function.implementation.__doc__
    assert function.examples or not function.deterministic, "a function that always gives the same has an example"
    optional = [parameter.default is not REQUIRED for parameter in function.parameters]
    assert optional == sorted(optional), "parameters that may be left out come last"
    for parameter in function.parameters:
        assert re.fullmatch("[a-z][a-z0-9_]*", parameter.name)
        assert parameter.doc.endswith(".")


def test_an_alias_is_found_but_not_listed() -> None:
    alias = find("method", "format_timestamp")
    assert alias is not None
    assert alias.alias_of == "ts_format"
    assert "format_timestamp" not in {function.name for function in registry()}


def test_kinds_and_names_are_the_keys_of_the_table() -> None:
    assert all(key == (function.kind, function.name) for key, function in table().items())


def test_a_prepared_function_does_what_the_plain_one_does() -> None:
    for function in registry():
        for example in function.examples if function.prepare else ():
            value = json.loads(example.input)
            constant = example.mapping.replace("root.a = this.a", "root.a = this.a", 1)
            assert same(out(constant, value), json.loads(example.output))


def test_specialise_reads_the_arguments_once() -> None:
    uppercase, trim = find("method", "uppercase"), find("method", "trim")
    parse = find("method", "ts_parse")
    assert uppercase is not None
    assert trim is not None
    assert parse is not None
    assert uppercase.specialise(())("a") == "A"
    assert trim.specialise((b"!",))("!a!") == "a"
    assert parse.specialise(("2006-01-02",))("1970-01-02").nanos == 86_400 * 10**9
