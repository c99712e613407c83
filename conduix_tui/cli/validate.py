"""`conduix validate`: every problem of documents, with its place and what to write instead."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from conduix.errors import UsageError
from conduix_tui.cli import words
from conduix_tui.cli.arguments import add_output, examples
from conduix_tui.cli.document import add_set, read_document
from conduix_tui.cli.output import emit_data
from conduix_tui.cli.terminal import Exit, Terminal

if TYPE_CHECKING:
    from conduix.spec import Loaded

DESCRIPTION = """Check documents without running them: every problem with its file, line, column and code, and what to
write instead. Nothing outside is contacted. Warnings alone leave the exit status 0."""
EXAMPLES = examples(
    "conduix validate orders.yaml",
    "conduix validate pipelines/*.yaml",
    "conduix validate orders.yaml --set source.path=other.jsonl",
    "generate-document | conduix validate - --output json",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `conduix validate`."""
    parser.add_argument("files", metavar="FILE", nargs="+", help="a document; - is standard input")
    add_set(parser)
    add_output(parser)


def execute(args: argparse.Namespace, terminal: Terminal) -> Exit:
    """Check each file; exit 2 if one of them does not validate or cannot be read."""
    from conduix.engine.catalog import default_catalog  # noqa: PLC0415 - pydantic, not for `conduix --help`
    from conduix.spec import load  # noqa: PLC0415
    from conduix_tui.cli.diagnostics import as_data, render  # noqa: PLC0415

    catalog = default_catalog()
    results: list[dict[str, Any]] = []
    failed = False
    for file in args.files:
        try:
            data, name = read_document(file, terminal)
        except UsageError as error:
            terminal.fail(error)
            failed = True
            continue
        loaded = load(data, file=name, catalog=catalog, env=terminal.env, overrides=args.settings)
        failed |= loaded.spec is None
        found = [as_data(each) for each in loaded.diagnostics]
        results.append({"file": name, "valid": loaded.spec is not None, "diagnostics": found})
        if args.output == "text":
            if found:
                terminal.emit(render(loaded.diagnostics, name, data, terminal, out=True))
            terminal.emit(_verdict(name, loaded, terminal))
    if args.output != "text":
        emit_data(terminal, results, args.output)
    return Exit.USAGE if failed else Exit.DONE


def _verdict(name: str, loaded: Loaded, terminal: Terminal) -> str:
    if loaded.spec is None:
        return f"{name}: {terminal.styled(words.plural(len(loaded.errors), 'error'), 'red', out=True)}"
    shape = ", ".join(words.plural(len(loaded.spec.role(role)), role) for role in ("source", "stage", "sink"))
    return f"{name}: {terminal.styled('valid', 'green', out=True)}, {loaded.spec.mode}, {shape}"
