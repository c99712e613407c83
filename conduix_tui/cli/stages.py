"""`conduix stages`: the catalogue, straight from the option models that check the documents."""

from __future__ import annotations

import argparse
import textwrap
from typing import TYPE_CHECKING, Any

from conduix.errors import UsageError
from conduix_tui.cli import words
from conduix_tui.cli.arguments import add_output, examples
from conduix_tui.cli.output import emit_data
from conduix_tui.cli.terminal import Exit, Terminal

if TYPE_CHECKING:
    from conduix.engine.catalog import Catalog, Entry
    from conduix.spec.model import Role

DESCRIPTION = "The catalogue of this installation: every source, stage and sink; with NAME its options."
EXAMPLES = examples(
    "conduix stages                       everything, one line each",
    "conduix stages file                  every option: type, default, example",
    "conduix stages --output json         the same for scripts",
    "conduix stages --schema > conduix.schema.json   JSON Schema of a document, for editors",
)
_ROLES: tuple[Role, ...] = ("source", "stage", "sink")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `conduix stages`."""
    parser.add_argument("name", metavar="NAME", nargs="?", help="a source, stage or sink, by name or alias")
    parser.add_argument("--schema", action="store_true", help="JSON Schema of a document (with NAME: of its options)")
    add_output(parser, ("text", "json", "yaml", "markdown"))


def execute(args: argparse.Namespace, terminal: Terminal) -> Exit:
    """Print the catalogue, one entry, or a schema."""
    from conduix.engine.catalog import default_catalog  # noqa: PLC0415 - heavy: see arguments of `conduix --help`

    catalog = default_catalog()
    entries = _named(catalog, args.name) if args.name else list(catalog.entries)
    if args.schema:
        form = "yaml" if args.output == "yaml" else "json"
        emit_data(terminal, _schema(catalog, entries if args.name else None), form)
    elif args.output == "markdown":
        from conduix_tui.cli.catalogue_page import markdown  # noqa: PLC0415

        terminal.emit(markdown(entries))
    elif args.output != "text":
        emit_data(terminal, [_as_data(entry) for entry in entries], args.output)
    elif args.name:
        terminal.emit("\n\n".join(_describe(entry, terminal) for entry in entries))
    else:
        terminal.emit(_overview(entries, terminal))
    return Exit.DONE


def _named(catalog: Catalog, name: str) -> list[Entry]:
    from conduix.spec.diagnostics import nearest  # noqa: PLC0415

    found = [entry for role in _ROLES if (entry := catalog.find(role, name))]
    if not found:
        known = {known for role in _ROLES for known in catalog.names(role)}
        near = nearest(name, sorted(known))
        hint = f"did you mean {near}? " if near else ""
        raise UsageError(f"no source, stage or sink is named {name!r}", remedy=f"{hint}`conduix stages` lists all")
    return found


def _schema(catalog: Catalog, entries: list[Entry] | None) -> Any:
    if entries is None:
        from conduix.spec.schema import document_schema  # noqa: PLC0415

        return document_schema(catalog)
    if len(entries) == 1:
        return entries[0].options.model_json_schema()
    return {entry.role: entry.options.model_json_schema() for entry in entries}


def _as_data(entry: Entry) -> dict[str, Any]:
    from conduix_tui.cli.options import option_rows  # noqa: PLC0415

    return {
        "type": entry.type,
        "role": entry.role,
        "aliases": list(entry.aliases),
        "summary": entry.summary,
        "guarantee": entry.guarantee,
        "extra": entry.extra,
        "installed": entry.missing is None,
        "options": [row.as_data() for row in option_rows(entry.options)],
    }


def _overview(entries: list[Entry], terminal: Terminal) -> str:
    blocks = []
    for role in _ROLES:
        rows = [(" ".join((e.type, *_in_brackets(e))), e.guarantee, e.summary) for e in entries if e.role == role]
        title = terminal.styled(f"{role}s", "bold", out=True)
        blocks.append("\n".join([title, *words.table(rows, indent=2)]))
    return "\n\n".join(blocks) + "\n\n`conduix stages NAME` shows the options of one."


def _in_brackets(entry: Entry) -> list[str]:
    notes = [", ".join(entry.aliases)] if entry.aliases else []
    if entry.missing:
        notes.append(f"needs conduix[{entry.missing}]")
    return [f"({'; '.join(notes)})"] if notes else []


def _describe(entry: Entry, terminal: Terminal) -> str:
    from conduix_tui.cli.options import option_rows  # noqa: PLC0415

    title = " ".join((terminal.styled(f"{entry.role} {entry.type}", "bold", out=True), *_in_brackets(entry)))
    lines = [title, *textwrap.wrap(entry.summary, 100, initial_indent="  ", subsequent_indent="  ")]
    if entry.guarantee:
        lines.append(f"  guarantee: {entry.guarantee}")
    for row in option_rows(entry.options):
        default = "required" if row.required else f"default {row.default_text}"
        lines += ["", f"  {terminal.styled(row.name, 'cyan', out=True)}: {row.type}, {default}"]
        lines += textwrap.wrap(row.description, 94, initial_indent="      ", subsequent_indent="      ")
        if row.examples:
            lines.append(f"      example: {row.example_text}")
    return "\n".join(lines)
