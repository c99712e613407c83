"""Passwords and tokens from where they belong: a prompt, a file, standard input; never the command line."""

from __future__ import annotations

import getpass

from conduix.errors import UsageError, from_os_error
from conduix_tui.cli.terminal import Terminal

_MAX_BYTES = 4096


def read_secret(file: str | None, prompt: str, terminal: Terminal, *, option: str) -> str:
    """The first line of `file` (`-`: standard input), else what the person types.

    Raises:
        UsageError: the file cannot be read or is empty, or nobody is there to ask; `option` names the file's flag.
    """
    if file is None:
        return _ask(prompt, terminal, option)
    if file == "-":
        data = terminal.stdin.readline(_MAX_BYTES)
    else:
        try:
            with open(file, "rb") as stream:
                data = stream.readline(_MAX_BYTES)
        except OSError as error:
            raise from_os_error(error, "read", file) from error
    try:
        secret = data.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        secret = ""
    if not secret:
        name = "standard input" if file == "-" else file
        raise UsageError(f"{name} has no {prompt} in its first line", remedy=f"write it there, as UTF-8; see {option}")
    return secret


def _ask(prompt: str, terminal: Terminal, option: str) -> str:
    if not terminal.stdin.isatty():
        raise UsageError(
            f"no {prompt}, and no terminal to ask on", remedy=f"give {option} FILE, or {option} - for standard input"
        )
    terminal.err.flush()
    if not (secret := getpass.getpass(f"{prompt}: ")):
        raise UsageError(f"an empty {prompt}", remedy="type it, or press Ctrl-C")
    return secret


def confirm(question: str, terminal: Terminal, *, yes: bool) -> bool:
    """Does the person mean it? `yes`: said on the command line.

    Raises:
        UsageError: nobody is there to ask.
    """
    if yes:
        return True
    if not terminal.stdin.isatty():
        raise UsageError(f"{question} Nobody is here to say so", remedy="give --yes")
    terminal.err.write(f"{question} [y/N] ")
    terminal.err.flush()
    return terminal.stdin.readline().strip().lower() in (b"y", b"yes")
