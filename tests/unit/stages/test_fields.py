"""Stages that change fields: default, cast, merge, flatten, timestamp."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from conduix.errors import MappingError
from tests.unit.compile.held import check
from tests.unit.stages.bench import apply, batch, failures, lines_of, steps, stretch, values_of

# default


def test_default_fills_what_is_missing_or_null_and_makes_the_objects_on_the_way() -> None:
    options = {"fields": {"status": "new", "customer.tags": ["x"], "n": 0}}
    given = [{"n": 5, "status": None}, {"customer": {"id": 1}, "n": False}, {"customer": {"tags": []}}]
    assert values_of(apply("default", options, *given)) == [
        {"n": 5, "status": "new", "customer": {"tags": ["x"]}},
        {"customer": {"id": 1, "tags": ["x"]}, "n": False, "status": "new"},
        {"customer": {"tags": []}, "status": "new", "n": 0},
    ]


def test_default_may_leave_null_as_it_is() -> None:
    output = apply("default", {"fields": {"a": 1, "b.c": 2}, "nulls": False}, {"a": None}, {"b": {"c": None}})
    assert values_of(output) == [{"a": None, "b": {"c": 2}}, {"b": {"c": None}, "a": 1}]


def test_a_default_inside_of_what_is_no_object_fails_the_record() -> None:
    output = apply("default", {"fields": {"o.x": 1}}, {"o": 5}, {})
    assert values_of(output) == [{"o": {"x": 1}}]
    assert [letter.payload for letter in output.dead] == [b'{"o":5}']


# cast


@pytest.mark.parametrize(
    ("kind", "given", "made"),
    [
        ("int", "12", 12),
        ("int", " -7 ", -7),
        ("int", 3.0, 3),
        ("int", 2**63 - 1, 2**63 - 1),
        ("number", "1.50", 1.5),
        ("number", "1e3", 1000),
        ("number", ".5", 0.5),
        ("number", "9007199254740993", 9007199254740993),
        ("number", 7, 7),
        ("string", 7, "7"),
        ("string", 1.5, "1.5"),
        ("string", True, "true"),
        ("string", {"a": [1]}, '{"a":[1]}'),
        ("bool", "Yes", True),
        ("bool", "0", False),
        ("bool", 1, True),
        ("bool", False, False),
        ("timestamp", 5, "1970-01-01T00:00:05Z"),
        ("timestamp", "2013-01-01T05:15:00-05:00", "2013-01-01T05:15:00-05:00"),
    ],
)
def test_cast(kind: str, given: Any, made: Any) -> None:
    (record,) = values_of(apply("cast", {"fields": {"a.b": kind}}, {"a": {"b": given}}))
    assert json.dumps(record) == json.dumps({"a": {"b": made}})


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("int", "1.5"), ("int", "0x10"), ("int", "1_000"), ("int", ""), ("int", True), ("int", 1.5), ("int", [1]),
        ("int", str(2**63)), ("int", "9" * 5000), ("int", "\u0661"),
        ("number", "nan"), ("number", "inf"), ("number", "1e999"), ("number", "1,5"), ("number", "."), ("number", {}),
        ("bool", "on it"), ("bool", 2), ("bool", []), ("timestamp", "yesterday"), ("timestamp", True),
        ("timestamp", 1e300),
    ],
)  # fmt: skip
def test_what_cannot_be_cast_is_a_letter_that_names_field_value_and_expectation(kind: str, given: Any) -> None:
    output = apply("cast", {"fields": {"a.b": kind}}, {"a": {"b": given}}, {"a": {}})
    assert values_of(output) == [{"a": {}}]
    (letter,) = output.dead
    assert letter.code == "RECORD_INVALID"
    assert letter.message.startswith("a.b: ")
    assert f" is no {kind}: " in letter.message
    assert "expected" in letter.message
    assert len(letter.message) < 250


def test_casts_keep_what_is_missing_and_null_and_read_words_for_null() -> None:
    options = {"fields": {"year": "int", "o.x": "number"}, "nulls": ["NA", ""]}
    given = [{"year": "NA"}, {"year": None, "o": {"x": ""}}, {"o": {}}, {"o": 5}]
    assert values_of(apply("cast", options, *given)) == [
        {"year": None},
        {"year": None, "o": {"x": None}},
        {"o": {}},
        {"o": 5},
    ]


# merge


def test_merge_puts_the_fields_of_objects_at_the_top_the_later_ones_win() -> None:
    given = {"id": 1, "a": {"x": 1, "o": {"p": 1, "q": 1}}, "b": {"x": 2, "o": {"q": 2}}}
    assert lines_of(apply("merge", {"fields": ["a", "b"]}, given, {"id": 2, "b": {"id": 3}})) == (
        b'{"id":1,"x":2,"o":{"p":1,"q":2}}\n{"id":3}\n'
    )


def test_merge_into_a_field_and_keeping_what_was_merged() -> None:
    options = {"fields": ["a", "b"], "into": "all.of", "keep": True}
    assert values_of(apply("merge", options, {"a": {"x": 1}, "b": {"y": 2}})) == [
        {"a": {"x": 1}, "b": {"y": 2}, "all": {"of": {"x": 1, "y": 2}}}
    ]


def test_merge_joins_texts_and_numbers() -> None:
    options = {"fields": ["year", "month", "o.day"], "into": "date", "separator": "-"}
    given = [{"year": 2013, "month": "01", "o": {"day": True}}, {"month": None, "year": 1}, {"z": 0}]
    assert values_of(apply("merge", options, *given)) == [{"o": {}, "date": "2013-01-true"}, {"date": "1"}, {"z": 0}]


@pytest.mark.parametrize("more", [{}, {"into": "c"}, {"into": "c", "separator": ""}])
def test_what_cannot_be_merged_is_a_letter_and_nothing_of_it_is_lost(more: dict[str, Any]) -> None:
    bad: Any = [1] if "separator" in more else 5
    output = apply("merge", {"fields": ["a", "b"], **more}, {"a": bad, "b": {}})
    assert values_of(output) == []
    assert [json.loads(letter.payload) for letter in output.dead] == [{"a": bad, "b": {}}]
    assert output.dead[0].code == "RECORD_INVALID"


# flatten


def test_flatten_lays_everything_out_at_the_top() -> None:
    given = {"a": {"b": {"c": 1}, "e": {}}, "t": [{"x": 1}], "n": None}
    assert lines_of(apply("flatten", {}, given)) == b'{"a_b_c":1,"a_e":{},"t":[{"x":1}],"n":null}\n'
    assert values_of(apply("flatten", {"arrays": "index", "separator": "."}, given)) == [
        {"a.b.c": 1, "a.e": {}, "t.0.x": 1, "n": None}
    ]


def test_flatten_one_field_so_many_levels() -> None:
    options = {"field": "a", "depth": 1}
    given = [{"a": {"b": {"c": {"d": 1}}}, "z": {"y": 1}}, {"z": 1}, {"a": None}]
    assert values_of(apply("flatten", options, *given)) == [
        {"a": {"b_c": {"d": 1}}, "z": {"y": 1}},
        {"z": 1},
        {"a": None},
    ]


def test_two_fields_of_the_same_name_and_what_is_no_object_are_letters() -> None:
    output = apply("flatten", {}, {"a_b": 1, "a": {"b": 2}}, [1], {"ok": 1})
    assert values_of(output) == [{"ok": 1}]
    assert failures(output) == [
        "two fields would be called a_b; choose another separator",
        "the record is array, an object is expected",
    ]


def test_a_record_nested_too_deep_to_flatten_is_a_letter() -> None:
    deep = b'{"a":' * 900 + b"1" + b"}" * 900
    output = stretch("flatten", {}).apply(batch(deep + b'\n{"ok":1}\n'))
    assert len(values_of(output)) + len(output.dead) == 2
    assert {"ok": 1} in values_of(output)


# timestamp


@pytest.mark.parametrize(
    ("options", "given", "made"),
    [
        ({}, "2013-01-01T05:15:00-05:00", "2013-01-01T10:15:00Z"),
        ({"formats": ["%d/%m/%Y", "%Y-%m-%d %H:%M:%S"]}, "2013-07-01 05:15:09", "2013-07-01T05:15:09Z"),
        ({"formats": ["%Y-%m-%d %H:%M"], "zone": "America/New_York"}, "2013-07-01 05:15", "2013-07-01T09:15:00Z"),
        ({"formats": ["%Y-%m-%d %H:%M"], "zone": "America/New_York"}, "2013-01-01 05:15", "2013-01-01T10:15:00Z"),
        (
            {"formats": ["%Y-%m-%dT%H:%M%z"], "zone": "America/New_York"},
            "2013-01-01T05:15+0100",
            "2013-01-01T04:15:00Z",
        ),
        ({"unit": "ms"}, 1500, "1970-01-01T00:00:01.5Z"),
        ({"unit": "ns"}, 10**18 + 1, "2001-09-09T01:46:40.000000001Z"),
        ({"output": "unix"}, "1970-01-01T00:01:00Z", 60),
        ({"output": "unix_ms"}, 1.5, 1500),
        ({"output": "unix_us"}, 1, 1_000_000),
        ({"output": "unix_ns"}, 1, 1_000_000_000),
    ],
)
def test_timestamp_reads_a_field(options: dict[str, Any], given: Any, made: Any) -> None:
    output = apply("timestamp", {"field": "at", "into": "o.t", **options}, {"at": given}, {"at": None}, {})
    assert values_of(output) == [{"at": given, "o": {"t": made}}, {"at": None}, {}]


@pytest.mark.parametrize(
    ("options", "given", "said"),
    [
        ({}, "soon", 'at: "soon" is no time: RFC 3339, such as 2026-01-31T12:00:00Z, is expected, or a number in s'),
        (
            {"formats": ["%Y", "%m"]},
            "soon",
            'at: "soon" is no time: a text such as %Y or %m is expected, or a number in s',
        ),
        ({"unit": "ms"}, True, "at: true is no time"),
        ({}, 1e18, "at: 1000000000000000000 is no time"),
        ({}, [], "at: an array is no time"),
    ],
)
def test_what_is_no_time_is_a_letter(options: dict[str, Any], given: Any, said: str) -> None:
    (message,) = failures(apply("timestamp", {"field": "at", **options}, {"at": given}))
    assert message.startswith(said)


@pytest.mark.parametrize(("output", "scale"), [("unix", 1), ("unix_ms", 1e3), ("unix_us", 1e6), ("unix_ns", 1e9)])
def test_without_a_field_it_is_the_time_of_processing(output: str, scale: float) -> None:
    before = datetime.now(UTC)
    (number,) = values_of(apply("timestamp", {"into": "at", "output": output}, {}))
    (text,) = values_of(apply("timestamp", {}, {}))
    after = datetime.now(UTC)
    assert int(before.timestamp()) <= number["at"] / scale <= after.timestamp()
    assert before <= datetime.fromisoformat(text["timestamp"][:26] + "+00:00") <= after


# all of them

STAGES: list[tuple[str, dict[str, Any]]] = [
    ("default", {"fields": {"a": 1, "o.p": None, "o.q": {"z": 1}}}),
    ("default", {"fields": {"a": 1, "o.p": 2}, "nulls": False}),
    ("cast", {"fields": {"a": "int", "o.p": "number", "s": "bool"}, "nulls": ["x"]}),
    ("merge", {"fields": ["o", "s"]}),
    ("merge", {"fields": ["a", "s"], "into": "o.j", "separator": "/"}),
    ("flatten", {"arrays": "index"}),
    ("flatten", {"field": "o"}),
    ("timestamp", {"field": "a", "output": "unix"}),
    ("mask", {"fields": ["a", "o.p", "s"], "first": 1}),
    ("mask", {"fields": ["a", "o"], "method": "hash", "key": "k"}),
    ("delete", {"condition": "this.a > 1", "mode": "soft"}),
    ("delete", {"condition": "this.a > 1"}),
    ("validate", {"schema": {"properties": {"a": {"type": "number"}, "o": {"required": ["p"]}}}}),
]
LINES = b"".join(
    json.dumps(record).encode() + b"\n"
    for record in [
        {}, {"a": 1}, {"a": "1", "s": "x"}, {"a": None, "s": None, "o": None}, {"o": {}}, {"o": {"p": "7"}, "a": 2},
        {"o": {"p": [1, {"q": 2}]}, "s": {"t": 1}, "a": 1.5}, {"s": "yes", "a": "y"}, {"o": 5}, [1, 2], "text", 7, None,
        {"a": [], "o": {"j": {"k": 1}}, "z": [[{"y": 1}]]}, {"a": True, "o": {"p": "x"}}, {"a": "2013-01-01T00:00:00Z"},
    ]
)  # fmt: skip


@pytest.mark.parametrize(("stage", "options"), STAGES)
def test_compiled_stages_do_what_the_reference_does(stage: str, options: dict[str, Any]) -> None:
    check(steps(stage, options), LINES)
    check([*steps(stage, options, when="this.a != 1"), *steps("default", {"fields": {"late": 1}})], LINES)


@pytest.mark.parametrize(("stage", "options"), [each for each in STAGES if each[0] != "mask"])  # nothing fails in it
def test_each_policy_of_a_stage_keeps_its_word(stage: str, options: dict[str, Any]) -> None:
    arrived = LINES.count(b"\n")
    dead = stretch(stage, options, node="n").apply(batch(LINES))
    assert dead.dead
    bad = len(dead.dead)
    dropped = stretch(stage, options, node="n", on_error="drop").apply(batch(LINES))
    assert values_of(dropped) == values_of(dead)
    assert dropped.counts["n"].filtered == dead.counts["n"].filtered + bad
    passed = stretch(stage, options, node="n", on_error="pass").apply(batch(LINES))
    assert passed.dead == []
    assert passed.counts["n"].passed == dead.counts["n"].passed + bad
    assert {letter.payload for letter in dead.dead} <= {
        line.replace(b" ", b"") for line in lines_of(passed).splitlines()
    }
    with pytest.raises(MappingError):
        stretch(stage, options, node="n", on_error="fail").apply(batch(LINES))
    assert dead.counts["n"].passed + dead.counts["n"].filtered + bad == arrived
