"""Whatever a mapping does, it ends soon and within bounds."""

from __future__ import annotations

from typing import Any

import pytest

from conduix.errors import MappingError, MappingSyntaxError
from conduix.mapping import parse_condition, parse_mapping, parse_remap
from conduix.mapping.inputs import JsonInput
from conduix.mapping.interpret import MAX_RECURSION, Interpreter, evaluate
from conduix.mapping.program import Program
from conduix.mapping.steps import MapStep
from tests.unit.mapping.run import ev, out

DOWN = 'map down { root = if this <= 0 { "done" } else { (this - 1).apply("down") } }\nroot = this.apply("down")'


def test_maps_recurse_500_deep_and_no_deeper() -> None:
    assert out(DOWN, MAX_RECURSION - 1) == "done"
    with pytest.raises(MappingError, match="exceeded maximum allowed stacks of 500"):
        out(DOWN, MAX_RECURSION)


def test_two_maps_that_call_each_other_end_too() -> None:
    with pytest.raises(MappingError, match="exceeded maximum allowed stacks"):
        out('map a { root = this.apply("b") }\nmap b { root = this.apply("a") }\nroot = this.apply("a")')


def test_loops_within_loops_run_out_of_steps() -> None:
    with pytest.raises(MappingError, match="took more than 2000000 steps"):
        ev("range(0, 1000000).map_each(range(0, 1000000))")


@pytest.mark.parametrize(
    "expression",
    [
        "this.l.map_each(x -> this.l.map_each(y -> this.l.map_each(z -> x * y * z).sum()).sum()).sum()",
        "this.l.sort_by(x -> this.l.sort_by(y -> this.l.fold(0, i -> i.tally + x * y)).length())",
        "this.l.map_each(x -> range(0, 1000000)).length()",
        "this.l.map_each(x -> (range(0, 100000) | []).filter(y -> y > x)).length()",
    ],
)
@pytest.mark.slow
@pytest.mark.timeout(60)
def test_compiled_loops_within_loops_end_too(expression: str) -> None:
    step = MapStep("m", parse_mapping(f"root.r = {expression}"))
    data = b'{"l":[%s]}\n' % b",".join(b"%d" % n for n in range(1000))
    made = Program([step], {"out": "jsonl"}, JsonInput).run(JsonInput(data, lambda: range(1)), "s")
    [(_, failure)] = made.failed
    assert "took more than 2000000 steps" in failure.message


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('"a".repeat(9999999).repeat(9999999)', None),
        ("this.map_each(x -> this).map_each(x -> x.string()).join(this.0)", ["x" * 100_000] * 200),
        ('this.replace_all("", this)', "ab" * 3000),
        ('this.re_replace_all("a", this)', "a" * 5000),
        ("range(0, 9000000000)", None),
        ("this + this", "x" * 6_000_000),
        ('this.decode("hex").decompress("zlib").length()', "789c" + "ff" * 10),
    ],
)
def test_giants_are_refused(expression: str, value: Any) -> None:
    with pytest.raises(MappingError):
        ev(expression, value)


def test_a_zip_bomb_is_refused() -> None:
    with pytest.raises(MappingError, match="the limit is 10000000"):
        ev('this.repeat(9000000).compress("zlib").bytes().decompress("zlib").string().repeat(2)', "x")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("this.strip_html()", "<!--" * 100_000),
        ("this.strip_html()", "<script>" * 100_000),
        ("this.strip_html()", "<a" * 100_000),
        ("this.parse_xml() | 1", "<!" + "a" * 500_000),
        ("this.parse_xml() | 1", "<a " * 100_000),
        ('this.re_replace_all("(a*)*$", "x")', "a" * 100_000 + "b"),
        ('this.re_match("(x+x+)+y")', "x" * 100_000),
        ("this.parse_csv() | 1", '"' + "a," * 100_000),
        ("this.parse_url() | 1", "http://" + "a@" * 100_000),
        ("this.parse_json() | 1", "[" * 100_000),
        ("this.parse_duration() | 1", "1h" * 50_000),
        ("this.parse_duration_iso8601() | 1", "P" + "1" * 100_000),
        ("this.number() | 1", "9" * 100_000),
        ("this.int64() | 1", "9" * 100_000),
        ("this.ts_parse(this) | 1", "2" * 100_000),
        ("this.ts_strftime(this) | 1", "%" * 100_000),
        ("this.format(1).length()", "%v" * 20_000),
        ('this.json_path("$" + this) | 1', "." * 100_000),
        ("this.unquote() | 1", '"' + "\\" * 100_000),
    ],
)
@pytest.mark.timeout(20)
def test_hostile_texts_take_linear_time(expression: str, value: Any) -> None:
    ev(expression, value)


@pytest.mark.parametrize("text", ["(" * 100_000, "[" * 100_000, "root = " + "!" * 5000 + "this.a",
"root = " + "-" * 5000 + "this.a",
                                  "root = this" + ".a" * 5000, "root = a" + " | a" * 5000,
                                  "root = " + "if a { " * 150 + "1" + " }" * 150 + " + " * 2,
                                  "root = " + "x -> " * 3, "root = " + "{" * 199 + "}" * 199, "root = " + "9" * 100_000,
                                  'root = "' + "\\x41" * 100_000, "root = " + '"""' * 9999, "#" * 100_000])  # fmt: skip
@pytest.mark.timeout(20)
def test_hostile_mappings_are_refused_soon(text: str) -> None:
    for parse in (parse_mapping, parse_condition, parse_remap):
        with pytest.raises(MappingSyntaxError):
            parse(text)


def test_deep_values_are_no_crash() -> None:
    deep: Any = 1
    for _ in range(900):
        deep = [deep]
    for expression in (
        "this.string().length() > 0",
        "this == this",
        "this.flatten().length()",
        "this.collapse().keys().length()",
    ):
        with_result = _value_or_error(expression, deep)
        assert with_result in {"value", "error"}
    assert Interpreter(parse_mapping("root = this")).run(deep).value == deep


def _value_or_error(expression: str, value: Any) -> str:
    try:
        evaluate(parse_condition(expression), value)
    except MappingError:
        return "error"
    return "value"


def test_no_name_reaches_python() -> None:
    for text in ("this.__class__", "this.__class__.__mro__", '"a".__len__', "$__builtins__ | 1", "@__dict__"):
        assert ev(text, {}) in {None, 1}
    for text in ('eval("1")', '__import__("os")', "this.__class__()", 'open("/etc/passwd")'):
        with pytest.raises(MappingSyntaxError, match="unrecognised"):
            parse_condition(text)


def test_a_remap_as_deep_as_no_mapping_may_be_is_refused() -> None:
    with pytest.raises(MappingSyntaxError, match="nested deeper than 400"):
        parse_remap(".a = " + ".".join("a" * 2000))
