"""`conduix explain`: how a document will run: normal form, actors, shards, guarantee."""

from __future__ import annotations

import argparse

from conduix_tui.cli.arguments import add_output, examples
from conduix_tui.cli.document import add_document, load_document
from conduix_tui.cli.output import emit_data
from conduix_tui.cli.terminal import Exit, Terminal

DESCRIPTION = """Show what a document means: the normal form that every dialect loads into, which stages are fused
into which actor, how its sources are cut into shards, and the guarantee with its weakest link. Nothing is run."""
EXAMPLES = examples(
    "conduix explain orders.yaml",
    "conduix explain orders.yaml --output json | jq .guarantee",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `conduix explain`."""
    add_document(parser)
    add_output(parser)


def execute(args: argparse.Namespace, terminal: Terminal) -> Exit:
    """Print the explanation."""
    from conduix.engine.catalog import default_catalog  # noqa: PLC0415 - the engine, not for `conduix --help`
    from conduix_tui.cli.explanation import Explanation  # noqa: PLC0415

    catalog = default_catalog()
    explanation = Explanation.of(load_document(args.file, terminal, catalog, args.settings), catalog)
    if args.output == "text":
        terminal.emit("\n".join(explanation.lines(terminal)))
    else:
        emit_data(terminal, explanation.as_data(), args.output)
    return Exit.DONE
