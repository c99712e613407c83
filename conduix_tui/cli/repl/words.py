"""The commands that are entered between mappings; each begins with a dot."""

from __future__ import annotations

import re
from typing import NamedTuple


class Command(NamedTuple):
    """A command; `argument` is what may stand after it."""

    name: str
    argument: str
    text: str


COMMANDS = (
    Command("help", "[NAME]", "this, or a function, a method, a family of them"),
    Command("input", "[JSON|FILE]", "show the record; set it; read the first one of a file"),
    Command("next", "", "the next record of the file"),
    Command("prev", "", "the record before"),
    Command("meta", "[JSON]", "show the metadata of the record, or set it"),
    Command("explain", "[EXPR]", "tree, what is decoded, and code: of EXPR, or of the last entry"),
    Command("kept", "", "what is defined: `let` and `map` of earlier entries"),
    Command("forget", "", "keep none of that"),
    Command("history", "", "the last entries, and the file that holds them"),
    Command("quit", "", "leave; so does Ctrl-D"),
)
_BY_NAME = {command.name: command for command in COMMANDS}
_ENTERED = re.compile(r"\s*\.(\w+)(?:\s+(.*))?\s*\Z", re.DOTALL)
_OPERATOR = re.compile(r"[=!<>+*/%|&?-]+\s")


def named_command(text: str) -> tuple[Command | None, str]:
    """The command that a text is, and its argument; None: it is an entry.

    In conditions and remaps fields begin with a dot too: `.next == 1` and `.meta = {}` are no commands.
    """
    entered = _ENTERED.match(text)
    command = _BY_NAME.get(entered[1]) if entered else None
    argument = (entered[2] or "").strip() if entered else ""
    if command is None or (argument and not command.argument) or _OPERATOR.match(argument):
        return None, ""
    return command, argument
