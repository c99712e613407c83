"""Positions inside scalars come back to where they stand in the YAML, however the scalar is written."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from conduix.spec.diagnostics import Problems
from conduix.spec.embedded import locate
from conduix.spec.interpolate import interpolate
from conduix.spec.nodes import LINE_BREAK, Node, Scalar, child
from conduix.spec.yamltext import parse


def scalar_in(text: str, *path: str | int, env: dict[str, str] | None = None) -> Scalar:
    problems = Problems()
    root: Node | None = parse(text, "f", problems)
    assert root is not None
    if env is not None:
        root = interpolate(root, env, {}, problems)
    assert problems.found == []
    for step in path:
        root = child(root, step)
    assert isinstance(root, Scalar)
    return root


def found_at(scalar: Scalar, wanted: str) -> tuple[int, int]:
    """Line and column in the YAML of the first place of `wanted` in the scalar's text."""
    offset = scalar.text.index(wanted)
    mark = locate(scalar, scalar.text.count("\n", 0, offset) + 1, offset - scalar.text.rfind("\n", 0, offset))
    return mark.line, mark.column


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: one X", 1, 8),
        ("a: 'one X'", 1, 9),
        ("a: 'it''s X'", 1, 11),
        ('a: "one \\"X"', 1, 11),
        ('a: "\\u263a\\x20X"', 1, 15),
        ("a: one\n  two\n\n  X", 4, 3),
        ("a: 'one\n   two X'", 2, 8),
        ('a: "one\\\n  \\ X"', 2, 5),
        ("a: |\n  one\n\n  two X\n", 4, 7),
        ("a: |\n  one\n    deeper X\n", 3, 12),
        ("a: |2-\n    kept\n  X\n", 3, 3),
        ("a: >-\n  one\n  two X\n", 3, 7),
        ("a: >\n  one\n\n    deeper\n  X\n", 5, 3),
        ("a: # comment\n  |\n  X\n", 3, 3),
        ("a: |\n  X\n\n # comment\nb: 1", 2, 3),
        ("a: |\r\n  one\r\n  X\r\n", 3, 3),
    ],
)
def test_styles(text: str, line: int, column: int) -> None:
    assert found_at(scalar_in(text, "a"), "X") == (line, column)


@pytest.mark.parametrize(
    ("text", "wanted", "line", "column"),
    [
        ("a: x ${V} X", "X", 1, 11),
        ("a: x ${V} ${V}${V} X", "X", 1, 20),
        ("a: |\n  ${V}\n  b $${ X\n", "X", 3, 9),
        ("a: 'x ${V}'", "longer", 1, 7),
        ("a: 'x ${V}'", "value", 1, 7),
    ],
)
def test_variables_do_not_move_what_follows(text: str, wanted: str, line: int, column: int) -> None:
    scalar = scalar_in(text, "a", env={"V": "longer value"})
    assert found_at(scalar, wanted) == (line, column)


def test_a_value_of_several_lines_is_one_place() -> None:
    scalar = scalar_in("a: '${V} X'", "a", env={"V": "one\ntwo\nthree"})
    assert found_at(scalar, "two") == (1, 5)
    assert found_at(scalar, "X") == (1, 10)


def test_beyond_the_end_is_the_end() -> None:
    mark = locate(scalar_in("a: |\n  one\n", "a"), 9, 9)
    assert (mark.line, mark.column) == (2, 6)


class _Text(str):
    """A text that is dumped in a given style."""

    __slots__ = ("style",)


def _dump(value: Any, style: str | None, width: int) -> str:
    class Dumper(yaml.SafeDumper):
        pass

    Dumper.add_representer(
        _Text, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style=style)
    )
    dumped: str = yaml.dump(value, Dumper=Dumper, width=width, allow_unicode=True)
    return dumped


@given(
    text=st.text("ab:'\"\\ \n#é☺{-", min_size=1, max_size=60),
    style=st.sampled_from([None, "'", '"', "|", ">"]),
    width=st.sampled_from([10, 30, 200]),
    nested=st.booleans(),
)
def test_every_character_is_found_where_it_stands(text: str, style: str | None, width: int, nested: bool) -> None:
    dumped = _dump({"a": {"k": [_Text(text)]} if nested else _Text(text)}, style, width)
    scalar = scalar_in(dumped, *(("a", "k", 0) if nested else ("a",)))
    lines = LINE_BREAK.split(dumped)
    # what PyYAML writes folded it does not always read back alike: the text that was read is what counts
    for offset, character in enumerate(scalar.text):
        if character not in " \n":
            before = scalar.text[:offset]
            mark = locate(scalar, before.count("\n") + 1, offset - before.rfind("\n"))
            there = lines[mark.line - 1][mark.column - 1]
            assert there == character or (scalar.style == "double" and there == "\\")
