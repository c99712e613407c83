"""Diagnostics as a person reads them: one line each in a pipe, with the source line and a caret on a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from conduix.spec.diagnostics import Diagnostic
from conduix_tui.cli.excerpt import excerpt
from conduix_tui.cli.terminal import Terminal
from conduix_tui.cli.words import visible


def as_data(diagnostic: Diagnostic) -> dict[str, Any]:
    """For `--output json`."""
    return {
        "file": diagnostic.file,
        "line": diagnostic.line,
        "column": diagnostic.column,
        "path": diagnostic.path,
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "suggestion": diagnostic.suggestion,
    }


def render(diagnostics: Iterable[Diagnostic], file: str, data: bytes, terminal: Terminal, *, out: bool) -> str:
    """All of them, for standard output (`out`) or standard error; `data` is the document called `file`."""
    if not (terminal.out if out else terminal.err).isatty():
        return "\n".join(map(str, diagnostics))
    lines = data.decode("utf-8", errors="replace").splitlines()
    return "\n".join(_with_source(each, lines if each.file == file else [], terminal, out=out) for each in diagnostics)


def _with_source(diagnostic: Diagnostic, lines: list[str], terminal: Terminal, *, out: bool) -> str:
    place = terminal.styled(f"{diagnostic.file}:{diagnostic.line}:{diagnostic.column}:", "bold", out=out)
    colour = "red" if diagnostic.severity == "error" else "yellow"
    severity = terminal.styled(f"{diagnostic.severity} {diagnostic.code}:", "bold", colour, out=out)
    path = f" ({diagnostic.path})" if diagnostic.path else ""
    shown = [f"{place} {severity} {visible(diagnostic.message + path)}"]
    if 0 < diagnostic.line <= len(lines):
        shown += _excerpt(lines[diagnostic.line - 1], diagnostic, terminal, out=out)
    if diagnostic.suggestion:
        first, *more = visible(diagnostic.suggestion).split("\n")
        shown.append(f"      {terminal.styled('write', 'green', out=out)} {first}")
        shown += [f"            {line}" for line in more]
    return "\n".join(shown)


def _excerpt(source: str, diagnostic: Diagnostic, terminal: Terminal, *, out: bool) -> list[str]:
    gutter = f"{diagnostic.line:5} | "
    shown, blanks = excerpt(source, diagnostic.column)
    caret = " " * blanks + terminal.styled("^", "bold", "green", out=out)
    return [gutter + shown, f"{' ' * (len(gutter) - 2)}| {caret}"]
