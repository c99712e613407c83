"""`conduix map --cases`: a conformance file, what share of it we agree with, and where we differ."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from conduix_tui.cli import words
from conduix_tui.cli.output import emit_data
from conduix_tui.cli.terminal import Exit, Terminal

if TYPE_CHECKING:
    from conduix.mapping.cases import Report


def run_cases(file: str, form: str, terminal: Terminal) -> Exit:
    """Run every case of the file; FAILED where one differs."""
    from conduix.mapping.cases import judge_all, read_cases  # noqa: PLC0415 - the language, not for `conduix --help`

    report = judge_all(read_cases(Path(file)))
    if form == "json":
        emit_data(terminal, _data(report), "json")
    else:
        _print(report, terminal)
    return Exit.FAILED if report.differing else Exit.DONE


def _print(report: Report, terminal: Terminal) -> None:
    rows = [
        (f"{report.share(name):.1f} %", f"{report.agreeing[name]} of {report.total[name]}", name)
        for name in report.categories
    ]
    rows.append((f"{report.share():.1f} %", f"{report.agreeing.total()} of {report.total.total()}", "all"))
    for line in words.table(rows, right=(0, 1)):
        terminal.emit(line)
    for judged in report.differing:
        terminal.say(words.visible(judged.difference))


def _data(report: Report) -> dict[str, object]:
    return {
        "share": round(report.share(), 2),
        "cases": report.total.total(),
        "agreeing": report.agreeing.total(),
        "categories": {
            name: {"cases": report.total[name], "agreeing": report.agreeing[name]} for name in report.categories
        },
        "differing": [
            {
                "id": judged.id,
                "category": judged.category,
                "expected": {"kind": judged.expected.kind, "text": judged.expected.text},
                "found": {"kind": judged.found.kind, "text": judged.found.text},
            }
            for judged in report.differing
        ],
    }
