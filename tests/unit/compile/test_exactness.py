"""Places where Python would quietly give another answer than the language."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conduix.mapping import parse_condition, parse_mapping, parse_remap
from conduix.mapping.inputs import JsonInput, RowsInput
from conduix.mapping.program import Program
from conduix.mapping.steps import FilterStep, MapStep, SampleStep, Step
from tests.unit.compile.held import OUT, Watched, check, json_input


def one(mapping: str, record: str) -> Any:
    """What a mapping makes of a record, however it is run: the record, or the text of the error."""
    outs, filtered, failed = check([MapStep("shape", parse_mapping(mapping))], record.encode() + b"\n")
    return outs[0][0] if outs[0] else failed[0][3] if failed else f"filtered {filtered}"


@pytest.mark.parametrize(
    ("expression", "record", "expected"),
    [
        ("this.a * this.b", '{"a":true,"b":2}', "cannot multiply types bool"),
        ("this.a * this.b", '{"a":"ab","b":2}', "cannot multiply types string"),
        ("this.a * this.b", '{"a":[1],"b":2}', "cannot multiply types array"),
        ("this.a + this.b", '{"a":[1],"b":[2]}', "cannot add types array"),
        ("this.a + this.b", '{"a":true,"b":true}', "cannot add types bool"),
        ("this.a + 1", '{"a":"1"}', "cannot add types string"),
        ("this.a < 3", '{"a":true}', "cannot compare types bool"),
        ("this.a < this.b", '{"a":[1],"b":[2]}', "cannot compare types array"),
        ('this.a < "b"', '{"a":["a"]}', "cannot compare types array"),
        ("this.a.round()", '{"a":true}', "expected number value, got bool"),
        ("-this.a", '{"a":false}', "cannot subtract types"),
        ("this.a.sum()", '{"a":[1,true]}', "expected number value, got bool"),
        ('this.a.join("-")', '{"a":"xy"}', "expected array value, got string"),
        ("this.a.uppercase()", '{"a":["x"]}', "expected string value, got array"),
        ("this.a * this.b", '{"a":9223372036854775807,"b":4}', "does not fit into 64 bits"),
        ("this.a - this.b", '{"a":-9223372036854775807,"b":9223372036854775807}', "does not fit into 64 bits"),
        ("this.a * this.b", '{"a":1e300,"b":1e300}', "not a finite number"),
        ("this.a / this.b", '{"a":1,"b":0}', "divide by zero"),
        ("this.a.b.c.uppercase()", '{"a":{"b":null}}', "expected string value, got null"),
        ("!this.a", '{"a":0}', "expected bool value, got number"),
        ("null.slice(0, 2) == this.a", '{"a":null}', "expected array or string value, got null"),
        ("null.uppercase()", "{}", "expected string value, got null"),
        ("this.a.uppercase().b", '{"a":5}', "expected string value, got number"),
    ],
)
def test_a_wrong_type_is_an_error(expression: str, record: str, expected: str) -> None:
    assert expected in one(f"root.x = {expression}", record)


@pytest.mark.parametrize(
    ("expression", "record", "expected"),
    [
        ("this.a * this.b", '{"a":1.5,"b":2}', "3"),
        ("this.a * this.b", '{"a":3037000500,"b":3037000500}', "9223372037000250000"),
        ("this.a + this.b", '{"a":9007199254740993,"b":1}', "9007199254740994"),
        ("this.a + 0.5", '{"a":9007199254740993}', "9007199254740992"),
        ("1 - this.a", '{"a":0.11}', "0.89"),
        ("this.a - this.b", '{"a":18446744073709551617,"b":18446744073709551616}', "0"),
        ("this.a / 4", '{"a":10}', "2.5"),
        ("this.a / 1", '{"a":9007199254740993}', "9007199254740992"),
        ("this.a.round()", '{"a":0.49999999999999994}', "0"),
        ("this.a.round()", '{"a":-2.5}', "-3"),
        ("this.a.floor()", '{"a":-2.5}', "-3"),
        ("this.a == 1", '{"a":true}', "true"),
        ("1 == this.a", '{"a":true}', "false"),
        ("this.a == true", '{"a":1}', "false"),
        ("this.a == this.b", '{"a":1,"b":1.0}', "true"),
        ("this.a == this.b", '{"a":true,"b":1}', "true"),
        ("this.a == this.b", '{"a":1,"b":true}', "false"),
        ("this.a == null", "{}", "true"),
        ('this.a == "x"', '{"a":["x"]}', "false"),
        ("this.a.length()", '{"a":"né"}', "3"),
        ("this.a.uppercase()", '{"a":"straße"}', '"STRAßE"'),
        ('["a", "1"].contains(this.a)', '{"a":1}', "false"),
        ("this.a.number()", '{"a":"12345678901234567"}', "12345678901234567"),
        ("this.a.number()", '{"a":"007"}', "7"),
        ("this.a.number().catch(-1)", '{"a":" 7"}', "-1"),
        ("this.a.number().catch(-1)", '{"a":"inf"}', "-1"),
        ("this.a.b | this.c", '{"a":"text","c":2}', "2"),
        ("this.a.0", '{"a":[7]}', "7"),
        ("this.a.uppercase().b", '{"a":"x"}', "null"),
        ("this.a.0", '{"a":{"0":8}}', "8"),
        ("this.a.sum()", '{"a":[0.1,0.2,0.3]}', "0.6000000000000001"),
        ("this.a.sum()", '{"a":[9007199254740993,9007199254740993]}', "18014398509481986"),
        ("this.a.sum()", '{"a":5}', "5"),
        ("this.a.map_each(x -> x.b)", '{"a":[{"b":1},null,5]}', "[1,null,null]"),
        ("this.a.map_each(i -> i.value)", '{"a":{"k":1}}', '{"k":1}'),
    ],
)
def test_values_are_exact(expression: str, record: str, expected: str) -> None:
    found = one(f"root.x = {expression}", record)
    assert isinstance(found, dict), found
    assert json.dumps(found["x"], ensure_ascii=False, separators=(",", ":")) == expected


@pytest.mark.parametrize(
    ("mapping", "record", "expected"),
    [
        ("root = this\nroot.a = this.b\nroot.b = this.a", '{"a":1,"b":2}', {"a": 2, "b": 1}),
        ("root = this\nroot.o.x = 9\nroot.b = this.o.x", '{"o":{"x":1,"y":2}}', {"o": {"x": 9, "y": 2}, "b": 1}),
        ("root.a = this.o\nroot.a.x = 9\nroot.b = this.o", '{"o":{"x":1}}', {"a": {"x": 9}, "b": {"x": 1}}),
        ("root.a = this.o\nroot.b = root.a\nroot.b.x = 9", '{"o":{"x":1}}', {"a": {"x": 1}, "b": {"x": 9}}),
        ("root = this\nroot.o.x = deleted()\nroot.was = this.o.x", '{"o":{"x":1}}', {"o": {}, "was": 1}),
        ("root = this\nroot.missing.x = deleted()", '{"a":1}', {"a": 1}),
        ("root = this\nroot.a.b = 1", '{"a":5}', "unable to set target path"),
        ("root.a = if this.a > 1 { this.a }", '{"a":1}', {"a": 1}),
        ('root.b = "x"\nroot.a = if this.a > 1 { this.a }', '{"a":1}', {"b": "x"}),
        ('root.b = "x"\nroot.b = if this.a > 1 { deleted() }', '{"a":2}', {}),
        ("root = if this.a > 1 { deleted() }", '{"a":2}', "filtered [1]"),
        ("root = if this.a > 1 { deleted() }", '{"a":1,"b":2}', {"a": 1, "b": 2}),
        ("root.x = 1\nroot = if this.a > 1 { deleted() } else { this }", '{"a":1}', {"a": 1}),
        ("if this.a > 1 { root.x = 1 } else { root.y = 2 }", '{"a":1}', {"y": 2}),
        ("if this.a > 1 { root.x = 1 }", '{"a":1}', {"a": 1}),
        ("let v = this.a\nroot.x = $v + $v", '{"a":1}', {"x": 2}),
        ("root.x = this.a.(v -> v + this.b)", '{"a":1,"b":2}', {"x": 3}),
        ("root.x = [this.a, deleted(), nothing(), 1]", "{}", {"x": [None, 1]}),
        ('root.x = {"a": this.a, "b": deleted()}', "{}", {"x": {"a": None}}),
        ("root = this.a", '{"a":"x"}', "x"),
        ("root = this", "[1]", [1]),
        ('root.a.b = 1\nroot.a.c = 2\nroot."d.e" = 3', "{}", {"a": {"b": 1, "c": 2}, "d.e": 3}),
        ('root.t = this.t.ts_parse("2006-01-02T15:04:05Z").ts_unix()', '{"t":"1969-12-31T23:59:59Z"}', {"t": -1}),
        ('root.t = this.t.ts_parse("2006-01-02")', '{"t":"2020-01-02"}', {"t": "2020-01-02T00:00:00Z"}),
        ('root.x = this.exists("a.b")', '{"a":{"b":null}}', {"x": True}),
        ('root.x = this.exists("a.b")', '{"a":null}', {"x": False}),
    ],
)  # fmt: skip
def test_statements(mapping: str, record: str, expected: Any) -> None:
    found = one(mapping, record)
    assert expected in found if isinstance(expected, str) and expected != found else found == expected


def test_reads_of_a_remap_see_what_was_written_before() -> None:
    tree = parse_remap(".a = .a + 1\n.b = .a\n.o.x = .b\n.c = .o.x\ndel(.a)")
    outs, _, _ = check([MapStep("edit", tree)], b'{"a":1,"o":{"y":0}}\n')
    assert outs == [[{"o": {"y": 0, "x": 2}, "b": 2, "c": 2}]]


def test_the_next_step_sees_what_the_one_before_made() -> None:
    chain: list[Step] = [
        MapStep("one", parse_mapping('root.day = this.t.ts_parse("2006-01-02")\nroot.n = this.n\nroot.o.x = this.n')),
        FilterStep("kept", parse_condition("this.n > 1")),
        MapStep("two", parse_mapping("root = this\nroot.kind = this.day.type()\nroot.o.y = this.o.x + 1")),
    ]
    outs, filtered, _ = check(chain, b'{"t":"2020-01-02","n":2}\n{"t":"2020-01-02","n":1}\n')
    assert outs == [[{"day": "2020-01-02T00:00:00Z", "n": 2, "o": {"x": 2, "y": 3}, "kind": "string"}]]
    assert filtered == [0, 1, 0]


EDITS = [
    "root = this\nroot.a = this.o\nroot.o.x = 9",
    "root = this\nroot.a = this.o\nroot.a.x = 9",
    "root = this\nlet v = this.o\nroot.o.x = 9\nroot.b = $v",
    "root = this\nroot.o.p.q = 1\nroot.o = this.s",
    "root = this\nroot.o = this.s\nroot.o.p = 1",
    "root = this\nroot.s = this.o.x\nroot.o.x = 9\nroot.o.y = this.s",
    "root = this\nroot.o.x = this.o.x + 1\nroot.n.m = 1\nroot.s = deleted()",
    "root = this\nroot.items = this.items.map_each(i -> i)\nroot.items.0.x = 5",
    "root = this\nroot.o.x = 2\nroot.o.z = this.o.x",
    "root = this\nroot.o.x = 2\nroot.all = this",
]


@pytest.mark.parametrize("second", EDITS)
@pytest.mark.parametrize("first", EDITS)
def test_edits_of_the_record_itself_are_never_seen_where_they_should_not_be(first: str, second: str) -> None:
    data = b'{"o":{"x":1,"p":{"q":0}},"s":{"t":1},"items":[{"x":1}]}\n{"o":5,"s":"s"}\n{"s":1}\n'
    check([MapStep("one", parse_mapping(first))], data)
    check([MapStep("one", parse_mapping(first)), MapStep("two", parse_mapping(second))], data)


REMAPS = [
    "v = .o\n.o.x = 9\n.b = v",
    ".b = .o\n.o.x = 9",
    ".b = .o\n.b.x = 9\n.c = .o.x",
    "if .n == 3 { .o.x = 5 } else { .z = 1 }\n.q = .o.x",
    "if .n == 3 { .o = .s }\n.o.t = 7\n.u = .s",
    ".o.p.q = .n\n.k = .o.p\n.k.r = 1\n.m = .o.p",
    ".a = del(.o)\n.b = exists(.o)",
    ". = .o\n.y = .x",
    "del(.o.p)\n.o.p.q = .o.x",
    '.x = to_string(.n) + "a"\n.y = upcase!(.x)',
]


@pytest.mark.parametrize("source", REMAPS)
def test_remaps_change_what_they_say_and_nothing_else(source: str) -> None:
    data = b'{"o":{"x":1,"p":{"q":0}},"s":{"t":1},"n":3}\n{"o":5,"s":"s"}\n{"s":1}\n[1]\n'
    check([MapStep("edit", parse_remap(source))], data)


@pytest.mark.parametrize(
    "expression",
    [
        'this.gone.ts_parse("2006-01-02T15:04:05Z").ts_unix()',
        "this.gone.uppercase()",
        "this.gone.slice(0, 1) == this.n",
        "this.gone.map_each(x -> x)",
        "this.gone.sum()",
        "this.gone.length()",
        "this.gone.deeper + 1",
    ],
)
def test_a_field_that_the_step_before_never_makes_is_null(expression: str) -> None:
    chain = [MapStep("one", parse_mapping("root.n = this.n")), MapStep("two", parse_mapping(f"root.x = {expression}"))]
    _, _, failed = check(chain, b'{"n":1,"gone":"2025-04-17T02:24:01Z"}\n')
    assert [step for _, step, _, _ in failed] == [1]


def test_an_error_of_a_step_counts_even_where_a_later_step_drops_the_record() -> None:
    chain: list[Step] = [
        MapStep("one", parse_mapping("root.n = this.n\nroot.s = this.s.uppercase()")),
        FilterStep("kept", parse_condition("this.n > 1")),
    ]
    _, filtered, failed = check(chain, b'{"n":0,"s":5}\n')
    assert filtered == [0, 0]
    assert [step for _, step, _, _ in failed] == [0]


@pytest.mark.parametrize(
    "bad", ['{"a":"x","n":1}', '{"a":{"b":[]},"n":1}', '{"a":{"b":{"c":1}},"n":"1"}', "[]", "nope", ""]
)
def test_a_record_that_does_not_fit_falls_back_alone(bad: str) -> None:
    good = b'{"a":{"b":{"c":1}},"n":1}\n'
    watched = Watched([MapStep("shape", parse_mapping("root.c = this.a.b.c\nroot.n = this.n + 1"))])
    made = watched.program.run(json_input(good * 50 + bad.encode() + b"\n" + good * 50), "s")
    assert len(made.outs[0]) in {100, 101}
    assert watched.asked <= 1


def test_when_most_records_do_not_fit_the_projection_is_given_up_and_nothing_else_changes() -> None:
    program = Watched([MapStep("shape", parse_mapping("root.c = this.a.b\nroot.n = this.n"))]).program
    odd = b'{"a":"x","n":1}\n' * 40
    first = program.run(json_input(odd), "s")
    assert program._by_whole
    assert program.run(json_input(odd), "s").outs == first.outs


def test_a_time_written_into_the_record_itself_leaves_as_text() -> None:
    assert one('root = this\nroot.t = this.n.ts_tz("UTC")', '{"n":1}') == {"n": 1, "t": "1970-01-01T00:00:01Z"}


@pytest.mark.parametrize("mapping", ["root.a = this.items", "root.n = this.n"])
def test_a_record_nested_too_deep_to_be_read_fails_alone(mapping: str) -> None:
    line = b'{"items":' + b"[" * 30_000 + b"]" * 30_000 + b',"n":1}\n'
    check([MapStep("shape", parse_mapping(mapping))], b'{"n":1,"items":2}\n' + line)


_OBJECT = b'{"n":1,"s":"x","o":{"a":1,"d":{"t":"x"}},"l":[1,{"a":2}]}\n'


@pytest.mark.parametrize(
    "text",
    [
        ".t = 1\n.y = .",
        ".o.s = 1\n.y = .\n.o.s = 2",
        ".o.s = 1\n.y = .o\n.o.s = 2",
        ".o.s = 1\nv = .o\n.o.s = 2\n.y = v",
        '.o.s = 1\n.y = {"k": [.o]}\n.o.s = 2',
        ".o.s = 1\n.y = if .n == 1 { .o } else { . }\n.o.s = 2",
        ".o.s = 1\nif .n == 1 { .y = .o } else { .y = 2 }\n.o.s = 3",
        ".y.a = 1\n.y = .o\n.y.b = 2",
        ".y.a = 1\ndel(.y)\n.y.b = 2",
        ".o.d.t = 5\nv = .o.d\ndel(.o.d.t)\n.v = v",
        ".o.s = 1\n.o.z = .o\n.o.z.q = 4",
    ],
)
def test_what_a_remap_puts_elsewhere_does_not_change_with_later_writes(text: str) -> None:
    check([MapStep("shape", parse_remap(text))], _OBJECT)


@pytest.mark.parametrize(
    "text",
    [
        "root = this\nroot.t = 1\nroot.x = root",
        "root = this\nroot.o.s = 1\nroot.c = root.o\nroot.o.s = 2",
        "root = this.o\nroot.d.t = this.n\nlet v = root.d\nroot.d.t = 2\nroot.e = $v",
        "root = this\nroot.y.a = 1\nroot.y = this.o\nroot.z = this.o\nroot.y.b = 2",
        "root = this.o\nroot.s = this.n\nroot.x = [root, root]\nroot.s = 5",
    ],
)
def test_what_a_mapping_reads_of_its_root_does_not_change_with_later_writes(text: str) -> None:
    check([MapStep("shape", parse_mapping(text))], _OBJECT)


def test_failures_are_those_of_their_own_records_where_nobody_reads_the_records() -> None:
    sample = SampleStep("sample", 0.5, seed=7)
    steps: list[Step] = [sample, MapStep("shape", parse_mapping('root.a = "x".string().parse_json()'))]
    program = Program(steps, OUT, RowsInput)
    made = program.run(RowsInput([{"n": n} for n in range(8)], lambda: range(8)), "s")
    places = [index for index, _ in made.failed]
    assert places == sorted(set(places))
    assert len(places) + made.filtered[0] == 8


@pytest.mark.parametrize(
    "text", ['root.a = this.items\nroot.b = throw("no")', "root = this\nroot.o.a = this.items", "root = this"]
)
def test_no_depth_of_a_record_ends_a_batch(text: str) -> None:
    for depth in range(900, 1001):
        line = b'{"items":' + b"[" * depth + b"]" * depth + b',"n":1}\n'
        program = Program([MapStep("shape", parse_mapping(text))], OUT, JsonInput)
        made = program.run(json_input(line), "s")
        assert len(made.outs[0]) + len(made.failed) == 1
