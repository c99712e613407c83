"""What generated code does by itself: these mappings never ask the reference, and give what it would give."""

from __future__ import annotations

import json

import pytest

from conduix.mapping import parse_condition, parse_mapping, parse_remap
from conduix.mapping.inputs import RowsInput, TextInput
from conduix.mapping.steps import FilterStep, MapStep, RouteStep, SampleStep, Step
from tests.unit.compile.held import OUT, Watched, check, json_input

RECORD = {
    "s": "a-b", "t": "Ünï", "n": 3, "f": 2.5, "b": True, "null": None, "at": "2025-04-17T02:24:01Z",
    "o": {"x": 1, "y": {"z": "deep"}}, "ns": [3, 1.5, 2], "ss": ["x", "y"],
    "items": [{"p": 2, "q": 1.5, "k": "i"}, {"p": 7, "q": 1, "k": "j"}],
}  # fmt: skip
LINE = json.dumps(RECORD).encode() + b"\n"

EXPRESSIONS = r"""
this.s
this.o.y.z
this.missing
this.o.missing.deeper
this.ns.0
this.items.1.k
s
this."o"."x"
this.n + 1
this.n - this.f
this.n * this.f * 2
this.f / 2
this.n / this.f
this.n % 2
-this.n
(this.n + this.f) * 10 - 1
this.s + "x"
this.s + this.t
this.n > 2
this.n <= this.f
this.s == "a-b"
this.n != 3
this.s < "b"
this.s == this.t
this.null == null
this.b == true
this.n == this.f
this.n > 2 && this.s == "a-b"
this.b || this.n > 100
!this.b
!(this.n > 2)
this.b && this.missing == null
if this.n > 2 { "big" } else { "small" }
if this.n > 9 { 1 } else if this.b { 2 } else { 3 }
match this.s { "x" => 1, "a-b" => 2, _ => 3 }
match this.n { this > 5 => "hi", this > 1 => "mid", _ => "lo" }
match { this.n > 2 => "yes", _ => "no" }
this.o.(this.x + 1)
this.n.(v -> v * v)
this.missing | "none"
this.null.or("none")
this.s.number().catch(-1)
this.s.number() | 0
this.missing.uppercase().catch("-")
this.s.uppercase()
this.t.lowercase()
this.s.trim()
this.s.trim("a")
this.s.split("-")
this.ss.join("+")
this.s.replace_all("-", "_")
this.s.replace_all("-", "---")
this.s.contains("b")
this.s.has_prefix("a")
this.s.has_suffix("b")
["a-b", "c"].contains(this.s)
this.s.length()
this.t.length()
this.n.string()
this.s.re_replace_all("[ab]", "*")
this.s.re_match("^a")
"%s/%v".format(this.s, this.t)
"%s %v".format(this.s, this.n)
this.s.hash("sha256").encode("hex")
this.s.slice(0, 1)
this.s.capitalize()
this.s.split("-").map_each(w -> w.uppercase()).join("-")
this.f.round()
(this.n * this.f * 100).round()
this.f.floor()
this.f.ceil()
this.n.abs()
"12.5".number()
this.ns.max()
this.ns.sum()
this.ns.length()
this.items.length()
this.items.map_each(i -> i.p * i.q)
this.items.map_each(i -> i.p * i.q).sum()
this.items.map_each(i -> {"k": i.k, "big": i.p > 5}).filter(i -> i.big)
this.items.filter(i -> i.p > 5)
this.items.map_each(i -> i.k).join()
this.items.map_each(i -> if i.p > 5 { deleted() } else { i.q })
this.items.map_each(i -> this.n + i.p)
this.ns.map_each(this * 2)
this.items.sort_by(i -> 0 - i.p).index(0).k
this.ns.sort()
this.ns.contains(2)
this.ns.fold(0, i -> i.tally + i.value)
this.items.map_each(i -> this.items.filter(j -> j.p < i.p).length())
this.ns.any(x -> x > 2)
[this.n, this.s]
{"a": this.n, "b": {"c": this.s}}
{this.s: this.n}
this.o.without("x")
this.o.exists("y.z")
this.exists("missing")
this.o.keys()
this.o.map_each(i -> i.value)
this.get("o.x")
this.o.merge({"w": 1})
this.o.key_values().length()
this.at.ts_parse("2006-01-02T15:04:05Z").ts_unix()
this.at.ts_parse("2006-01-02T15:04:05Z07:00").ts_format("2006")
this.n.type()
this.at.ts_unix()
this.s.not_null()
this.s.bytes().encode("hex")
deleted()
nothing()
[1, deleted()]
{"a": nothing()}
""".strip().splitlines()


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression(expression: str) -> None:
    steps = [MapStep("shape", parse_mapping(f"root.id = this.n\nroot.x = {expression}"))]
    watched = Watched(steps)
    watched.program.run(json_input(LINE * 3), "s")
    assert watched.asked == 0, watched.program.source()
    assert "interpreted" not in watched.program.source()
    check(steps, LINE)


