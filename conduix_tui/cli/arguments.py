"""The argument parser: its errors suggest what was meant, its help shows examples."""

from __future__ import annotations

import argparse
import re
from typing import NoReturn

from conduix_tui.cli.terminal import Exit

_CHOICE = re.compile(r"invalid choice: '(?P<given>[^']*)' \(choose from (?P<known>.*)\)")
_UNKNOWN = re.compile(r"unrecognized arguments: (?P<given>--[\w-]+)")


class Parser(argparse.ArgumentParser):
    """An argparse parser whose help keeps the line breaks of its examples; options are never abbreviated."""

    def __init__(self, **settings: object) -> None:
        settings.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        settings.setdefault("allow_abbrev", False)
        super().__init__(**settings)  # type: ignore[arg-type]  # passed through: argparse's own signature
        self.options_of_commands: list[str] = []
        """Of the sub-parsers, for suggestions: argparse reports an unknown option of theirs through us."""

    def option_names(self) -> list[str]:
        """The long options, as written."""
        return [name for name in self._option_string_actions if name.startswith("--")]

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and what was probably meant, on standard error; exit 2."""
        self.exit(Exit.USAGE, f"error: {message}{self._suggestion(message)}\nusage: see {self.prog} --help\n")

    def _suggestion(self, message: str) -> str:
        if found := _CHOICE.search(message):
            known = re.findall(r"'([^']*)'", found["known"])
        elif found := _UNKNOWN.search(message):
            known = [*self.option_names(), *self.options_of_commands]
        else:
            return ""
        from conduix.spec.diagnostics import nearest  # noqa: PLC0415 - only where there is something to suggest

        near = nearest(found["given"], known)
        return f"; did you mean {near}?" if near else ""


def examples(*lines: str) -> str:
    """The epilog of a command's help."""
    return "examples:\n" + "\n".join(f"  {line}" for line in lines)


def add_output(parser: argparse.ArgumentParser, *formats: str) -> None:
    """`--output` for commands that read; the first format is the default."""
    parser.add_argument(
        "-o", "--output", choices=formats, default=formats[0], help=f"how the result is written (default {formats[0]})"
    )
