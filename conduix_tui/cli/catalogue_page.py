"""The catalogue as Markdown: `docs/reference/catalogue.md` is this, word for word."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from conduix.engine.catalog import Entry
from conduix_tui.cli.options import OptionRow, option_rows


def markdown(entries: Iterable[Entry]) -> str:
    """One section an entry: what it is, then a table of its options."""
    return "\n".join(line for entry in entries for line in _section(entry)).rstrip() + "\n"


def _section(entry: Entry) -> Iterator[str]:
    yield f"## {entry.role} `{entry.type}`\n"
    yield f"{entry.summary}\n"
    facts = [
        f"Also called {', '.join(f'`{alias}`' for alias in entry.aliases)}." if entry.aliases else "",
        f"Guarantee: {entry.guarantee}." if entry.guarantee else "",
        f"Needs `pip install conduix[{entry.extra}]`." if entry.extra else "",
    ]
    if any(facts):
        yield " ".join(filter(None, facts)) + "\n"
    rows = option_rows(entry.options)
    if rows:
        yield "| option | type | default | what it does | example |"
        yield "|---|---|---|---|---|"
        yield from map(_row, rows)
        yield ""


def _row(row: OptionRow) -> str:
    default = "required" if row.required else _code(row.default_text)
    example = _code(row.example_text) if row.examples else ""
    names = " or ".join(f"`{name}`" for name in row.name.split("|"))
    return f"| {names} | {_cell(row.type)} | {default} | {_cell(row.description)} | {example} |"


def _code(text: str) -> str:
    if text == "unset":
        return text
    return "<br>".join(f"`{_cell(line)}`" for line in text.strip().split("\n"))


def _cell(text: str) -> str:
    """A bar would end the cell."""
    return text.replace("|", "\\|")
