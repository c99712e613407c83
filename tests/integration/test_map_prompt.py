"""`conduix map` in a real terminal: what is typed, completed, shown, remembered."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.command import conduix
from tests.tui.terminal import TmuxTerminal

BIN = Path(sys.executable).parent
RECORDS = """\
{"id":1,"name":"Ada","items":[{"sku":"a","price":2.5,"qty":2}],"customer":{"city":"Berlin"}}
{"id":2,"name":"Bo"}
"""
Open = Callable[[str], TmuxTerminal]


@pytest.fixture
def open_terminal(tmp_path: Path) -> Iterator[Open]:
    """Opens terminals with a command in them, each in a folder of its own with `orders.jsonl`; state they share."""
    environment = {
        "HOME": str(tmp_path), "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "LANG": "C.UTF-8",
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }  # fmt: skip
    opened: list[TmuxTerminal] = []

    def open_one(command: str) -> TmuxTerminal:
        folder = tmp_path / str(len(opened))
        folder.mkdir()
        (folder / "orders.jsonl").write_text(RECORDS, encoding="utf-8")
        opened.append(TmuxTerminal(f"{command}; echo ended with $?", folder, environment, (110, 45)))
        return opened[-1]

    yield open_one
    for terminal in opened:
        terminal.end()


def entered(terminal: TmuxTerminal, text: str, *shown: str) -> str:
    """Type an entry, wait until its result stands on the screen; the screen."""
    terminal.type(text)
    terminal.press("Enter")
    return terminal.shows(*shown)


def test_mappings_are_tried_on_a_sample_record(open_terminal: Open) -> None:
    terminal = open_terminal("conduix map --input orders.jsonl")
    terminal.shows("Enter a mapping", "line 1 of orders.jsonl", '"city": "Berlin"', "mapping>")

    terminal.type("root.b = this.customer.ci")
    terminal.press("Tab")
    terminal.shows("root.b = this.customer.city")
    terminal.press("Enter")
    terminal.shows('{"b": "Berlin"}')

    terminal.type("this.name.ha")
    terminal.press("Tab")
    terminal.shows("has_prefix(", "Whether the text begins with another", "has_suffix(")
    terminal.press("Tab")
    terminal.shows("this.name.has_prefix(")
    # the first Enter takes what was completed, the second runs the entry
    terminal.press("Enter")
    terminal.type('"A"')
    terminal.shows(".has_prefix(value)  Whether the text begins with another")
    terminal.type(")")
    terminal.press("Enter")
    terminal.shows("\ntrue\n")

    screen = entered(terminal, "this.name.uppercas()", "did you mean `uppercase`?")
    lines = screen.split("\n")
    caret = next(number for number, line in enumerate(lines) if line.strip() == "^")
    assert lines[caret].index("^") == lines[caret - 1].index("uppercas")


def test_an_entry_of_several_lines_and_what_it_defines(open_terminal: Open) -> None:
    terminal = open_terminal("conduix map --input orders.jsonl")
    terminal.shows("mapping>")
    for line in ("let total = this.items.map_each(i ->", "i.price * i.qty"):
        entered(terminal, line, line, "       .")
    entered(terminal, ").sum()", '{"$total": 5}', "kept for later entries: $total")
    entered(terminal, "root.half = $total / 2", '{"half": 2.5}')
    # Alt-Enter begins a line where the entry is whole already
    terminal.type("root.a = 1")
    terminal.press("M-Enter")
    entered(terminal, "root.b = 2", '{"a": 1, "b": 2}')
    # an empty line ends what is never closed
    entered(terminal, "root.c = [", "       .")
    terminal.press("Enter")
    terminal.shows("is never closed")


def test_commands_and_leaving(open_terminal: Open, tmp_path: Path) -> None:
    terminal = open_terminal("conduix map --input orders.jsonl")
    terminal.shows("mapping>")
    entered(terminal, ".next", '{"id": 2, "name": "Bo"}')
    entered(terminal, ".help slice", ".slice(low, high?)", "Where to end")
    entered(terminal, ".input 12", "typed")
    entered(terminal, "this + 1", "\n13\n")
    terminal.type("half an ent")
    terminal.press("C-c")
    entered(terminal, "this + 2", "\n14\n")
    terminal.press("C-d")
    terminal.shows("ended with 0")
    kept = tmp_path / "state" / "conduix" / "map" / "history"
    assert kept.stat().st_mode & 0o777 == 0o600

    terminal = open_terminal("conduix map --as condition")
    terminal.shows("Enter a condition", "condition>")
    terminal.press("Up")
    terminal.shows("condition> this + 2")
    terminal.press("C-c")
    entered(terminal, ".a == null", "\ntrue\n")
    entered(terminal, ".quit", "ended with 0")


def test_what_cannot_be_a_prompt_is_refused(open_terminal: Open, tmp_path: Path) -> None:
    open_terminal("conduix map --input nowhere.jsonl").shows("nowhere.jsonl: No such file", "ended with 2")
    done = conduix("map", "--input", "orders.jsonl", cwd=tmp_path)
    assert done.returncode == 2
    assert "only on a terminal" in done.stderr


def test_records_of_a_file_are_mapped_filtered_and_changed(tmp_path: Path) -> None:
    (tmp_path / "orders.jsonl").write_text(RECORDS, encoding="utf-8")
    mapped = conduix("map", "root = this.name", "--input", "orders.jsonl", cwd=tmp_path)
    assert (mapped.returncode, mapped.stdout) == (0, '"Ada"\n"Bo"\n')
    kept = conduix("map", "--as", "condition", ".id > 1", "--input", "orders.jsonl", cwd=tmp_path)
    assert kept.stdout == RECORDS.splitlines(keepends=True)[1]
    changed = conduix("map", "--as", "remap", ".name = upcase!(.name)", cwd=tmp_path, stdin='{"name":"a","b":1}\n')
    assert changed.stdout == '{"name":"A","b":1}\n'
    wrong = conduix("map", "--as", "remap", ".name = upcas(.name)", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "did you mean `upcase`?" in wrong.stderr
    missing = conduix("map", "root = this", "--input", "nowhere.jsonl", cwd=tmp_path)
    assert missing.returncode == 2
    assert "nowhere.jsonl: No such file" in missing.stderr
