"""The argument parser: its errors suggest what was meant, its help shows examples."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from typing import NoReturn

from conduix_tui.cli.terminal import Exit, Terminal

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
        """The long options, as written; those of its own commands too."""
        own = [name for name in self._option_string_actions if name.startswith("--")]
        return [*own, *self.options_of_commands]

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and what was probably meant, on standard error; exit 2."""
        self.exit(Exit.USAGE, f"error: {message}{self._suggestion(message)}\nusage: see {self.prog} --help\n")

    def _suggestion(self, message: str) -> str:
        if found := _CHOICE.search(message):
            known = re.findall(r"'([^']*)'", found["known"])
        elif found := _UNKNOWN.search(message):
            known = self.option_names()
        else:
            return ""
        from conduix.spec.diagnostics import nearest  # noqa: PLC0415 - only where there is something to suggest

        near = nearest(found["given"], known)
        return f"; did you mean {near}?" if near else ""


class Commands:
    """The commands of a verb that has several: `conduix agents list`."""

    def __init__(self, parser: Parser) -> None:
        self._parser = parser
        self._commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)

    def add(
        self,
        name: str,
        text: str,
        execute: Callable[[argparse.Namespace, Terminal], int],
        *arguments: Callable[[Parser], None],
    ) -> None:
        """One command: its help, what it does, what declares its arguments."""
        sub = self._commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        sub.set_defaults(execute=execute)
        for declare in arguments:
            declare(sub)
        self._parser.options_of_commands += sub.option_names()


def count(text: str) -> int:
    """The type of arguments that count something, from 1."""
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1; write for example 3")
    return int(text)


def port(text: str) -> int:
    """The type of arguments that are ports; 0 is a free one."""
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; write a number from 0 to 65535")
    return int(text)


def seconds(text: str) -> float:
    """The type of arguments that are durations."""
    from conduix.spec.units import parse_duration  # noqa: PLC0415 - only where one is given

    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def examples(*lines: str) -> str:
    """The epilog of a command's help."""
    return "examples:\n" + "\n".join(f"  {line}" for line in lines)


def add_output(parser: argparse.ArgumentParser, formats: Sequence[str] = ("text", "json", "yaml")) -> None:
    """`--output` for commands that read; the first format is the default."""
    parser.add_argument(
        "-o", "--output", choices=formats, default=formats[0], help=f"how the result is written (default {formats[0]})"
    )
