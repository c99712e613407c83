"""Texts with `${! … }` in them."""

from __future__ import annotations

from typing import Any

import pytest

from conduix.errors import MappingError, MappingSyntaxError
from conduix.mapping import parse_template, tree
from conduix.mapping.interpret import evaluate
from conduix.mapping.steps import MapStep
from tests.unit.compile.held import check

RECORD: dict[str, Any] = {"id": 7, "name": "é", "none": None, "o": {"a": [1, 2.0]}}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("plain", "plain"), ("", ""), ("$ {} ${VAR} $!", "$ {} ${VAR} $!"),
        ("orders-${! this.id }", "orders-7"), ("${!this.id}${! .name.uppercase() }.", "7É."),
        ("${! this.none }|${! this.gone }", "null|null"), ("${! this.o }", '{"a":[1,2]}'),
        ('${! this.gone | "}" }', "}"), ('${! {"a": {"b": this.id}}.a.b }', "7"),
        ('${! """a}b""" }', "a}b"), ('${! "\\"}" }', '"}'), ('${! @topic.or("none") }', "none"),
        ("${{! this.id }}", "${! this.id }"), ("${{! this.id }}-${! this.id }", "${! this.id }-7"),
        ("first\n${! this.id\n }\nlast", "first\n7\nlast"), ("${! this.id }}", "7}"),
    ],
)  # fmt: skip
def test_a_text(text: str, result: str) -> None:
    assert evaluate(parse_template(text), RECORD) == result


def test_a_text_without_expressions_is_a_constant() -> None:
    found = parse_template("a-${{! b }}")
    assert isinstance(found, tree.Literal)
    assert found.value == "a-${! b }"


def test_it_gives_the_same_compiled() -> None:
    value = parse_template("${! this.id.not_null() }-${! this.name }/${! counter() > 0 }")
    assign = tree.Assign(tree.Target("root", ("path",), value.mark), value, value.mark)
    outs, _, failed = check(
        [MapStep("s", tree.Mapping((assign,), (), "", in_place=False))], b'{"id":1,"name":"a"}\n{"id":2}\n{}\n'
    )
    assert outs == [[{"path": "1-a/true"}, {"path": "2-null/true"}]]
    assert [index for index, *_ in failed] == [2]


def test_what_fails_fails_the_record() -> None:
    with pytest.raises(MappingError, match="is not a number") as caught:
        evaluate(parse_template("a\n  ${! this.name.number() }"), RECORD)
    assert (caught.value.line, caught.value.column) == (2, 17)


@pytest.mark.parametrize(
    ("text", "line", "column", "part"),
    [
        ("a ${! this.id", 1, 6, "is never closed: write `}`"),
        ('${! "} ', 1, 4, "is never closed"),
        ("${{! this.id }", 1, 5, "is never closed: write `}}`"),
        ("x\n${!  }", 2, 4, "`${! }` is empty"),
        ("x\n ${! this.upper() }", 2, 11, "in `${! this.upper() }`: unrecognised method 'upper'"),
        ("${! this.a this.b }", 1, 12, "in `${! this.a this.b }`"),
    ],
)
def test_a_wrong_text(text: str, line: int, column: int, part: str) -> None:
    with pytest.raises(MappingSyntaxError) as caught:
        parse_template(text)
    assert part in caught.value.message
    assert (caught.value.line, caught.value.column) == (line, column)