MAPPINGS = """
root = this

root = this
root.s = this.s.uppercase()
root.o.x = 5
root.o.new.z = 1
root.n = deleted()

root = this.o

root = this
root.o.y.z = deleted()
root.missing.x = deleted()

let v = this.n * 2
root.a = $v
root.b = $v + 1

root.a.b = this.n
root.a.c = this.s
root.d = root.a

root.a = this.o
root.a.x = 7

root.a = if this.b { 1 } else { 2 }
root.b = if this.n > 5 { 1 }

root = if this.n > 5 { deleted() } else { {"n": this.n} }

root = if this.n > 5 { deleted() }

if this.b {
  root.a = 1
  root.c = 2
} else {
  root.a = 2
}
root.z = 3

map twice {
  root = this * 2
}
root.a = this.n.apply("twice")

map part {
  root.p = this.p
  root.big = this.p > 5
}
root.is = this.items.map_each(i -> i.apply("part"))

root = {"a": this.n}
root.b = this.s

root = [this.n]

root = "text"

root.a = this.n
root.a = this.s
""".strip().split("\n\n")


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_statements(mapping: str) -> None:
    steps = [MapStep("shape", parse_mapping(mapping))]
    watched = Watched(steps)
    watched.program.run(json_input(LINE * 3), "s")
    assert watched.asked == 0, watched.program.source()
    assert "interpreted" not in watched.program.source()
    check(steps, LINE)


def step(mapping: str, when: str | None = None) -> MapStep:
    return MapStep("map", parse_mapping(mapping), None if when is None else parse_condition(when))


def kept(condition: str) -> FilterStep:
    return FilterStep("filter", parse_condition(condition))


CHAINS: list[list[Step]] = [
    [step("root.n = this.n * 2\nroot.s = this.s"), kept("this.n > 5")],
    [step("root.n = this.n\nroot.o.s = this.s"), step("root = this\nroot.o.t = this.o.s")],
    [MapStep("edit", parse_remap(".n = .n + 1\n.z = .n\ndel(.s)\n.o.q = exists(.b)")), kept("this.z == 4")],
    [step("root.n = this.n", when="this.b"), SampleStep("sample", 1.0, 1)],
    [RouteStep("router", "condition", (("out", parse_condition("this.n == 3")),), "default")],
]


@pytest.mark.parametrize("chain", CHAINS)
def test_chains(chain: list[Step]) -> None:
    watched = Watched(chain)
    made = watched.program.run(json_input(LINE * 3), "s")
    assert watched.asked == 0, watched.program.source()
    assert len(made.outs[0]) == 3
    check(chain, LINE)


@pytest.mark.parametrize(
    "text", ["@k", 'json("s")', "content().string()", "this.n.number().catch(err -> err)", "batch_index()"]
)
def test_what_looks_at_more_than_the_value_is_left_to_the_interpreter(text: str) -> None:
    steps = [MapStep("shape", parse_mapping(f"root.x = {text}"))]
    assert "interpreted" in Watched(steps).program.source()
    check(steps, LINE)


def test_text_and_rows_never_ask_the_reference_either() -> None:
    steps = [MapStep("shape", parse_mapping("root.up = this.uppercase()\nroot.n = this.length()"))]
    text = Watched(steps, OUT, TextInput)
    text.program.run(TextInput(b"one\ntwo\n", lambda: range(2)), "s")
    assert text.asked == 0
    rows = Watched([MapStep("shape", parse_mapping("root = this\nroot.n = this.n + 1"))], OUT, RowsInput)
    made = rows.program.run(RowsInput([RECORD], lambda: range(1)), "s")
    assert rows.asked == 0
    assert made.outs[0][0]["n"] == 4
    assert RECORD["n"] == 3
