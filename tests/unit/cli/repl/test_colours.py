"""Colours of what is being entered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.document import Document

from conduix_tui.cli.repl.colours import Colours, coloured


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'root.a = this.b.slice(1) + "x" # why',
            [
                ("bold", "root"), ("bold", "this"), ("ansicyan", "slice"), ("ansiyellow", "1"), ("ansigreen", '"x"'),
                ("ansibrightblack", "# why"),
            ],
        ),
        ("let x = $y | @key", [("bold", "let"), ("ansimagenta", "$y"), ("ansimagenta", "@key")]),
        (".a = upcase!(.this)", [("ansicyan", "upcase")]),
        ('root = "never closed # {', [("bold", "root"), ("ansigreen", '"never closed # {')]),
        ("x = r'#' + 1.5", [("ansigreen", "r'#'"), ("ansiyellow", "1.5")]),
    ],
)  # fmt: skip
def test_pieces_have_the_colours_of_their_kind(text: str, expected: list[tuple[str, str]]) -> None:
    assert [piece for piece in coloured(text) if piece[0]] == expected


@given(st.text(alphabet="ab1\"#\n\\.$@(' =", max_size=40))
def test_no_character_is_lost(text: str) -> None:
    line = Colours().lex_document(Document(text))
    lines = ["".join(part for _, part, *_ in line(number)) for number in range(text.count("\n") + 1)]
    assert "\n".join(lines) == text
    assert line(99) == []
