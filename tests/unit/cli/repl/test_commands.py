"""What entries and commands show, on streams in memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from prompt_toolkit.history import FileHistory, InMemoryHistory

from conduix.mapping.functions import table
from conduix.mapping.vrl import names as remap_names
from conduix_tui.cli.map_forms import Form
from conduix_tui.cli.repl.bench import Bench
from conduix_tui.cli.repl.commands import Dialogue, Leave
from conduix_tui.cli.repl.help import about
from conduix_tui.cli.repl.history import MOST_BYTES, open_history
from conduix_tui.cli.repl.samples import Samples
from conduix_tui.cli.repl.words import COMMANDS, named_command
from tests.unit.cli.terminals import Screen


class Table:
    """A dialogue and what it has shown."""

    def __init__(self, form: Form = "mapping", env: Mapping[str, str] | None = None) -> None:
        self.screen = Screen(tty=bool(env), env=env)
        self.samples = Samples()
        history = ["last", "first"]
        self.dialogue = Dialogue(Bench(form, self.samples), self.screen.terminal, lambda: history, Path("/kept/here"))

    def enter(self, *texts: str) -> str:
        """What standard output has after these."""
        for text in texts:
            self.dialogue.enter(text)
        return self.screen.out


def test_a_result_is_one_line_where_it_fits_and_else_indented() -> None:
    assert Table().enter("root.a = 1") == '{"a": 1}\n'
    long = Table().enter('root.first = "x".repeat(40)\nroot.second = "y".repeat(40)')
    assert long.splitlines() == ["{", f'  "first": "{"x" * 40}",', f'  "second": "{"y" * 40}"', "}"]


def test_what_comes_beside_a_result_is_said() -> None:
    assert "the record ends here" in Table().enter("root = deleted()")
    assert Table().enter('meta t = "x"').splitlines() == ["{}", '@ {"t": "x"}']
    assert "kept for later entries: $x, map m" in Table().enter("let x = 1\nmap m { root = this }")
    assert "not kept, because of what it reads: $x" in Table().enter("let x = root.a")


def test_results_are_coloured_where_the_terminal_has_colours() -> None:
    assert Table(env={"TERM": "xterm"}).enter("root.a = 1") == '{\x1b[36m"a"\x1b[0m: \x1b[33m1\x1b[0m}\n'


def test_a_result_cannot_steer_the_terminal() -> None:
    assert "\x9b" not in Table(env={"TERM": "xterm", "NO_COLOR": "1"}).enter('root.a = "\\u009b2J"')


def test_what_is_wrong_has_a_caret_under_its_place_and_says_what_to_write() -> None:
    table = Table()
    table.enter("root.b = this.a.uppercas()")
    line, caret, error = table.screen.err.splitlines()
    assert line == "root.b = this.a.uppercas()"
    assert caret.index("^") == line.index("uppercas")
    assert error == "error: 1:17: unrecognised method 'uppercas': did you mean `uppercase`?"


def test_what_is_wrong_in_a_definition_shows_the_definition() -> None:
    table = Table()
    table.enter("map m { root = this.uppercase() }", 'root = 5.apply("m")')
    assert "map m { root = this.uppercase() }\n" in table.screen.err
    assert table.screen.err.endswith("in what was defined before\n")


def test_the_record_is_shown_and_set(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text('{"n":1}\n{"n":2}\n', encoding="utf-8")
    table = Table()
    shown = table.enter('.input {"a": 1}', f".input {file}", ".next", ".prev", "this.n", ".input")
    table.samples.close()
    origin = f"line 1 of {file}"
    assert shown.splitlines() == [
        "typed", '{"a": 1}', origin, '{"n": 1}', f"line 2 of {file}", '{"n": 2}', origin, '{"n": 1}', "1",
        origin, '{"n": 1}',
    ]  # fmt: skip


def test_of_a_large_record_the_beginning_is_shown_until_all_of_it_is_asked_for() -> None:
    table = Table()
    shown = table.enter('.input {"a":["' + '","'.join("x" * 10 for _ in range(100)) + '"]}').splitlines()
    assert len(shown) == 26
    assert shown[-1] == "… 80 more lines; .input shows all"
    assert len(table.enter(".input").splitlines()) == 26 + 105


def test_metadata_is_shown_and_set() -> None:
    assert Table().enter('.meta {"topic": "t"}', "@topic", ".meta").splitlines() == [
        '{"topic": "t"}', '"t"', '{"topic": "t"}',
    ]  # fmt: skip


def test_a_command_that_fails_says_what_to_do() -> None:
    table = Table()
    table.enter(".next", ".help uppercse", ".explain", ".input nowhere.jsonl")
    assert table.screen.err.splitlines() == [
        "error: there is no file of records", "remedy: write .input FILE, or start with --input FILE",
        "error: there is no function or method uppercse", "remedy: write .help uppercase",
        "error: there is no entry yet", "remedy: write .explain root.b = this.a",
        "error: cannot read the records nowhere.jsonl: No such file or directory", "remedy: check the path",
    ]  # fmt: skip


def test_an_explanation_is_of_the_last_entry_and_what_it_uses() -> None:
    shown = Table().enter("let x = this.a", "root.b = $x", ".explain")
    assert "let x =" in shown
    assert "f0 = a: any" in shown
    assert "f0 = c: number" in Table().enter(".explain root.d = this.c * 2")


def test_definitions_are_listed_and_forgotten() -> None:
    shown = Table().enter("let x = 1", ".kept", ".forget", ".kept")
    assert shown.splitlines()[2:] == ["let x = 1", "nothing is defined"]


def test_the_history_is_the_last_entries_and_their_file() -> None:
    assert Table().enter(".history").splitlines() == ["first", "last", "/kept/here"]


def test_quit_leaves() -> None:
    with pytest.raises(Leave):
        Table().dialogue.enter(".quit")


# help


def test_help_lists_every_command() -> None:
    shown = Table().enter(".help")
    assert all(f"  .{command.name}" in shown for command in COMMANDS)


@pytest.mark.parametrize("name", ["slice", ".slice", "slice()", "slice("])
def test_help_shows_signature_arguments_and_examples(name: str) -> None:
    shown = Table().enter(f".help {name}")
    for part in (".slice(low, high?)", "high?", "Where to end", "this.a.slice(0, 2)", '→ {"a":"fo"'):
        assert part in shown


def test_help_knows_older_names_families_and_words_of_descriptions() -> None:
    assert "Another name of .ts_format(format?, tz?)." in Table().enter(".help format_timestamp")
    assert ".ts_parse(" in Table().enter(".help time")
    assert "nothing is called upper case; these mention it:" in Table().enter(".help upper case")
    both = Table().enter(".help json")
    assert both.startswith("json(path?)")


def test_help_of_a_remap_is_about_its_functions() -> None:
    assert (
        Table("remap")
        .enter(".help upcase")
        .startswith("upcase(value)\n  The text in upper case.\n  Is .uppercase().\n")
    )
    assert "to_int!(" in Table("remap").enter(".help to_int")
    assert Table().enter(".help round") != Table("remap").enter(".help round")


def test_help_of_a_remap_lists_its_names_and_looks_among_them() -> None:
    assert "upcase" in Table("remap").enter(".help")
    found = Table("remap").enter(".help upper case")
    assert "upcase(value)" in found
    assert ".uppercase()" not in found
    table = Table("remap")
    table.enter(".help strngs")
    assert "write .help string" in table.screen.err


def test_every_function_has_help() -> None:
    for (_, name), function in table().items():
        shown = "\n".join(about(name, "mapping"))
        assert function.doc in shown
        assert all(example.mapping.split("\n")[0] in shown for example in function.examples)
    for name in set(remap_names()) - {"abort", "del", "exists"}:
        assert f"{name}(" in about(name, "remap")[0]


def test_what_a_remap_says_without_calling_it_has_help_too() -> None:
    for name in ("abort", "del", "exists"):
        assert about(name, "remap")[0].startswith(name)


# commands and entries


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (".help", "help"),
        ("  .help slice ", "help"),
        ('.input {"a":\n 1}', "input"),
        (".next", "next"),
        (".next == 1", None),
        (".next now", None),
        (".meta = {}", None),
        (".input /a/b.jsonl", "input"),
        (".input -1", "input"),
        (".input / 2", None),
        (".input.a", None),
        (".inputs", None),
        ("root = this", None),
        ("", None),
    ],
)
def test_what_is_a_command(text: str, name: str | None) -> None:
    command, _ = named_command(text)
    assert (command and command.name) == name


# history


def test_entries_are_kept_where_only_their_owner_reads_them(tmp_path: Path) -> None:
    env = {"XDG_STATE_HOME": str(tmp_path)}
    history, file = open_history(env)
    assert file == tmp_path / "conduix" / "map" / "history"
    assert file.stat().st_mode & 0o777 == 0o600
    history.append_string("root = this")
    again, _ = open_history(env)
    assert isinstance(again, FileHistory)
    assert list(again.load_history_strings()) == ["root = this"]


def test_a_history_that_cannot_be_written_is_none_on_disk(tmp_path: Path) -> None:
    (tmp_path / "conduix").write_text("a file", encoding="utf-8")
    history, file = open_history({"XDG_STATE_HOME": str(tmp_path)})
    assert isinstance(history, InMemoryHistory)
    assert file is None


def test_a_long_history_loses_its_older_half(tmp_path: Path) -> None:
    env = {"XDG_STATE_HOME": str(tmp_path)}
    _, file = open_history(env)
    assert file is not None
    file.write_text("".join(f"\n# then\n+root.a = {n:07}\n" for n in range(MOST_BYTES // 20)), encoding="utf-8")
    history, _ = open_history(env)
    assert isinstance(history, FileHistory)
    kept = list(history.load_history_strings())
    assert kept[0] == f"root.a = {MOST_BYTES // 20 - 1:07}"
    assert 0 < len(kept) < MOST_BYTES // 30
    assert all(len(text) == len("root.a = 0000000") for text in kept)
