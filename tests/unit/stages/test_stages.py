"""What each stage does to records, and what its options refuse."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from pydantic import ValidationError

from conduix.engine.api import Format
from conduix.engine.catalog import default_catalog
from conduix.errors import MappingSyntaxError
from tests.unit.stages.bench import batch, lines_of, steps, stretch, values_of

CSV = Format("csv", ("a", "b", "c"))


def run(stage: str, options: dict[str, Any], *records: bytes, **common: Any) -> list[Any]:
    return values_of(stretch(stage, options, **common).apply(batch(b"".join(r + b"\n" for r in records))))


@pytest.mark.parametrize("name", ["mapping", "transform", "bloblang"])
def test_mapping_has_three_names(name: str) -> None:
    assert run(name, {"mapping": "root.b = this.a * 10"}, b'{"a":1}', b'{"a":2}') == [{"b": 10}, {"b": 20}]


def test_mutation_changes_the_record_in_place() -> None:
    mutation = "root.b = this.a + 1\nroot.c = this.b\nroot.a = deleted()"
    assert run("mutation", {"mutation": mutation}, b'{"a":1,"z":0}') == [{"z": 0, "b": 2, "c": 2}]


def test_remap_changes_the_record_in_place() -> None:
    source = ".b = .a + 1\n.c = .b\ndel(.a)"
    assert run("remap", {"source": source}, b'{"a":1,"z":0}') == [{"z": 0, "b": 2, "c": 2}]


@pytest.mark.parametrize("condition", ['this.s == "x"', '.s == "x"', 's == "x"'])
def test_filter_keeps_what_is_true(condition: str) -> None:
    assert run("filter", {"condition": condition}, b'{"s":"x"}', b'{"s":"y"}', b"{}") == [{"s": "x"}]


def test_filter_fails_records_for_which_the_condition_is_no_bool() -> None:
    output = stretch("filter", {"condition": "this.s"}).apply(batch(b'{"s":true}\n{"s":"x"}\n{}\n'))
    assert values_of(output) == [{"s": True}]
    assert [letter.message for letter in output.dead] == [
        "field `this.s` gives string, the condition needs a bool: compare it with something (line 1, column 6)",
        "field `this.s` gives null, the condition needs a bool: compare it with something (line 1, column 6)",
    ]


def test_select_keeps_the_named_fields_in_the_named_order_and_what_is_missing_stays_missing() -> None:
    found = lines_of(
        stretch("select", {"fields": ["c", "o.x", "a"]}).apply(batch(b'{"a":null,"b":1,"c":3,"o":{"y":1}}\n{}\n'))
    )
    assert found == b'{"c":3,"a":null}\n{}\n'


def test_select_of_columns() -> None:
    found = lines_of(stretch("select", {"fields": ["c", "a"]}).apply(batch(b"1,2,3\n", CSV)))
    assert found == b'{"c":"3","a":"1"}\n'


@pytest.mark.parametrize("stage", ["select", "exclude"])
def test_what_is_no_object_has_no_fields_to_choose_from(stage: str) -> None:
    output = stretch(stage, {"fields": ["a"]}).apply(batch(b'[1]\n"a"\nnull\n'))
    assert values_of(output) == []
    assert [letter.message.split(" from")[0] for letter in output.dead] == [
        "expected object value, got array",
        "expected object value, got string",
        "expected object value, got null",
    ]  # fmt: skip


def test_exclude_removes_the_named_fields() -> None:
    assert run("exclude", {"fields": ["a", "o.x"]}, b'{"a":1,"b":2,"o":{"x":1,"y":2}}') == [{"b": 2, "o": {"y": 2}}]
    assert run("exclude", {"fields": ["a", "o.x"]}, b'{"o":5}') == [{"o": 5}]


def test_rename_moves_fields_and_what_is_missing_stays_missing() -> None:
    options = {"fields": {"a": "x.y", "o.p": "q"}}
    assert run("rename", options, b'{"a":1,"b":2,"o":{"p":null}}') == [{"b": 2, "o": {}, "x": {"y": 1}, "q": None}]
    assert run("rename", options, b'{"b":2}') == [{"b": 2}]


def test_two_fields_may_change_places() -> None:
    assert run("rename", {"fields": {"a": "b", "b": "a"}}, b'{"a":1,"b":2}') == [{"b": 1, "a": 2}]


def test_a_name_with_a_dot_is_written_with_an_escape() -> None:
    assert run("rename", {"fields": {"a~1b": "c"}}, b'{"a.b":1}') == [{"c": 1}]
    assert run("select", {"fields": ["a~1b"]}, b'{"a.b":1,"c":2}') == [{"a.b": 1}]


def test_a_stage_applies_where_its_when_holds_and_others_pass_unchanged() -> None:
    options = {"mapping": "root.b = this.a + 1"}
    assert run("mapping", options, b'{"a":1}', b'{"a":5}', when="this.a > 3") == [{"a": 1}, {"b": 6}]
    assert run("filter", {"condition": "this.a == 1"}, b'{"a":2}', b'{"a":9}', b'{"a":1}', when="this.a > 3") == [
        {"a": 2},
        {"a": 1},
    ]


# samples


def test_a_seeded_sample_is_the_same_however_the_records_are_batched() -> None:
    records = [b'{"n":%d}\n' % n for n in range(3000)]
    whole = stretch("sample", {"rate": 0.3, "seed": 7})
    at_once = lines_of(whole.apply(batch(b"".join(records))))
    parts: list[bytes] = []
    for first, end in pairwise((0, 1, 1100, 1101, 3000)):
        start = sum(map(len, records[:first]))
        parts.append(lines_of(whole.apply(batch(b"".join(records[first:end]), start=start))))
    assert b"".join(parts) == at_once
    assert 0.25 < at_once.count(b"\n") / 3000 < 0.35


def test_another_seed_or_shard_is_another_sample() -> None:
    data = b"".join(b'{"n":%d}\n' % n for n in range(500))
    one = lines_of(stretch("sample", {"rate": 0.5, "seed": 1}).apply(batch(data)))
    assert one != lines_of(stretch("sample", {"rate": 0.5, "seed": 2}).apply(batch(data)))
    other = batch(data)
    other.shard = "another"
    assert one != lines_of(stretch("sample", {"rate": 0.5, "seed": 1}).apply(other))


@pytest.mark.parametrize(("rate", "left"), [(0, 0), (1, 100)])
def test_a_sample_of_nothing_and_of_everything(rate: float, left: int) -> None:
    for seed in (None, 3):
        output = stretch("sample", {"rate": rate, "seed": seed}).apply(batch(b"{}\n" * 100))
        assert lines_of(output).count(b"\n") == left


# determinism


@pytest.mark.parametrize(
    ("stage", "options", "expected"),
    [
        ("mapping", {"mapping": "root.a = this.a"}, True),
        ("mapping", {"mapping": "root.a = uuid_v4()"}, False),
        ("mutation", {"mutation": "root.a = now()"}, False),
        ("remap", {"source": ".a = 1"}, True),
        ("filter", {"condition": "timestamp_unix() > this.at"}, False),
        ("sample", {"rate": 0.5, "seed": 1}, True),
        ("sample", {"rate": 0.5}, False),
        ("router", {"routes": [{"name": "a", "when": "random_int() > 5"}]}, False),
        ("select", {"fields": ["a"]}, True),
        ("cast", {"fields": {"a": "int"}}, True),
        ("split", {"field": "a"}, True),
        ("validate", {"schema": {}}, True),
        ("mask", {"fields": ["a"], "method": "hash", "key": "k"}, True),
        ("encrypt", {"fields": ["a"], "key": "00" * 16}, False),
        ("decrypt", {"fields": ["a"], "key": "00" * 16}, True),
        ("timestamp", {"field": "at"}, True),
        ("timestamp", {}, False),
        ("timestamp", {"output": "unix_ms"}, False),
        ("delete", {"condition": "this.a == 1", "mode": "soft"}, True),
        ("delete", {"condition": "this.a == 1", "mode": "soft", "at": "gone_at"}, False),
        ("delete", {"condition": "random_int() == 1"}, False),
    ],
)
def test_who_is_deterministic(stage: str, options: dict[str, Any], *, expected: bool) -> None:
    entry = default_catalog().find("stage", stage)
    assert entry is not None
    assert entry.deterministic(entry.options.model_validate(options)) is expected
    assert stretch(stage, options).deterministic is expected


# options


@pytest.mark.parametrize(
    ("stage", "options", "message"),
    [
        ("select", {"fields": []}, "at least 1"),
        ("select", {"fields": ["a", "a"]}, "stands twice"),
        ("select", {"fields": ["a..b"]}, "is no path"),
        ("exclude", {"fields": ["b", "b"]}, "stands twice"),
        ("rename", {"fields": {"a": "a"}}, "renamed to itself"),
        ("rename", {"fields": {"a": "c", "b": "c"}}, "two fields are renamed to 'c'"),
        ("sample", {"rate": 1.5}, "less than or equal to 1"),
        ("default", {"fields": {}}, "at least 1"),
        ("default", {"fields": {"a.": 1}}, "is no path"),
        ("cast", {"fields": {"a": "integer"}}, "Input should be 'int'"),
        ("merge", {"fields": ["a", "b"], "separator": "-"}, "write for example into: name"),
        ("merge", {"fields": ["a"], "into": "b"}, "write a rename stage"),
        ("merge", {"fields": ["a", "a"]}, "stands twice"),
        ("flatten", {"separator": ""}, "at least 1"),
        ("split", {"field": "a", "only": True, "into": "b"}, "remove one of them"),
        ("split", {"field": "a", "only": True, "keep_empty": True}, "remove `keep_empty`"),
        ("split", {"field": "a", "max_records": 2**20}, "less than 1048576"),
        ("unarchive", {"format": "rar"}, "Input should be 'json'"),
        ("unarchive", {"format": "zip", "encoding": "text"}, "stands in it as base64"),
        ("unarchive", {"format": "json", "into": "a"}, "write the `field`, too"),
        ("validate", {"schema": {"type": 5}}, "this is no JSON Schema: 5 is not valid"),
        ("validate", {"schema": "{"}, "the text is no JSON"),
        ("validate", {"schema": {"$ref": "https://example.com/schema"}}, "cannot fetch https"),
        ("mask", {"fields": ["a"], "value": 5}, "'value' is for method: replace"),
        ("mask", {"fields": ["a"], "method": "hash", "last": 4}, "'last' is for method: keep"),
        ("mask", {"fields": ["a"], "char": "**"}, "at most 1 character"),
        ("timestamp", {"formats": ["%Y"]}, "write which: field: created"),
        ("timestamp", {"field": "a", "zone": "Mars"}, "write a name such as America/New_York"),
        ("delete", {"condition": "true", "at": "x"}, "write mode: soft"),
        ("mapping", {"maping": "root = this"}, "Extra inputs"),
        ("router", {"routes": []}, "at least 1"),
        ("router", {"routes": [{"name": "a"}, {"name": "a"}], "mode": "filter"}, "two routes are called 'a'"),
        ("router", {"routes": [{"name": "default"}]}, "the name 'default' is taken"),
        ("router", {"routes": [{"name": "a"}, {"name": "b"}]}, "takes every record"),
        ("router", {"routes": [{"name": "a", "when": "true"}], "mode": "fan_out"}, "has no effect"),
        ("router", {"routes": [{"name": "a"}], "mode": "fan_out", "default": "b"}, "nothing reaches `default`"),
        (
            "router",
            {"routes": [{"name": "a", "when": "true"}], "default": "b", "on_no_match": "dlq"},
            "every record matches",
        ),
    ],
)
def test_wrong_options_say_what_is_wrong(stage: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        steps(stage, options)


def test_a_router_takes_no_when() -> None:
    with pytest.raises(MappingSyntaxError, match="give its routes one"):
        steps("router", {"routes": [{"name": "a"}]}, when="this.a == 1")


def test_every_option_is_described() -> None:
    for entry in default_catalog().entries:
        if entry.role == "stage":
            assert entry.summary
            for name, field in entry.options.model_fields.items():
                assert field.description, f"{entry.type}.{name}"


@pytest.mark.parametrize(
    ("written", "ports"),
    [
        ({"routes": [{"name": "a", "when": "true", "next": "x"}]}, ["a", "default"]),
        ({"routes": [{"name": "a", "next": ["x", "y"]}, {"name": "b"}], "mode": "fan_out"}, ["a", "b"]),
    ],
)
def test_the_ports_of_a_router_are_its_routes_and_the_default(written: dict[str, Any], ports: list[str]) -> None:
    entry = default_catalog().find("stage", "router")
    assert entry is not None
    assert list(entry.ports(entry.options.model_validate(written))) == ports
