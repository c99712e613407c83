"""What `conduix map --explain` says: the tree, what is decoded of a record, the code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conduix_tui.cli.__main__ import main
from conduix_tui.cli.map_explain import Explanation
from conduix_tui.cli.map_forms import Form, parse
from conduix_tui.cli.map_tree import lines, outline


def explained(text: str, form: Form = "mapping") -> Explanation:
    return Explanation.of(parse(text, form), form)


def tree_of(text: str, form: Form = "mapping") -> list[str]:
    return lines(outline(parse(text, form)))


def test_the_tree_names_every_part_and_its_place() -> None:
    assert tree_of('root.total = this.items.map_each(i -> i.price * 2).sum() | "none"') == [
        "1:6   root.total =",
        "1:58    |",
        "1:52      .sum()",
        "1:25        .map_each()",
        "1:14          this.items",
        "1:34          i ->",
        "1:47            *",
        "1:39              i.price",
        "1:49              2",
        '1:60      "none"',
    ]


def test_statements_branches_and_maps() -> None:
    shown = tree_of(
        'if this.a { root.b = @key } else { meta k = $x }\nlet "x y" = [-1, null]\nmap m { root = {"a": this.b} }'
    )
    assert [line.split(maxsplit=1)[1] for line in shown] == [
        "if", "when", "this.a", "then", "root.b =", "@key", "else", "meta k =", "$x",
        "let x y =", "[-1, null]", "map m", "root =", "{}", '"a":', "this.b",
    ]  # fmt: skip
    cases = tree_of('root = match this.a { "x" => 1, this > 2 => nothing(), _ => this.b.(c -> c[0]) }')
    assert [line.split(maxsplit=1)[1] for line in cases] == [
        "root =", "match", "this.a", "case", '"x"', "then", "1", "case", ">", "this", "2", "then", "nothing()",
        "case _", "then", ".()", "this.b", "c ->", "[]", "c", "0",
    ]  # fmt: skip


def test_a_linear_mapping_decodes_only_what_it_reads() -> None:
    made = explained("root.id = this.id\nroot.total = this.price * this.qty")
    assert made.projection.splitlines() == ["f0 = id: any", "f1 = price: number", "f2 = qty: number"]
    assert (made.whole, made.interpreted, made.deterministic) == ("", (), True)
    assert "def run(records" in made.code


@pytest.mark.parametrize(
    ("text", "form", "why"),
    [
        ('root = this.without("a")', "mapping", "`this` at 1:8 is more than a field"),
        ("root.a = 1\nroot.b = this.c.map_each(this.d).concat(this.keys())", "mapping", "`this` at 2:41"),
        ('root.a = match this { this.b == 1 => this.keys(), _ => "y" }', "mapping", "`this` at 1:38"),
        (".a = upcase!(.b)", "remap", "changed in place"),
        ("root.a = content()", "mapping", "the interpreter takes whole records"),
    ],
)
def test_a_mapping_without_projection_says_why(text: str, form: Form, why: str) -> None:
    made = explained(text, form)
    assert why in made.whole
    assert made.projection == ""


def test_what_is_left_to_the_interpreter_says_why() -> None:
    assert explained("root.a = content()").interpreted == ("content() looks at more than its arguments",)
    assert explained("meta a = this.b").interpreted == ("metadata is the interpreter's",)


def test_conditions_and_mappings_that_read_nothing() -> None:
    condition = explained('.status == "active"', "condition")
    assert condition.projection == "f0 = status: any"
    assert condition.tree[0].text == "=="
    assert not explained("root.at = now()").deterministic


def shown(argv: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["map", "--explain", *argv]) == 0
    return capsys.readouterr().out


def test_people_read_it_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(["root.b = this.a * 10"], capsys)
    assert out.startswith("mapping, compiled; the same record always gives the same\n\ntree\n  1:6 ")
    assert "\n\ndecoded of a record\n  f0 = a: number\n\ncode\n  def run(" in out
    assert "nothing: no field is read" in shown(["root.a = 1"], capsys)
    assert "left to the interpreter: content() looks" in shown(["root.a = content()"], capsys)
    assert "all of it: `this` at 1:8" in shown(["root = this.keys()"], capsys)


def test_what_is_learned_from_records_is_shown_of_those_that_are_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.jsonl").write_text('{"a":1,"c":{"x":2}}\nno record\n{"a":2,"c":{"x":3}}\n')
    edit = "root = this\nroot.b = this.a + 1"
    before = shown([edit], capsys)
    assert "  as Structs, whose shape and code are learned from the first batch (--input FILE shows them)" in before
    after = shown([edit, "--input", str(tmp_path / "in.jsonl")], capsys)
    assert "  as Structs of the shape of these records" in after
    assert "  f0 = a: number\n  f1 = c: object\n" in after
    assert "m.f2 = " in after
    assert "m.f2 = " not in before
    assert "Structs" not in shown(["root = this.keys()", "--input", str(tmp_path / "in.jsonl")], capsys)


def test_scripts_read_it_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(shown(["--as", "condition", "this.a > 1", "--output", "json"], capsys))
    assert data["form"] == "condition"
    assert data["tree"] == [
        {
            "node": ">", "line": 1, "column": 8,
            "below": [{"node": "this.a", "line": 1, "column": 1}, {"node": "1", "line": 1, "column": 10}],
        }
    ]  # fmt: skip
    assert data["projection"] == ["f0 = a: number"]
    assert (data["whole_because"], data["interpreted_because"]) == (None, [])
    data = json.loads(shown(["root = content()", "-o", "json"], capsys))
    assert data["projection"] is None
    assert data["whole_because"] == "the interpreter takes whole records"


def test_an_output_format_without_explanation_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["map", "root = this", "--output", "json"])
    assert "--output is of --explain" in capsys.readouterr().err
