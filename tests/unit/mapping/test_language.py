"""What each construct of the language means."""

from __future__ import annotations

from typing import Any

import pytest

from conduix.errors import MappingError
from conduix.mapping.values import DELETED, NOTHING
from tests.unit.mapping.run import ev, out, run, same

RECORD = {"a": 1, "b": {"c": [10, 20, {"d": "x"}]}, "s": "text", "n": None, "t": True, "x y": 5, "list": [3, 1, 2]}

EXPRESSIONS: list[tuple[str, Any]] = [
    # paths
    ("this.a", 1), ("a", 1), ("this.b.c.1", 20), ("this.b.c.2.d", "x"), ('this."x y"', 5), ("this.b.c[0]", 10),
    ("this.b.c[-1].d", "x"), ("this.missing.deeper", None), ("this.s.deeper", None), ("this.b.c.7", None),
    ("this.list[1:]", [1, 2]), ("this.list[:-1]", [3, 1]), ("this.s[::-1]", "txet"), ("this.list[0:3:2]", [3, 2]),
    # literals
    ('"\\u00e9\\t\\"q\\""', 'é\t"q"'), ('"""raw \\n "x" """', 'raw \\n "x" '), ("-5", -5), ("- 5.5", -5.5),
    ("[1, (2), ]", [1, 2]),
    ('{"k": 1, "l": [true, null], }', {"k": 1, "l": [True, None]}), ('{("a" + "b"): this.a}', {"ab": 1}),
    ("9223372036854775807", 2**63 - 1),
    # arithmetic and its order
    ("2 + 3 * 4", 14), ("(2 + 3) * 4", 20), ("10 - 2 - 3", 5), ("2 * 3 % 4", 2), ("7 / 2", 3.5), ("6 / 3", 2),
    ("-7 % 3", -1),
    ("1 + 2 == 3", True), ("1 < 2 == true", True), ('"a" + "b"', "ab"), ("this.a + 0.5", 1.5), ("0.5 + 0.5", 1),
    ("true && false || true && false", False), ("false || true && true || false", True), ("!this.t", False),
    ("!this.t || true", True), ("-this.a + 3", 2),
    # comparison
    ('"a" < "b"', True), ("1 == 1.0", True), ('1 == "1"', False), ("null == this.n", True),
    ("this.n == this.nope", True),
    ("true == 1", True), ("1 == true", False), ("[1, 2] == [1.0, 2]", True), ('{"a": [1]} != {"a": [2]}', True),
    ("this.s != null", True),
    # coalesce, catch, or
    ('this.n | "d"', "d"), ('this.s.number() | "d"', "d"), ("this.n | this.missing | 3", 3),
    ("this.s.number().catch(0)", 0),
    ('this.n.not_null().catch(err -> err.contains("this.n"))', True), ("this.s.number().or(this.a)", 1),
    ("this.a.or(9)", 1),
    ("deleted().or(4)", 4), ("nothing() | 5", 5),
    # if and match
    ("if this.a == 1 { 2 } else { 3 }", 2), ("if this.n { 2 } else if this.t { 4 } else { 3 }", 4),
    ('match this.a { 1 => "one", _ => "more" }', "one"),
    ('match this.a { this > 5 => "big", this > 0 => "small" }', "small"),
    ('match { this.a == 1 => "yes", _ => "no" }', "yes"), ("match this.b { this.c.length() == 3 => this.c.0 }", 10),
    ('match this.s { "text" => this + "!" }', "text!"), ("match this.list { [3, 1, 2] => true, _ => false }", True),
    ('match this.a { _ => "any" }.uppercase()', "ANY"),
    # lambdas and contexts
    ("this.list.map_each(x -> x + this.a)", [4, 2, 3]), ("this.list.map_each(this + 1)", [4, 2, 3]),
    ("this.b.(c.1)", 20), ("this.b.(x -> x.c.0 + this.a)", 11), ("this.b.(missing | c).length()", 3),
    ("this.list.map_each(_ -> this.a)", [1, 1, 1]),
    ("this.list.map_each(x -> this.list.map_each(y -> x * y).sum()).sum()", 36),
    ("this.b.map(this.c.0)", 10),
    # absent values in containers
    ("[1, deleted(), 2, nothing()]", [1, 2]), ('{"a": deleted(), "b": 1}', {"b": 1}),
    # named arguments
    ("this.list.slice(low: 1)", [1, 2]), ("range(stop: 3, start: 1)", [1, 2]),
    ("this.list.slice(high: 2, low: 0)", [3, 1]),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "value"), EXPRESSIONS, ids=[text for text, _ in EXPRESSIONS])
