"""The tree: equality without marks, walking, rebuilding, and what reading promises about it."""

from __future__ import annotations

import pytest

from conduix.errors import MappingSyntaxError
from conduix.mapping import parse_condition, parse_mapping, tree
from conduix.mapping.interpret import Interpreter
from conduix.mapping.rebuilding import rebuilt
from conduix.mapping.tree import Call, Field, Lambda, Literal, Mark, Method, Param, This

AT = Mark(1, 1)
EVERYTHING = """
if .a { .b.c } else if !.d { -.e } else { match .f { 1 => [this, {"k": @g, (.h): $v}], this > 2 => .i.(x -> x.j),
_ => null } }
  | .k.map_each(y -> y + .l).fold(0, z -> z.tally) | json("m") | root.n
""".strip()


def test_equal_trees_stand_at_different_places() -> None:
    first, second = parse_condition("this.a + 1"), parse_condition("  this.a  +  1")
    assert first == second
    assert hash(first) == hash(second)
    assert first.mark != second.mark


def test_walk_meets_every_expression() -> None:
    kinds = {type(node) for node in tree.walk(parse_condition(EVERYTHING))}
    assert kinds == {tree.Binary, tree.If, tree.Match, tree.Unary, tree.Field, tree.This, tree.Root, tree.Meta,
    tree.Var, tree.Param,
                     tree.Array, tree.Object, tree.Literal, tree.Context, tree.Lambda, tree.Method,
                     tree.Call}  # fmt: skip


def test_rebuilding_with_the_same_parts_gives_the_same_tree() -> None:
    for node in tree.walk(parse_condition(EVERYTHING)):
        assert rebuilt(node, list(tree.children(node))) == node


def test_rebuilding_takes_the_parts_in_their_order() -> None:
    node = Method(This(AT), "slice", (Literal(1, AT), Literal(2, AT)), AT, (("n", Literal(3, AT)),))
    parts = [Literal(position, AT) for position in range(4)]
    assert rebuilt(node, list(parts)) == Method(parts[0], "slice", (parts[1], parts[2]), AT, (("n", parts[3]),))
    with pytest.raises(TypeError):
        rebuilt(tree.Context(This(AT), Lambda(None, This(AT), AT), AT), [This(AT), This(AT)])


def test_expressions_of_statements() -> None:
    mapping = parse_mapping("let a = 1\nif this.b { root = 2 } else { meta c = 3 }")
    assert [node.value if isinstance(node, Literal) else "?" for node in tree.expressions(mapping.statements)] == [
        1,
        "?",
        2,
        3,
    ]


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("a.b", Field(Field(This(AT), "a", AT), "b", AT)),
        ("1 + 2 * 3", Literal(7, AT)),
        ('[1, {"a": -2}]', Literal([1, {"a": -2}], AT)),
        ("a.slice(high: 2, low: 1)", Method(Field(This(AT), "a", AT), "slice", (Literal(1, AT), Literal(2, AT)), AT)),
        ("range(step: 2, start: 0, stop: 9)", Call("range", (Literal(0, AT), Literal(9, AT), Literal(2, AT)), AT)),
        ("a.format_json(escape_html: false)", Method(Field(This(AT), "a", AT), "format_json", (Literal("    ", AT),
        Literal(False, AT), Literal(False, AT)), AT)),
        ("a.map_each(x)", Method(Field(This(AT), "a", AT), "map_each", (Lambda(None, Field(This(AT), "x", AT), AT),),
        AT)),
        ("a.map_each(x -> x)", Method(Field(This(AT), "a", AT), "map_each", (Lambda("x", Param("x", AT), AT),), AT)),
        ("a.or(1)", Method(Field(This(AT), "a", AT), "or", (Lambda("_", Literal(1, AT), AT),), AT)),
        ("a.number(1)", Method(Method(Field(This(AT), "a", AT), "number", (), AT), "catch", (Lambda("_", Literal(1,
        AT), AT),), AT)),
        ("a.map(b)", tree.Context(Field(This(AT), "a", AT), Lambda(None, Field(This(AT), "b", AT), AT), AT)),
        ('var("v")', tree.Var("v", AT)),
    ],
)  # fmt: skip
def test_what_reading_promises(text: str, node: tree.Expr) -> None:
    assert parse_condition(text) == node


def test_marks_point_at_the_text() -> None:
    mapping = parse_mapping("let v = 1\nroot.a = this.b.uppercase() +\n  $v")
    statement = mapping.statements[1]
    assert isinstance(statement, tree.Assign)
    assert isinstance(statement.value, tree.Binary)
    assert statement.target.mark == Mark(2, 6)
    assert statement.value.left.mark == Mark(2, 17)
    assert statement.value.right.mark == Mark(3, 3)


FILES = {"whole.blobl": 'map one { root = 1 }\nroot.a = this.b.apply("one")',
"maps.blobl": "map double { root = this * 2 }",
    "more.blobl": 'import "maps.blobl"\nmap triple { root = this * 3 }', "none.blobl": "root = 1",
             "loop.blobl": 'import "loop.blobl"', "wrong.blobl": "map a {\n  root =\n}"}  # fmt: skip


class TestImports:
    def read(self, path: str) -> str:
        if path not in FILES:
            raise FileNotFoundError(2, "No such file", path)
        return FILES[path]

    def test_maps_come_from_other_files(self) -> None:
        mapping = parse_mapping(
            'import "more.blobl"\nroot = this.apply("double") + this.apply("triple")', read_import=self.read
        )
        assert [declared.name for declared in mapping.maps] == ["double", "triple"]

    def test_a_mapping_may_be_what_a_file_holds(self) -> None:
        mapping = parse_mapping('from "whole.blobl"', read_import=self.read)
        assert mapping == parse_mapping(FILES["whole.blobl"])
        assert Interpreter(mapping).run({}).value == {"a": 1}

    @pytest.mark.parametrize(
        ("text", "part"),
        [('import "nope"\nroot = 1', "failed to read import: nope: No such file"),
        ('import "none.blobl"\nroot = 1', "no maps to import from 'none.blobl'"),
        ('import "loop.blobl"\nroot = 1', "`loop.blobl` imports itself: loop.blobl -> loop.blobl"),
         ('from "nope"', "failed to read import: nope: No such file"),
         ('from "wrong.blobl"', "in `wrong.blobl`, line 3"),
         ('from "whole.blobl"\nroot.b = 2', "expected end of the mapping"),
         ('import "wrong.blobl"\nroot = 1', "in `wrong.blobl`, line 3"),
         ('import "maps.blobl"\nmap double { root = 1 }', "map name collision: double")],
    )  # fmt: skip
    def test_what_can_be_wrong_with_them(self, text: str, part: str) -> None:
        with pytest.raises(MappingSyntaxError) as caught:
            parse_mapping(text, read_import=self.read)
        assert part in caught.value.message
