"""Colours, standard error, and how errors are said."""

from __future__ import annotations

import pytest

from conduix.errors import StateBusy, UsageError
from tests.unit.cli.terminals import Screen


@pytest.mark.parametrize(
    ("tty", "env", "coloured"),
    [
        (True, {}, True),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
        (False, {}, False),
        (False, {"FORCE_COLOR": "1"}, True),
        (False, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colours_follow_the_terminal_and_the_environment(tty: bool, env: dict[str, str], coloured: bool) -> None:
    terminal = Screen(tty=tty, env=env).terminal
    assert (terminal.styled("x", "red") != "x") is coloured
    assert (terminal.styled("x", "red", out=True) != "x") is coloured


def test_an_error_says_its_code_and_what_to_do() -> None:
    screen = Screen()
    screen.terminal.fail(StateBusy("held by pid 7", remedy="wait for it"))
    assert screen.err == "error: held by pid 7 (STATE_BUSY)\nremedy: wait for it\n"
    assert screen.out == ""


def test_without_a_remedy_no_empty_line_is_said() -> None:
    screen = Screen()
    screen.terminal.fail(UsageError("wrong"))
    assert screen.err == "error: wrong (USAGE)\n"


def test_results_go_to_standard_output_with_one_newline() -> None:
    screen = Screen()
    screen.terminal.emit("a")
    screen.terminal.emit("b\n")
    assert (screen.out, screen.err) == ("a\nb\n", "")


def test_while_a_bar_is_drawn_lines_go_above_it() -> None:
    screen = Screen(tty=True)
    above: list[str] = []
    screen.terminal.above = above.append
    screen.terminal.say("paused")
    assert (above, screen.err) == (["paused"], "")


def test_a_dumb_terminal_gets_no_bar() -> None:
    assert Screen(tty=True).terminal.interactive
    assert not Screen(tty=True, env={"TERM": "dumb"}).terminal.interactive
    assert not Screen().terminal.interactive
