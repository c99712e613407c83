"""Runs what is entered, an entry or a command, and shows what came of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from conduix.errors import ConduixError, UsageError
from conduix.mapping.inputs import payload_of
from conduix_tui.cli import words
from conduix_tui.cli.excerpt import excerpt
from conduix_tui.cli.map_explain import Explanation
from conduix_tui.cli.repl.bench import Answer, Bench, Wrong
from conduix_tui.cli.repl.completion import Known
from conduix_tui.cli.repl.help import about, overview
from conduix_tui.cli.repl.words import named_command
from conduix_tui.cli.terminal import Terminal

_ONE_LINE = 72
"""Results that are not longer stand on one line."""
_GLANCE = 24
"""Lines that are shown of a record that has just become the current one."""
_JSON = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*")(?=:)|(?P<text>"(?:[^"\\]|\\.)*")|(?P<other>-?\d[\d.eE+-]*|true|false|null)'
)
_COLOURS = {"key": "cyan", "text": "green", "other": "yellow"}


class Leave(Exception):
    """The person wants to go."""


class Dialogue:
    """Entries and commands in, results out.

    Args:
        history: gives the entries so far, the last one first.
        file: where they are kept; None: nowhere.
    """

    def __init__(self, bench: Bench, terminal: Terminal, history: Callable[[], list[str]], file: Path | None) -> None:
        self._bench = bench
        self._terminal = terminal
        self._history = history
        self._file = file
        samples = bench.samples
        self._commands: dict[str, Callable[[str], None]] = {
            "help": self._help,
            "input": self._input,
            "next": lambda _: self._moved(samples.next),
            "prev": lambda _: self._moved(samples.previous),
            "meta": self._meta,
            "explain": self._explain,
            "kept": lambda _: self._emit(bench.definitions() or ["nothing is defined"]),
            "forget": lambda _: bench.forget(),
            "history": self._show_history,
            "quit": self._quit,
        }

    @property
    def known(self) -> Known:
        """What can be completed."""
        bench, samples = self._bench, self._bench.samples
        return Known(bench.form, samples.value, samples.meta, bench.variables, bench.maps)

    def enter(self, text: str) -> None:
        """Run one entry or command; what is wrong is shown. Raises Leave."""
        command, argument = named_command(text)
        try:
            if command is not None:
                self._commands[command.name](argument)
            elif text.strip():
                self._show(self._bench.run(text))
        except Wrong as wrong:
            self._wrong(wrong)
        except ConduixError as error:
            self._terminal.error(error.message)
            self._terminal.remedy(error.remedy)
        finally:
            self._terminal.out.flush()

    def show_record(self, most: int | None = _GLANCE) -> None:
        """The record and where it is from; `most`: so many lines of it, None: all."""
        self._dim(self._bench.samples.origin)
        lines = self._pretty(self._bench.samples.value).split("\n")
        self._emit(lines[:most])
        if most is not None and len(lines) > most:
            self._dim(f"… {words.plural(len(lines) - most, 'more line')}; .input shows all")

    # what comes of an entry

    def _show(self, answer: Answer) -> None:
        if answer.deleted:
            self._dim("deleted: the record ends here")
        elif not answer.silent:
            self._emit([self._pretty(answer.value)])
        if answer.meta is not None:
            self._emit([f"@ {self._pretty(answer.meta)}"])
        if answer.kept:
            self._dim(f"kept for later entries: {', '.join(answer.kept)}")
        if answer.passing:
            self._dim(f"not kept, because of what it reads: {', '.join(answer.passing)}")

    def _pretty(self, value: Any) -> str:
        text = payload_of(value)
        line = msgspec.json.format(text, indent=0).decode()
        shown = line if len(line) <= _ONE_LINE else msgspec.json.format(text, indent=2).decode()
        return _JSON.sub(self._coloured, words.visible(shown))

    def _coloured(self, found: re.Match[str]) -> str:
        return self._terminal.styled(found[0], _COLOURS[found.lastgroup or "other"], out=True)

    def _wrong(self, wrong: Wrong) -> None:
        where = f" in {wrong.origin}" if wrong.origin else ""
        if wrong.line:
            shown, blanks = excerpt(wrong.line, wrong.column)
            self._terminal.say(f"{shown}\n{' ' * blanks}{self._terminal.styled('^', 'bold', 'green')}")
        place = f"{wrong.number}:{wrong.column}: " if wrong.number else ""
        self._terminal.error(f"{place}{wrong.message}{where}")
        self._terminal.remedy(wrong.remedy)

    def _emit(self, lines: list[str]) -> None:
        self._terminal.emit("\n".join(lines))

    def _dim(self, text: str) -> None:
        self._emit([self._terminal.styled(words.visible(text), "dim", out=True)])

    # commands

    def _help(self, topic: str) -> None:
        form = self._bench.form
        self._emit(about(topic, form) if topic else overview(form))

    def _input(self, text: str) -> None:
        if text:
            is_json = re.match(r'[\[{"\d-]|(?:true|false|null)\Z', text) is not None
            (self._bench.samples.typed if is_json else self._bench.samples.open)(text)
        self.show_record(_GLANCE if text else None)

    def _moved(self, move: Callable[[], None]) -> None:
        move()
        self.show_record()

    def _meta(self, text: str) -> None:
        if text:
            self._bench.samples.typed_meta(text)
        self._emit([self._pretty(self._bench.samples.meta)])

    def _explain(self, text: str) -> None:
        text = text or self._bench.last
        if not text:
            raise UsageError("there is no entry yet", remedy="write .explain root.b = this.a")
        sample = self._bench.samples.value
        records = [sample] if isinstance(sample, dict) and sample else []
        explanation = Explanation.of(self._bench.read(text), self._bench.form, records)
        self._emit(explanation.lines(self._terminal))

    def _show_history(self, _: str) -> None:
        self._emit([*reversed(self._history()[:20])])
        if self._file is not None:
            self._dim(str(self._file))

    def _quit(self, _: str) -> None:
        raise Leave