def test_an_expression(expression: str, value: Any) -> None:
    assert same(ev(expression, RECORD), value)


STATEMENTS: list[tuple[str, Any]] = [
    ("root = this", RECORD),
    ("this.a", 1),
    ("root.p.q = this.a", {"p": {"q": 1}}),
    ("p.q = this.a", {"p": {"q": 1}}),
    ('root."p.q".r = 1', {"p.q": {"r": 1}}),
    ("root = {}\nroot.a = 1\nroot.a = deleted()", {}),
    ("root.a = 1\n\n\n# a comment\nroot.b = 2 # another\n", {"a": 1, "b": 2}),
    ("root.a = 1\r\nroot.b = 2\r\n", {"a": 1, "b": 2}),
    ("root.list = [1, 2]\nroot.list.0 = 9\nroot.list.- = 3", None),
    ("let v = this.a + 1\nroot.v = $v\nlet v = 5\nroot.w = $v", {"v": 2, "w": 5}),
    ('let "odd name" = 3\nroot.v = var("odd name")', {"v": 3}),
    ("root.a = 1\nroot.b = root.a + 1", {"a": 1, "b": 2}),
    ("root.a = nothing()\nroot.b = 1", {"b": 1}),
    ("root.a = if false { 1 }\nroot.b = 2", {"b": 2}),
    ("if this.a == 1 {\n  root.x = 1\n  root.y = 2\n} else {\n  root.z = 3\n}", {"x": 1, "y": 2}),
    ("if this.a == 2 { root.x = 1 } else if this.t { root.y = 2 }", {"y": 2}),
    ("if this.a == 2 { root.x = 1 } else { root.z = 3 }\nroot.w = 4", {"z": 3, "w": 4}),
    ("if this.t {\n  if this.a == 1 {\n    root.deep = true\n  }\n}", {"deep": True}),
    ("if this.t { this.a } else { this.s }", 1),
    ('map m {\n  root.v = this.d\n  let x = 1\n}\nroot = this.b.c.2.apply("m")', {"v": "x"}),
    ('map "quoted name" { root = this + 1 }\nroot = this.a.apply("quoted name")', 2),
    ('map f { root = if this <= 1 { 1 } else { this * (this - 1).apply("f") } }\nroot = 5.apply("f")', 120),
    ("root = null\nroot.a = 1", {"a": 1}),
    ("root.a =\n  this.a +\n  1", {"a": 2}),
    ("root.a = this.list.\n  sort().\n  length()", {"a": 3}),
    ('root.a = (\n  1\n)\nroot.b = [\n  1,\n  2,\n]\nroot.c = {\n  "k": 1,\n}', {"a": 1, "b": [1, 2], "c": {"k": 1}}),
    ('root = match this.a {\n  1 => "one"\n  2 => "two"\n\n  _ => "many"\n}', "one"),
    ("root = match this.a\n{\n  1 => 5, 2 => 6,\n}", 5),
    ("root.r = range(0,\n  3)\n", {"r": [0, 1, 2]}),
    ("meta = {}\nroot.if = 1\nroot.match = this.a\nroot.meta = 2", {"if": 1, "match": 1, "meta": 2}),
]  # fmt: skip


@pytest.mark.parametrize(("mapping", "value"), [case for case in STATEMENTS if case[1] is not None])
def test_a_mapping(mapping: str, value: Any) -> None:
    assert same(out(mapping, RECORD), value)


