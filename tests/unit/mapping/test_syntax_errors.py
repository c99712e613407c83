"""A wrong text: what is found, what is expected, what to write instead, and where."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conduix.errors import MappingSyntaxError
from conduix.mapping import parse_condition, parse_mapping, parse_remap

CASES: list[tuple[str, int, int, str]] = [
    # text, line, column, part of the message
    ("", 1, 1, "the mapping is empty: write `root = this`"),
    ("\n\n", 1, 1, "the mapping is empty"),
    ("root = ", 1, 8, "expected query, but reached end of input"),
    ("root = this.foo bar", 1, 17, "expected line break, got: bar: one statement a line"),
    ("foo wat bar", 1, 5, "expected line break or =, got: wat"),
    ("foo = bar bar = baz", 1, 11, "expected line break, got: bar"),
    ("root = a = b", 1, 10, "expected line break, got: ="),
    ("root = (1 + 2", 1, 14, "`(` opened at line 1, column 8 is never closed"),
    ("root = [1, 2)", 1, 13, "found `)` where `[` of line 1, column 8 is still open"),
    ("root = 1)", 1, 9, "expected line break, got: )"),
    ('root = "abc', 1, 8, 'expected end quote, but reached end of input: close the string with `"`'),
    ('root = """abc', 1, 8, "expected end triple-quote"),
    ('root = "a\\d"', 1, 8, "wrong escape"),
    ("root = 'abc'", 1, 8, 'write strings in double quotes, `"text"`'),
    ("root = 1 and 2", 1, 10, "write `&&` instead of `and`"),
    ("root = not this.a", 1, 12, "one statement a line"),
    ("if this.a = 1 { root = 2 }", 1, 11, "write `==` to compare"),
    ('root = {"a": 1\n"b": 2}', 1, 15, "put a comma between the items"),
    ("root = this . a", 1, 13, "`.` must follow directly what it reads from"),
    ("root = this.a\n  .b", 2, 3, "end this one with `.`"),
    ("root = .a", 1, 8, "write `this.field` for a field of the record"),
    ("root = this.a\n  && this.b", 2, 3, "to go on in the next line, end the line before with it"),
    ("root = $", 1, 8, "write `$name` for a variable"),
    ("root = 5a", 1, 8, "`5` runs into a name"),
    ("root = 99999999999999999999", 1, 8, "does not fit into 64 bits"),
    ("root = this.foo(", 1, 17, "`(` opened at line 1, column 16 is never closed"),
    ("root = this.upercase()", 1, 13, "unrecognised method 'upercase': did you mean `uppercase`?"),
    ("root = uuid_v8()", 1, 8, "unrecognised function 'uuid_v8': did you mean `uuid_v"),
    ("root = uppercase(this.a)", 1, 8, "it is a method, write `value.uppercase()`"),
    ("root = this.now()", 1, 13, "it is a function, write `now(…)` alone"),
    ("root = this.a.split()", 1, 15, "missing parameter: delimiter: write `.split(delimiter, empty_as_null?)`"),
    ('root = this.a.split(",", true, 1)', 1, 15, "wrong number of arguments, expected 2, got 3"),
    ("root = json(5)", 1, 13, "field path: wrong argument type, expected string, got number"),
    ('root = this.a.trim(cutst: "!")', 1, 27, "unknown parameter cutst, did you mean cutset?"),
    ("root = range(0, stop: 5)", 1, 23, "cannot mix named and nameless arguments"),
    ("root = range(start: 1, start: 2)", 1, 24, "duplicate named arg: start"),
    ("root = range(start: 1)", 1, 8, "missing parameter: stop"),
    ("root = this.append(a: 1)", 1, 13, "named arguments are not supported by `append`"),
    ('root = 5 + "a"', 1, 10, "cannot add types number (from number literal) and string (from string literal)"),
    ("root = 5 / 0", 1, 10, "attempted to divide by zero"),
    ('root = -"a"', 1, 8, "cannot subtract types number and string"),
    ("root = {5: 1}", 1, 9, "object keys must be strings"),
    ('root = this.a.re_match("(")', 1, 15, "error parsing regexp: missing ): ("),
    ('root = this.a.encode("hx")', 1, 15, "unrecognized encoding type: hx: write one of base64"),
    ('root = "x".ts_parse("2006")', 1, 12, 'cannot parse "x" as "2006"'),
    ("root = this.(this -> this.a)", 1, 19, "got: ->"),
    ("root = this.(a -> b -> b.c)", 1, 19, "capture the same context under both 'a' and 'b'"),
    ("root = this.a.map_each(x -> this.b.map_each(x -> x))", 1, 45, "context label `x` would shadow a parent context"),
    ("root = this.a.split(x -> x)", 1, 21, "got query expression"),
    ("map a { root = 1 }\nmap a { root = 2 }", 2, 5, "map name collision: a"),
    ("map a { meta b = 1 }\nroot = 1", 1, 16, "setting meta fields is not allowed within this block"),
    ("if this.a { map b { root = 1 } }", 1, 17, "defining maps is not allowed within this block"),
    ('import "x.blobl"\nroot = 1', 1, 8, "imports are not allowed here"),
    ("let = 5", 1, 5, "expected name or string"),
    ("root.a = 1\nmap {\n}", 2, 5, "expected name or string"),
    ("import file", 1, 8, "expected string"),
    ('from "file"', 1, 6, "imports are not allowed here"),
    ('"root.a" = 5', 1, 1, "expected the mapping to end here"),
    ("this.a\nroot = 1", 2, 6, "shorthand for `root = …`"),
    ("root = 1\nthis.a", 2, 6, "found an expression alone: write `root = …`"),
    ("root = if this.a { root.b = 1 }", 1, 8, "a block of this `if` must be one expression"),
    ("root = if this.a { }", 1, 8, "needs a value in each block"),
    ("root = if(this.a) { 1 }", 1, 19, "write a space after the word, `if (a) {`"),
    ("root = match this.a { }", 1, 23, "expected"),
    ("root = 1 # no line break after", 1, 10, "a comment must end with a line break"),
    ("root = §", 1, 8, "found `§`, which means nothing here"),
    ("root = " + "(" * 300 + "1" + ")" * 300, 1, 209, "nested deeper than 200"),
    ("root = " + "1 + " * 600 + "this.a", 1, 0, "nested deeper than 400"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "column", "part"), CASES, ids=[text[:40] for text, *_ in CASES])
def test_a_wrong_mapping(text: str, line: int, column: int, part: str) -> None:
    with pytest.raises(MappingSyntaxError) as caught:
        parse_mapping(text)
    assert part in caught.value.message
    assert caught.value.line == line
    assert not column or caught.value.column == column


def test_an_empty_condition() -> None:
    with pytest.raises(MappingSyntaxError, match="the condition is empty: write one"):
        parse_condition("  \n")


def test_a_text_beyond_any_length() -> None:
    with pytest.raises(MappingSyntaxError, match="the limit is 1000000"):
        parse_mapping("root = 1" + " " * 1_000_000)


def test_the_place_is_right_after_a_long_string() -> None:
    with pytest.raises(MappingSyntaxError) as caught:
        parse_mapping('root.a = """\none\ntwo""" + ?')
    assert (caught.value.line, caught.value.column) == (3, 10)


@pytest.mark.parametrize("parse", [parse_mapping, parse_condition, parse_remap])
def test_half_a_character_is_refused_where_it_stands(parse: Callable[[str], object]) -> None:
    with pytest.raises(MappingSyntaxError, match=r"'\\ud800' is half of a pair") as caught:
        parse('.a =\n "x\ud800"')
    assert (caught.value.line, caught.value.column) == (2, 4)
