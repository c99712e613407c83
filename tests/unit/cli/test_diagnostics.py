"""Diagnostics in a pipe and on a terminal."""

from __future__ import annotations

from conduix.spec.diagnostics import Diagnostic
from conduix_tui.cli.diagnostics import render
from tests.unit.cli.terminals import Screen

TEXT = "name: x\nsource: {typ: file}\n"
PROBLEM = Diagnostic("x.yaml", 2, 10, "source.typ", "UNKNOWN_KEY", "there is no key `typ` here", "type")


def shown(problem: Diagnostic, text: str = TEXT, *, tty: bool = True) -> list[str]:
    terminal = Screen(tty=tty, env={"NO_COLOR": "1"}).terminal
    return render([problem], "x.yaml", text.encode(), terminal, out=True).splitlines()


def test_in_a_pipe_a_diagnostic_is_one_line() -> None:
    assert shown(PROBLEM, tty=False) == [str(PROBLEM)]


def test_on_a_terminal_the_line_is_shown_with_a_caret() -> None:
    assert shown(PROBLEM) == [
        "x.yaml:2:10: error UNKNOWN_KEY: there is no key `typ` here (source.typ)",
        "    2 | source: {typ: file}",
        "      |          ^",
        "      write type",
    ]


def test_the_caret_stands_below_its_character_behind_wide_ones() -> None:
    _, source, caret, *_ = shown(Diagnostic("x.yaml", 1, 5, "", "C", "m"), "이름: {\n")
    # two characters of two columns each stand before it
    assert caret.index("^") == source.index("{") + 2


def test_of_a_long_line_the_part_around_the_caret_is_shown() -> None:
    _, source, caret, *_ = shown(Diagnostic("x.yaml", 1, 1001, "", "C", "m"), "a" * 1000 + "!" + "a" * 1000)
    assert len(source) < 140
    assert source[caret.index("^")] == "!"


def test_control_characters_of_a_document_do_not_reach_the_terminal() -> None:
    problem = Diagnostic("x.yaml", 1, 1, "", "C", "bad \x1b[2J", "\x1b]0;title\x07")
    assert not any("\x1b" in line or "\x07" in line for line in shown(problem, "a\x1b[31mb\n"))


def test_a_problem_of_another_file_shows_no_line_of_this_one() -> None:
    assert len(shown(Diagnostic("--set source.path", 1, 1, "", "C", "m"))) == 1