def test_an_unset_root_leaves_the_record_as_it_was() -> None:
    result = run("let a = 1\nmeta k = this.a", RECORD)
    assert result.value is NOTHING
    assert result.meta == {"k": 1}


def test_a_deleted_root_drops_the_record() -> None:
    assert run("root = deleted()", RECORD).value is DELETED
    assert run("root = if this.a == 1 { deleted() } else { this }", RECORD).value is DELETED


def test_nothing_as_root_changes_nothing() -> None:
    assert run("root = nothing()", RECORD).value is NOTHING


def test_the_order_of_keys_is_kept() -> None:
    assert list(out("root = this\nroot.a = 5\nroot.new = 1", RECORD)) == [*RECORD, "new"]


def test_the_input_is_never_changed() -> None:
    record = {"a": {"b": [1]}}
    assert out("root = this\nroot.a.b.0 = 2\nroot.a.c = this.a.b.append(3)", record) == {"a": {"b": [2], "c": [1, 3]}}
    assert record == {"a": {"b": [1]}}


def test_what_is_assigned_twice_is_not_shared() -> None:
    assert out("root.a = this.l\nroot.b = this.l\nroot.a.0 = 9", {"l": [1]}) == {"a": [9], "b": [1]}


class TestInPlace:
    def test_root_starts_as_the_record_and_reads_see_earlier_writes(self) -> None:
        result = run("root.a = this.a + 1\nroot.b = this.a", {"a": 1, "k": 2}, in_place=True)
        assert result.value == {"a": 2, "k": 2, "b": 2}

    def test_the_record_itself_stays(self) -> None:
        record = {"a": [1]}
        assert run("root.a.0 = 5", record, in_place=True).value == {"a": [5]}
        assert record == {"a": [1]}

    def test_deleted_fields_are_gone(self) -> None:
        assert run("root.a = deleted()", {"a": 1, "b": 2}, in_place=True).value == {"b": 2}


class TestMetadata:
    def test_reads_see_what_the_mapping_set(self) -> None:
        result = run(
            'meta a = "new"\nroot.at = @a\nroot.before = metadata("a")\nroot.all = @', {}, {"a": "old", "b": 1}
        )
        assert result.value == {"at": "new", "before": "old", "all": {"a": "new", "b": 1}}

    def test_a_key_may_be_quoted(self) -> None:
        result = run('meta "x y" = 1\nroot = @"x y"', {})
        assert (result.value, result.meta) == (1, {"x y": 1})

    def test_all_of_it_is_replaced_or_deleted(self) -> None:
        assert run('meta = {"n": 1}', {}, {"a": 1}).meta == {"n": 1}
        assert run("meta = deleted()", {}, {"a": 1}).meta == {}
        assert run("meta a = deleted()", {}, {"a": 1, "b": 2}).meta == {"b": 2}

    def test_the_given_metadata_is_never_changed(self) -> None:
        meta = {"a": 1}
        run("meta a = 2", {}, meta)
        assert meta == {"a": 1}

    def test_all_of_it_must_be_an_object(self) -> None:
        with pytest.raises(MappingError, match="requires object value, received: number"):
            run("meta = 5", {})


class TestMaps:
    def test_variables_are_its_own(self) -> None:
        with pytest.raises(MappingError, match="variable 'v' undefined"):
            run('map m { root = $v }\nlet v = 1\nroot = this.apply("m")', {})

    def test_its_root_is_its_own(self) -> None:
        mapping = 'map m {\n  root.in = this\n  root = root.in\n}\nroot.k = 1\nroot.m = 5.apply("m")'
        assert out(mapping, {}) == {"k": 1, "m": 5}

    def test_one_that_is_not_there_is_an_error_when_it_is_asked_for(self) -> None:
        with pytest.raises(MappingError, match="map nope was not found"):
            run('root = this.apply("nope")', {})

    def test_one_may_call_another(self) -> None:
        mapping = 'map a { root = this.apply("b") + 1 }\nmap b { root = this * 2 }\nroot = 5.apply("a")'
        assert out(mapping) == 11
